import { notApplicable, type Finding } from './finding.js';
import { grows } from './growth.js';
import { killed } from './killed.js';
import {
  late,
  lateRollback,
  manyVerdicts,
  parkedThenDecided,
  resumed,
  slowTransaction,
} from './late-verdicts.js';
import type { Target } from './target.js';
import { away, clocks, immunity, otherTopics, restarted } from './who-is-asked.js';

export interface Case {
  readonly number: number;
  readonly name: string;
  readonly run: (target: Target) => Promise<Finding>;
  /** nothing else is done to the broker meanwhile */
  readonly alone?: boolean;
}

const inside = (why: string) => (): Promise<Finding> => Promise.resolve(notApplicable(why));

/** The hard cases of transactions, by their numbers. */
export const CASES: readonly Case[] = [
  { number: 1, name: 'a commit arrives after a check has committed', run: late },
  { number: 2, name: 'a commit arrives after a check said rollback', run: lateRollback },
  { number: 3, name: 'the local transaction outlasts several checks, then commits', run: slowTransaction },
  { number: 4, name: 'a verdict after the last check', run: parkedThenDecided },
  { number: 5, name: "the producer's clock is hours off", run: clocks, alone: true },
  { number: 6, name: 'two producers of one group, each for another topic', run: otherTopics },
  { number: 7, name: 'an immunity time longer than all checks take', run: immunity },
  { number: 8, name: 'half messages that nobody resolves', run: grows, alone: true },
  { number: 9, name: 'a damaged half message', run: inside('needs a hand in the store’s files') },
  { number: 10, name: 'a producer that is restarted and sends nothing', run: restarted },
  { number: 11, name: 'all producers away for longer than all checks take', run: away },
  { number: 12, name: 'the broker is killed around END and check', run: killed, alone: true },
  { number: 13, name: 'several messages in one transaction', run: inside('the classic protocol has none') },
  { number: 14, name: 'the same END many times, among its opposites', run: manyVerdicts },
  { number: 15, name: 'an operator recovers what was given up', run: resumed },
  { number: 16, name: 'the leader is lost between half message and END', run: inside('needs replicas') },
];

export interface Row extends Finding {
  readonly number: number;
  readonly name: string;
}

/** @param only numbers of cases; all by default. @param each told of each as it ends */
export async function torture(
  target: Target,
  only: ReadonlySet<number> | undefined,
  each: (row: Row) => void,
): Promise<Row[]> {
  const chosen = CASES.filter(({ number }) => only === undefined || only.has(number));
  const run = async ({ number, name, run: act }: Case): Promise<Row> => {
    const row = { number, name, ...(await finding(act(target))) };
    each(row);
    return row;
  };
  const together = await Promise.all(chosen.filter(({ alone }) => !alone).map(run));
  const rows = [...together];
  for (const one of chosen.filter(({ alone }) => alone)) rows.push(await run(one));
  return rows.sort((a, b) => a.number - b.number);
}

/** A broker that refuses half messages, or is not there any more, says nothing about the case; the others go on. */
function finding(running: Promise<Finding>): Promise<Finding> {
  return running.catch((error: unknown) => ({
    outcome: 'not tried',
    what: error instanceof Error ? error.message : String(error),
  }));
}
