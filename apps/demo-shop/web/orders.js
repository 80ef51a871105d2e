import { byId, h, keyed, money, ships } from './dom.js';
import { pill } from './storefront.js';

const STATES = ['unconfirmed', 'confirmed', 'paid', 'shipped', 'received', 'cancelled'];

export function showOrders({ orders, states, products, brokerDoor, fleet }) {
  byId('legend-shipping').hidden = !ships(fleet);
  const names = new Map(products.map(({ sku, name }) => [sku, name]));
  byId('no-orders').hidden = orders.length > 0;
  const counted = STATES.filter((state) => states[state] !== undefined);
  byId('states').replaceChildren(
    ...counted.map((state) => h('li', {}, pill(state), h('b', {}, String(states[state])))),
  );
  const rows = orders.map((order) => ({ ...order, product: names.get(order.sku) ?? order.sku, brokerDoor }));
  keyed(byId('orders'), rows, (order) => order.orderId, row);
}

function row(order) {
  const { orderId, customer, product, quantity, total, state, note } = order;
  return h(
    'details',
    { class: 'order', 'data-order': orderId, 'data-state': state },
    h(
      'summary',
      {},
      h('code', {}, orderId.slice(0, 8)),
      h(
        'span',
        { class: 'what' },
        `${quantity} × ${product}`,
        h('small', {}, ` for ${customer}, ${money(total)}`),
      ),
      h('span', { class: 'state' }, pill(state), note === null ? null : h('small', {}, note)),
      h('span', { class: 'way', 'aria-label': 'the way it took' }, way(order)),
    ),
    steps(order),
  );
}

function way(order) {
  return order.way.map(({ service, effect }) => {
    return h('span', { class: 'step', 'data-service': service, title: `${service}: ${effect}` }, effect);
  });
}

function steps({ orderId, way, placedAt, expiresAt, brokerDoor }) {
  const begun = Date.parse(placedAt);
  const lines = way.map(({ service, effect, at, messageId }) => {
    // shipping answers with a plain message: there is no transaction behind it
    const isPlain = service === 'order' && effect === 'shipped';
    const where = isPlain ? `messages/${messageId}?topic=shop-order-shipped` : `transactions/${messageId}`;
    return h(
      'tr',
      {},
      h('td', { class: 'num' }, `+${Math.max(0, Date.parse(at) - begun)} ms`),
      h('td', {}, h('span', { class: 'step', 'data-service': service }, service)),
      h('td', {}, effect),
      h('td', {}, because(messageId, brokerDoor, where)),
    );
  });
  const head = h(
    'tr',
    {},
    ...['after', 'service', 'did', 'because of message'].map((name) => h('th', {}, name)),
  );
  return h(
    'div',
    { class: 'steps' },
    h('table', {}, h('thead', {}, head), h('tbody', {}, lines)),
    h(
      'p',
      {},
      `Placed ${new Date(placedAt).toLocaleTimeString()}, cancelled unless paid by ${new Date(expiresAt).toLocaleTimeString()}. `,
      brokerDoor === null
        ? null
        : link(
            `${brokerDoor}/v1/transactions?key=${orderId}&state=committed`,
            'Its transactions, as the broker has them',
          ),
    ),
  );
}

/** The message that caused a step; behind it the history of the transaction that sent it, or itself. */
function because(messageId, brokerDoor, where) {
  const id = h('code', {}, messageId ?? 'called by its customer');
  return messageId === null || brokerDoor === null ? id : link(`${brokerDoor}/v1/${where}`, id);
}

function link(href, content) {
  return h('a', { href, target: '_blank', rel: 'noopener' }, content);
}
