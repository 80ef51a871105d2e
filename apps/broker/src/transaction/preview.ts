import {
  previewCheck,
  previewCheckResponse,
  RemotingError,
  ResponseCode,
  type Command,
} from '@halfmq/remoting';
import type { Ask } from './ask.js';
import { nameOf } from './check-history.js';
import type { KnownTransaction } from './known-transactions.js';

/** What a producer would answer to a check; `none`: nobody can say without being asked in earnest. */
export interface Previewed {
  readonly state: 'commit' | 'rollback' | 'unknown' | 'none';
  /** who says so */
  readonly from?: string | undefined;
  readonly reason?: string | undefined;
}

const PATIENCE_MS = 3_000;
const NO_ROW = 'its database has no row of it: a check would write down that it is rolled back';
const STATES: readonly string[] = ['commit', 'rollback', 'unknown', 'none'];

/** Looks at what the database of a producer says, by HALFMQ_PREVIEW_CHECK: nothing is written, there or here. */
export class Preview {
  constructor(private readonly ask: Ask) {}

  async of({ state, first, group }: KnownTransaction): Promise<Previewed> {
    if (state !== 'pending' && state !== 'parked') return none('it is decided: read its verdict');
    const half = { ...first, state, checks: first.checks ?? 0, nextCheckAt: first.nextCheckAt ?? 0 };
    if (half.byUrl) return none('it is asked over HTTP, and there a question may decide: use check');
    const [channel] = this.ask.whoCanAnswer(group, first.topic);
    if (!channel)
      return none(`no producer of group ${group} that can answer for ${first.topic} is connected`);
    const words = this.ask.words(half);
    if (!words) return none('its half message cannot be read');
    const { clientId, connection } = channel;
    const from = nameOf({ clientId, address: connection.remoteAddress });
    try {
      const { header, body } = words;
      const answer = await connection.request(previewCheck, header, body, { timeoutMs: PATIENCE_MS });
      return previewed(answer, from);
    } catch (error) {
      if (!(error instanceof RemotingError)) throw error;
      return { ...none(`it did not answer: ${error.message}`), from };
    }
  }
}

function previewed({ code, remark, extFields = {} }: Command, from: string): Previewed {
  if (code === ResponseCode.REQUEST_CODE_NOT_SUPPORTED) {
    return { ...none('its producer is no client of HalfMQ: RocketMQ has no preview'), from };
  }
  if (code !== ResponseCode.SUCCESS)
    return { ...none(`it answered ${code}: ${remark ?? 'without a reason'}`), from };
  const { state } = previewCheckResponse.decode(extFields);
  if (!STATES.includes(state)) return { ...none(`it answered ${state}`), from };
  const reason = remark || (state === 'none' ? NO_ROW : undefined);
  return { state: state as Previewed['state'], from, reason };
}

function none(reason: string): Previewed {
  return { state: 'none', reason };
}
