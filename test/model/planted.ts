import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EndTransactionHeader } from '@halfmq/remoting';
import type { SentHalf } from '../kit/wire-client.js';
import {
  BrokerUnderTest,
  FLAG,
  type Asked,
  type EndAnswer,
  type Flying,
  type PreparedHalf,
} from './broker-under-test.js';
import { live } from './lives.js';
import type { Shares } from './steps.js';

/*
 * Brokers with a mistake: real ones, with something wrong between them and their clients. A check that finds nothing
 * proves nothing.
 */

class AgreesWithEverybody extends BrokerUnderTest {
  override async end(by: number, header: EndTransactionHeader): Promise<EndAnswer> {
    const answer = await super.end(by, header);
    return answer.code === 200 || answer.code === 201 ? { ...answer, code: 0 } : answer;
  }
}

class NamesAnotherVerdict extends BrokerUnderTest {
  override async end(by: number, header: EndTransactionHeader): Promise<EndAnswer> {
    const answer = await super.end(by, header);
    return { ...answer, remark: answer.remark.replace('an answer to a check', 'its producer') };
  }
}

class DeliversTwice extends BrokerUnderTest {
  private readonly prepared = new Map<number, PreparedHalf>();

  override async prepare(producer: number, half: PreparedHalf): Promise<SentHalf> {
    const sent = await super.prepare(producer, half);
    this.prepared.set(sent.halfOffset, half);
    return sent;
  }

  override async end(by: number, header: EndTransactionHeader): Promise<EndAnswer> {
    const answer = await super.end(by, header);
    const half = this.prepared.get(header.tranStateTableOffset);
    if (half && answer.code === 0 && header.commitOrRollback === FLAG.commit) await this.send(half);
    return answer;
  }
}

class ShowsHalfMessages extends BrokerUnderTest {
  override async prepare(producer: number, half: PreparedHalf): Promise<SentHalf> {
    await this.send(half);
    return super.prepare(producer, half);
  }
}

class IgnoresOneWayVerdicts extends BrokerUnderTest {
  override async sayEnd(): Promise<void> {}
}

class DecidesEachHalfAlone extends BrokerUnderTest {
  override prepare(producer: number, half: PreparedHalf): Promise<SentHalf> {
    const { HALFMQ_TX: _, ...properties } = half.properties;
    return super.prepare(producer, { ...half, properties });
  }
}

class ForgetsWhatItWasTold extends BrokerUnderTest {
  private earlier: string | undefined;

  /** The first time it only keeps what there is, the next time it begins with that. */
  override async restart(): Promise<void> {
    await super.restart(async (folder) => {
      const { earlier } = this;
      if (earlier === undefined) {
        this.earlier = await mkdtemp(join(tmpdir(), 'halfmq-broker-'));
        await cp(folder, this.earlier, { recursive: true });
        return;
      }
      await rm(folder, { recursive: true });
      await cp(earlier, folder, { recursive: true });
    });
  }

  override async close(): Promise<void> {
    await super.close();
    if (this.earlier !== undefined) await rm(this.earlier, { recursive: true });
  }
}

class AnswersBeforeItStores extends BrokerUnderTest {
  override async kill(flying: readonly Flying[]): Promise<(number | undefined)[]> {
    await super.kill([], 0);
    return flying.map(() => 0);
  }
}

class AsksAtOnce extends BrokerUnderTest {
  override prepare(producer: number, half: PreparedHalf): Promise<SentHalf> {
    const properties = { ...half.properties, CHECK_IMMUNITY_TIME_IN_SECONDS: '0' };
    return super.prepare(producer, { ...half, properties });
  }
}

class AsksAnybody extends BrokerUnderTest {
  override connect(producer: number): Promise<void> {
    return super.connect(producer, ['*']);
  }
}

class LosesChecks extends BrokerUnderTest {
  override async advance(ms: number): Promise<Asked[]> {
    return (await super.advance(ms)).slice(1);
  }
}

class ResumesNothing extends BrokerUnderTest {
  override async resume(copy: number): Promise<number> {
    const { records } = await this.parkedCopy(copy);
    return records.length === 0 ? 1 : 0;
  }
}

interface Plant {
  readonly name: string;
  readonly start: () => Promise<BrokerUnderTest>;
  /** where what shows it is rare */
  readonly shares?: Partial<Shares>;
}

export const PLANTS: readonly Plant[] = [
  {
    name: 'a second, opposite verdict that is answered with success',
    start: () => AgreesWithEverybody.start(),
  },
  { name: 'a refusal that names another verdict than the first', start: () => NamesAnotherVerdict.start() },
  { name: 'a message that is delivered twice', start: () => DeliversTwice.start() },
  { name: 'a half message that consumers see', start: () => ShowsHalfMessages.start() },
  { name: 'a one-way verdict that is not heard', start: () => IgnoresOneWayVerdicts.start() },
  {
    name: 'a verdict on one half that leaves the others undecided',
    start: () => DecidesEachHalfAlone.start(),
  },
  {
    name: 'a restart that forgets verdicts',
    start: () => ForgetsWhatItWasTold.start(),
    shares: { restart: 60, kill: 0 },
  },
  {
    name: 'a verdict that is answered and lost in a kill',
    start: () => AnswersBeforeItStores.start(),
    shares: { restart: 0, kill: 60 },
  },
  { name: 'a check before its time', start: () => AsksAtOnce.start() },
  { name: 'a check to a producer that is known for other topics', start: () => AsksAnybody.start() },
  { name: 'a check that is counted and not asked', start: () => LosesChecks.start() },
  { name: 'a resumed half message that stays parked', start: () => ResumesNothing.start() },
];

const MOST_LIVES = 20;

/** @returns what was found wrong first; undefined: nothing, in all its lives */
export async function findPlanted({ start, shares }: Plant, seed: number): Promise<string | undefined> {
  for (let life = 0; life < MOST_LIVES; life++) {
    const options = { start, most: 300, shrink: false, ...(shares && { shares }) };
    const { failure } = await live(seed + life, options);
    if (failure) return failure.message;
  }
  return undefined;
}
