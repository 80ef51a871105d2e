/** What a store process (store-process.ts) does, and how tests and benches outside of the store open and fill one. */
import { writeSync } from 'node:fs';
import { silentLog, systemClock } from '@halfmq/remoting/record';
import type { MessageStore, NewMessage, StoreOptions } from '@halfmq/store';

const HOST = { address: Buffer.from([127, 0, 0, 1]), port: 10911 };
export const TOPIC = 'work';
export const FINAL_TOPIC = 'final';

export function workOptions(path: string, more: Partial<StoreOptions> = {}): StoreOptions {
  return {
    path,
    clock: systemClock,
    log: silentLog,
    clusterName: 'DefaultCluster',
    brokerName: 'broker-a',
    storeHost: HOST,
    flush: 'ASYNC_FLUSH',
    flushIntervalMs: 500,
    segmentBytes: 2 * 1024 * 1024,
    retentionMs: 3_600_000,
    firstCheckAfterMs: () => 6000,
    ...more,
  };
}

/** A folder as a broker with defaults has it: large segments, three days. */
export const asUsual = (path: string): StoreOptions =>
  workOptions(path, { segmentBytes: 256 * 1024 * 1024, retentionMs: 72 * 3_600_000 });

export function workMessage(
  topic: string,
  queueId: number,
  body: string | Buffer,
  properties = '',
): NewMessage {
  return {
    topic,
    queueId,
    flag: 0,
    sysFlag: 0,
    bornTimestamp: 0,
    bornHost: HOST,
    reconsumeTimes: 0,
    preparedTransactionOffset: 0,
    body: typeof body === 'string' ? Buffer.from(body) : body,
    properties,
  };
}

export const say = (line: string): void => void writeSync(1, `${line}\n`);

/** See store-process.ts for the lines it prints. */
export class Work {
  private turn = 0;
  private readonly mine = process.pid;

  constructor(private readonly store: MessageStore) {}

  go(): void {
    this.turn++;
    this.appendSome();
    this.prepareAndDecide();
    this.delayAndDeliver();
    setImmediate(() => this.go());
  }

  private appendSome(): void {
    for (let each = 0; each < 4; each++) {
      const queueId = (this.turn + each) % 3;
      const body = `${this.mine}-${this.turn}-${each}-${'x'.repeat((this.turn * 37) % 900)}`;
      const [place] = this.store.append([workMessage(TOPIC, queueId, body)], (error) => {
        if (!error) say(`stored ${queueId} ${place?.queueOffset} ${body}`);
      });
    }
  }

  private prepareAndDecide(): void {
    const { store } = this;
    const properties = `PGROUP\u0001group\u0002REAL_TOPIC\u0001${FINAL_TOPIC}\u0002`;
    const [half] = store.append([workMessage('RMQ_SYS_TRANS_HALF_TOPIC', 0, 'half', properties)], () => {
      const halfOffset = half?.queueOffset ?? -1;
      say(`half ${halfOffset}`);
      const kind = halfOffset % 3 === 0 ? 'rollback' : 'commit';
      if (halfOffset % 5 === 4) return;
      const final = workMessage(FINAL_TOPIC, 0, `final ${halfOffset}`);
      const finalOf = kind === 'commit' ? () => final : undefined;
      store.halves.decide(halfOffset, { kind, by: 'producer', at: systemClock.now() }, finalOf, (error) => {
        if (!error) say(`decided ${halfOffset} ${kind}`);
      });
    });
  }

  private delayAndDeliver(): void {
    const { store } = this;
    const body = `delayed ${this.mine}-${this.turn}`;
    store.delayed.schedule(workMessage('rmq_sys_wheel_timer', 0, body), systemClock.now(), () =>
      say(`waits ${body}`),
    );
    for (const due of store.delayed.due(systemClock.now(), 2)) {
      const record = store.recordAt(due.physicalOffset);
      if (!record) continue;
      const text = /delayed [\d-]+/.exec(record.toString('latin1'))?.[0] ?? '';
      store.delayed.deliver(due, [workMessage(FINAL_TOPIC, 1, text)], () => say(`delivered ${text}`));
    }
  }
}
