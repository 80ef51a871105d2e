import { byId, call, h, keyed, money, ships } from './dom.js';
import { picture } from './pictures.js';

/** The way of an order that goes well, as its customer sees it. */
const MILESTONES = [
  ['order', 'placed'],
  ['stock', 'reserved'],
  ['order', 'confirmed'],
  ['payment', 'captured'],
  ['order', 'paid'],
  ['stock', 'sold'],
];
/** Where there is a shipping service. */
const SHIPPED = ['order', 'shipped'];

let chosen = 'lamp';
let products = [];
let milestones = MILESTONES;
/** The order this visitor placed last. */
let mine;

export function startStorefront() {
  const form = byId('checkout');
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void placeOrder(form);
  });
  for (const button of form.querySelectorAll('[data-step]')) {
    button.addEventListener('click', () => {
      form.elements.quantity.value = String(Math.max(1, pieces(form) + Number(button.dataset.step)));
      showPrice();
    });
  }
  form.elements.quantity.addEventListener('input', showPrice);
}

export function showStorefront(picture) {
  products = picture.products;
  milestones = ships(picture.fleet) ? [...MILESTONES, SHIPPED] : MILESTONES;
  drawShelf();
  const order = picture.orders.find(({ orderId }) => orderId === mine?.orderId);
  if (order !== undefined) mine = order;
  if (mine?.way !== undefined) byId('yours').replaceChildren(...yours(mine));
}

function drawShelf() {
  const shown = products.map((product) => ({ ...product, chosen: product.sku === chosen }));
  keyed(byId('shelf'), shown, (product) => product.sku, card);
  showPrice();
}

function card(product) {
  const { sku, name, note, price, onHand } = product;
  const stock = onHand === 0 ? 'sold out' : onHand <= 20 ? `${onHand} left` : 'in stock';
  const choose = () => {
    chosen = sku;
    drawShelf();
    byId('shelf').querySelector(`[data-key="${sku}"]`).focus();
  };
  return h(
    'button',
    {
      class: 'card',
      type: 'button',
      role: 'radio',
      'aria-checked': String(product.chosen),
      'data-sku': sku,
      onclick: choose,
    },
    h('span', { class: 'picture' }, picture(sku)),
    h('span', { class: 'card-name' }, name),
    h('span', { class: 'card-note' }, note),
    h(
      'span',
      { class: 'card-foot' },
      h('b', {}, money(price)),
      h('span', { class: onHand <= 20 ? 'few' : 'stock' }, stock),
    ),
  );
}

const pieces = (form) => Math.trunc(Number(form.elements.quantity.value)) || 1;

function showPrice() {
  const product = products.find(({ sku }) => sku === chosen);
  if (product !== undefined)
    byId('buy').textContent = `Place order · ${money(product.price * pieces(byId('checkout')))}`;
}

async function placeOrder(form) {
  const button = byId('buy');
  button.disabled = true;
  answer('waiting', 'Placing your order …');
  try {
    const quantity = Number(form.elements.quantity.value);
    const { orderId } = await call('POST', '/api/orders', {
      sku: chosen,
      quantity,
      customer: form.elements.customer.value,
    });
    mine = { orderId };
    byId('yours').hidden = false;
    byId('yours').replaceChildren(h('p', {}, 'On its way …'));
    answer('good', `Order ${orderId.slice(0, 8)} is placed.`);
  } catch (error) {
    if (error.title !== undefined) answer('bad', `${error.title}. ${error.message}`);
    else
      answer(
        'bad',
        'The order service died before it could answer. The list of orders shows whether you ordered.',
      );
  } finally {
    button.disabled = false;
  }
}

function answer(kind, text) {
  const place = byId('answer');
  place.hidden = false;
  place.dataset.kind = kind;
  place.textContent = text;
}

function yours(order) {
  const reached = new Map(order.way.map((step) => [`${step.service} ${step.effect}`, step]));
  const cancelled = order.state === 'cancelled';
  const begun = Date.parse(order.placedAt);
  const steps = milestones.map(([service, effect]) => {
    const step = reached.get(`${service} ${effect}`);
    const after = step === undefined ? '' : `${Math.max(0, Date.parse(step.at) - begun)} ms`;
    const state = step !== undefined ? 'done' : cancelled ? 'never' : 'open';
    return h(
      'li',
      { 'data-service': service, 'data-state': state },
      h('i'),
      h('b', {}, effect),
      h('small', {}, after),
    );
  });
  const note = order.note === null ? '' : ` – ${order.note}`;
  return [
    h(
      'p',
      {},
      h('span', {}, `Your order ${order.orderId.slice(0, 8)} `),
      pill(order.state),
      h('span', { class: 'note' }, note),
    ),
    h('ol', { class: 'milestones' }, steps),
  ];
}

export function pill(state) {
  return h('span', { class: 'pill', 'data-state': state }, state);
}
