import { byId, call, h, keyed } from './dom.js';

export function startBoard() {
  byId('anew').addEventListener('click', () => void call('POST', '/api/invariants/count-anew'));
}

export function showBoard({ invariants }) {
  const broken = invariants.filter(({ holds }) => !holds).length;
  const settling = invariants.reduce((sum, finding) => sum + finding.settling, 0);
  const verdict = byId('verdict');
  verdict.dataset.kind = broken > 0 ? 'red' : settling > 0 ? 'busy' : 'green';
  verdict.replaceChildren(
    broken > 0 ? `${broken} of ${invariants.length} broken` : `all ${invariants.length} hold`,
    h('span', { class: 'wide' }, broken === 0 && settling > 0 ? ', messages in flight' : ''),
  );
  document.title = `${broken > 0 ? '✗' : '✓'} Hearth & Half – a shop on HalfMQ`;
  keyed(byId('invariants'), invariants, ({ name }) => name, line);
}

function line({ name, title, holds, settling, detail, sql }) {
  return h(
    'details',
    {
      class: 'invariant',
      'data-name': name,
      'data-holds': String(holds),
      'data-settling': settling > 0 ? 'true' : null,
    },
    h(
      'summary',
      {},
      h('i', { 'aria-label': holds ? 'holds' : 'broken' }),
      h('b', {}, title),
      h('small', {}, detail),
    ),
    h('pre', {}, sql),
  );
}
