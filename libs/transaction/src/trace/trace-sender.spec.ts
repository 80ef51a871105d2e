import { describe, expect, it } from '@jest/globals';
import { ManualClock, silentLog } from '@halfmq/remoting';
import type { OutgoingMessage } from '../message.js';
import { TraceSender } from './trace-sender.js';

describe('traces on their way', () => {
  /** Records, of how many messages that were sent, and what ends the sends. */
  function begun() {
    const [sent, ends, said]: [OutgoingMessage[], (() => void)[], string[]] = [[], [], []];
    const log = { ...silentLog, warn: (message: string): void => void said.push(message) };
    const sender = new TraceSender(new ManualClock(), log, 'traces', (message) => {
      sent.push(message);
      return new Promise<void>((resolve) => ends.push(resolve));
    });
    const add = (count: number): void => {
      for (let n = 0; n < count; n++) sender.add({ topic: 't', text: 'x', found: [String(n)] });
    };
    const records = (): number => sent.reduce((sum, { body }) => sum + String(body).length, 0);
    return { sender, add, records, said, end: () => ends.splice(0).forEach((end) => end()) };
  }

  it('are kept up to a limit while a broker does not take them, and told to be lost beyond', async () => {
    const { sender, add, records, said, end } = begun();
    add(10_000);
    expect(records()).toBeLessThanOrEqual(2_048);
    expect(said).toEqual(['traces come faster than they can be sent: some are lost']);
    end();
    await new Promise(setImmediate);
    const before = records();
    add(10);
    expect(records()).toBe(before + 10);
    end();
    const closed = sender.close();
    end();
    await closed;
  });
});
