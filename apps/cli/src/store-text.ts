import { basename } from 'node:path';
import type {
  Condition,
  Findings,
  RebuildReport,
  SegmentReport,
  StateReport,
  StoreReport,
} from '@halfmq/store/tools';
import { columns, counted, facts, grouped, size } from './columns.js';

const CONDITION: Readonly<Record<Condition, string>> = {
  running: 'in use',
  clean: 'closed in good order',
  killed: 'not in use; whoever had it was killed, and the next start goes on where it was',
  'power-loss':
    'not in use; the machine went down with it, and the next start makes whole again what was not synced',
};

export function inspectText(report: StoreReport): string {
  const { segments, queues, state } = report;
  const bytes = segments.reduce((sum, segment) => sum + segment.bytes, 0);
  const holder = report.holder === undefined ? '' : ` by process ${report.holder}`;
  const about = facts({
    store: `${report.path} (format ${report.format}, id ${report.storeId})`,
    broker: `${report.brokerName} in ${report.clusterName}`,
    condition: `${CONDITION[report.condition]}${holder}`,
    log: `${counted(segments.length, 'segment')}, ${size(bytes)}${offsets(segments)}`,
    state: stateText(state),
  });
  if (segments.length === 0) {
    return `${about}\n\nno segment is here; when storePathCommitLog names another folder, give it by --log`;
  }
  const tables = [
    columns(
      ['segment', 'state', 'size', 'from', 'to', 'begun', 'keys'],
      segments.map((segment) => segmentRow(segment)),
    ),
    report.condition === 'power-loss'
      ? 'queues: known again after the next start'
      : columns(
          ['topic', 'queue', 'number', 'min offset', 'max offset', 'messages'],
          queues.map(({ topic, queueId, number, minOffset, maxOffset }) => {
            return [topic, queueId, number, minOffset, maxOffset, maxOffset - minOffset];
          }),
        ),
  ];
  return [about, ...tables].join('\n\n');
}

function stateText(state: StateReport | undefined): string {
  if (!state) return 'none: the next start makes it from the log';
  if (state.damaged) return 'damaged: the next start makes it again from the log';
  const halves = counted(state.undecidedHalves, 'undecided half message');
  return `applied up to ${grouped(state.appliedOffset)}, ${size(state.bytes)}; ${halves}, ${grouped(state.delayed)} delayed, ${counted(state.settings, 'setting')}`;
}

export function rebuiltText(report: RebuildReport): string {
  const restored = [
    counted(report.topics, 'topic'),
    counted(report.groups, 'group'),
    counted(report.pendingHalves, 'pending half message'),
    `${grouped(report.parkedHalves)} parked`,
    `${grouped(report.delayed)} delayed`,
  ];
  return [
    `the state is made again from ${counted(report.records, 'record')}: ${restored.join(', ')}`,
    'not restored, for the log does not hold it:',
    ...report.notRestored.map((sentence) => `  ${sentence}`),
  ].join('\n');
}

function offsets(segments: readonly SegmentReport[]): string {
  const base = segments[0]?.base;
  const end = segments.findLast((segment) => segment.end !== undefined)?.end;
  return base === undefined || end === undefined
    ? ''
    : `, physical offsets ${grouped(base)} to ${grouped(end)}`;
}

function segmentRow({ file, state, bytes, base, end, createdAt, keyBytes }: SegmentReport): string[] {
  const number = (value: number | undefined): string => (value === undefined ? '' : grouped(value));
  return [
    basename(file),
    state,
    size(bytes),
    number(base),
    number(end),
    createdAt ? new Date(createdAt).toISOString() : '',
    keyBytes === undefined ? '' : size(keyBytes),
  ];
}

export function verifyText(found: Findings): string {
  const { damage, damageCount, notes } = found;
  const read = `${counted(found.segments, 'segment')}, ${counted(found.blocks, 'block')}, ${counted(found.records, 'record')} (${size(found.recordBytes)}), ${counted(found.indexEntries, 'index entry').replace(/entrys$/, 'entries')}, ${counted(found.keyFiles, 'key file')}`;
  const lines = damage.map(
    ({ file, physicalOffset, what }) =>
      `damaged  ${basename(file)}${physicalOffset === undefined ? '' : ` at ${physicalOffset}`}: ${what}`,
  );
  if (damageCount > damage.length) lines.push(`and ${grouped(damageCount - damage.length)} more`);
  return [
    ...notes.map((note) => `note     ${note}`),
    ...lines,
    `read     ${read}`,
    damageCount === 0
      ? 'all of it is as it was written'
      : `${counted(damageCount, 'damage').replace(/damages$/, 'places are damaged')}, the first one above; everything else can still be served`,
  ].join('\n');
}

/** How far a long work is: over itself on a terminal, a line each tenth elsewhere. */
export class ProgressLine {
  private shown = 0;

  constructor(private readonly to: NodeJS.WriteStream) {}

  show(done: number, total: number): void {
    const percent = total === 0 ? 100 : Math.floor((done / total) * 100);
    const step = this.to.isTTY ? 1 : 10;
    if (percent < this.shown + step) return;
    this.shown = percent - (percent % step);
    const text = `${String(this.shown).padStart(3)} % of ${size(total)}`;
    this.to.write(this.to.isTTY ? `\r${text}` : `${text}\n`);
  }

  end(): void {
    if (this.to.isTTY && this.shown > 0) this.to.write('\r\u001b[K');
  }
}
