import { byId, call, h, keyed } from './dom.js';

/** They take no part in transactions. */
const KILLED_AT_ONCE = ['shipping', 'name server', 'PostgreSQL'];
const TARGETS = ['broker', 'order', 'payment', 'stock', ...KILLED_AT_ONCE];
/** Where it dies: in the API's word, on the button, in a sentence. */
const MOMENTS = [
  ['now', 'kill now', 'now'],
  ['after-half', 'after half', 'after its half message, before its database commit'],
  ['after-commit', 'after commit', 'after its database commit, before the broker hears of it'],
];
/** In plain mode there is no half message; the same point lies just before the commit. */
const PLAIN = { 'after-half': ['before commit', 'before its database commit'] };
const NOTES = {
  plain:
    'Plain: a service saves, then sends, as most do today. A death in between loses the message, a repeated message acts twice.',
  transactional:
    'Transactional: rows and messages are one act. After a death the broker asks, and the library answers from the database.',
};

export function startChaos() {
  for (const mode of ['plain', 'transactional']) {
    byId(`mode-${mode}`).addEventListener(
      'click',
      () => void attempt(() => call('PUT', '/api/mode', { mode })),
    );
  }
  byId('delivery').addEventListener('change', () => void attempt(setDelivery));
  byId('storm').addEventListener('submit', (event) => {
    event.preventDefault();
    const { seconds, every } = event.currentTarget.elements;
    const wish = { seconds: Number(seconds.value), everyMs: Math.round(Number(every.value) * 1000) };
    void attempt(() => call('POST', '/api/storm', wish));
  });
  const form = byId('load');
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const { orders, perSecond } = form.elements;
    void attempt(() =>
      call('POST', '/api/load', { orders: Number(orders.value), perSecond: Number(perSecond.value) }),
    );
  });
}

function setDelivery() {
  const { twice, disorder, delayMs } = byId('delivery').elements;
  const delivery = { twice: twice.checked, disorder: disorder.checked, delayMs: Number(delayMs.value) };
  return call('PUT', '/api/delivery', delivery);
}

/** Says on the page what was refused. */
async function attempt(work) {
  try {
    await work();
  } catch (error) {
    byId('events').prepend(h('li', { class: 'refusal' }, error.message));
  }
}

export function showChaos({ at, mode, fleet, tallies }) {
  for (const one of ['plain', 'transactional'])
    byId(`mode-${one}`).setAttribute('aria-checked', String(one === mode));
  document.body.dataset.mode = mode;
  byId('mode-note').textContent = NOTES[mode];
  if (fleet === undefined || fleet === null) return;
  const rows = TARGETS.map((target) => {
    const process = fleet.processes.find(({ name }) => name === target);
    const armed = fleet.armed.filter((shot) => shot.target === target).map(({ at }) => at);
    return {
      target,
      mode,
      state: process?.state ?? 'elsewhere',
      pid: process?.pid,
      restarts: process?.restarts ?? 0,
      armed,
    };
  });
  keyed(byId('targets'), rows, ({ target }) => target, targetRow);
  showLoad(fleet.load);
  showDelivery(fleet.delivery);
  showStorm(fleet.storm, at);
  showTallies(tallies, mode);
  const latest = fleet.events.slice(-7).reverse();
  keyed(
    byId('events'),
    latest,
    ({ at, line }) => `${at} ${line}`,
    ({ at, line }) => {
      return h('li', {}, h('time', {}, new Date(at).toLocaleTimeString()), line);
    },
  );
}

function targetRow({ target, mode, state, pid, restarts, armed }) {
  const moments = KILLED_AT_ONCE.includes(target) ? MOMENTS.slice(0, 1) : MOMENTS;
  const buttons = moments.map(([at, ...words]) => {
    const [label, says] = (mode === 'plain' && PLAIN[at]) || words;
    return h(
      'button',
      {
        type: 'button',
        'data-target': target,
        'data-at': at,
        'data-armed': armed.includes(at),
        disabled: state !== 'running',
        title: `kill -9 the ${target}, ${says}`,
        onclick: () => void attempt(() => call('POST', '/api/chaos', { target, at })),
      },
      armed.includes(at) ? 'armed …' : label,
    );
  });
  const deaths = restarts === 0 ? '' : ` · died ${restarts}×`;
  return h(
    'div',
    { class: 'target', 'data-state': state },
    h(
      'span',
      { class: 'who' },
      h('i'),
      h('b', {}, target),
      h('small', {}, `${state === 'running' ? `pid ${pid}` : state}${deaths}`),
    ),
    h('span', { class: 'shots' }, buttons),
  );
}

/** What somebody is changing at this moment stays as it is. */
function showDelivery({ twice, disorder, delayMs }) {
  const form = byId('delivery');
  if (form.contains(document.activeElement)) return;
  form.elements.twice.checked = twice;
  form.elements.disorder.checked = disorder;
  form.elements.delayMs.value = String(delayMs);
}

function showStorm(storm, now) {
  const view = byId('storm-view');
  view.hidden = storm === null;
  if (storm === null) return;
  const left = Math.max(0, Math.round((storm.endsAt - now) / 1000));
  view.textContent = storm.running ? `${storm.kills} kills, ${left} s to go` : `${storm.kills} kills, over`;
}

function showTallies(tallies, mode) {
  keyed(
    byId('tallies'),
    tallies.map((tally) => ({ ...tally, now: tally.mode === mode })),
    (tally) => tally.mode,
    ({ mode: name, orders, lost, doubled, differing, now }) =>
      h(
        'tr',
        { 'data-mode': name, 'data-now': now },
        h('th', { scope: 'row' }, name),
        ...[orders, lost, doubled, differing].map((count, column) =>
          h('td', { 'data-bad': column > 0 && count > 0 }, String(count)),
        ),
      ),
  );
}

function showLoad(load) {
  const view = byId('load-view');
  view.hidden = load === null;
  if (load === null) return;
  const { wanted, placed, refused, lost, running } = load;
  const share = (part) => `width:${(100 * part) / wanted}%`;
  view.replaceChildren(
    h(
      'div',
      { class: 'bar' },
      h('i', { class: 'placed', style: share(placed) }),
      h('i', { class: 'refused', style: share(refused) }),
      h('i', { class: 'lost', style: share(lost) }),
    ),
    h(
      'small',
      {},
      `${placed} placed, ${refused} refused, ${lost} without an answer, of ${wanted}${running ? ' …' : ''}`,
    ),
  );
}
