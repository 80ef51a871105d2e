import type { Outcome, RequestContext } from './connection.js';
import { RequestReader } from './request-reader.js';
import type { RequestSpec } from './request-spec.js';
import { PlainRequests, sendRun } from './send-run.js';

/** Answers at once or later. May throw a StatusError; anything else thrown is answered with SYSTEM_ERROR and logged. */
export type Handler<H = unknown> = (header: H, context: RequestContext) => Outcome | Promise<Outcome>;

export interface HandlerEntry {
  readonly spec: RequestSpec<unknown>;
  readonly handle: Handler;
}

/** Codes lie in two ranges: RocketMQ's 0-5001 and ours from 9101 on, and from 200050 on for POP and lite topics. */
const LOW_CODES = 9216;
const HIGH_BASE = 200_000;
const HIGH_CODES = 1024;

/** Handlers by request code: a dense table, so that a message costs one look-up in an array. */
export class HandlerTable {
  /** reads requests that have a handler */
  readonly reader = new RequestReader((code) => this.find(code)?.spec);
  readonly plain = new PlainRequests();
  private readonly entries = Array.from(
    { length: LOW_CODES + HIGH_CODES },
    (): HandlerEntry | undefined => undefined,
  );

  /** handles plain sends and verdicts, if anybody does */
  run: HandlerEntry | undefined;

  /** @throws Error when the code has a handler or lies outside the table */
  add<H>(spec: RequestSpec<H>, handler: Handler<H>): this {
    if (spec.code === sendRun.code) {
      this.run = { spec, handle: handler } as HandlerEntry;
      return this;
    }
    const slot = slotOf(spec.code);
    if (slot < 0) throw new Error(`${spec.name}: request code ${spec.code} is outside the table of handlers`);
    if (this.entries[slot]) throw new Error(`${spec.name} (${spec.code}) has two handlers`);
    // a table of many header types: each handler gets what its own spec decoded
    this.entries[slot] = { spec, handle: handler } as HandlerEntry;
    return this;
  }

  find(code: number): HandlerEntry | undefined {
    return this.entries[slotOf(code)];
  }

  /** Every spec that has a handler, by rising code. */
  get specs(): RequestSpec<unknown>[] {
    return this.entries.flatMap((entry) => (entry ? [entry.spec] : []));
  }
}

function slotOf(code: number): number {
  if (code >= 0 && code < LOW_CODES) return code;
  const high = code - HIGH_BASE;
  return high >= 0 && high < HIGH_CODES ? LOW_CODES + high : -1;
}
