import type { RecordJudge } from '@halfmq/store';
import { compile } from './compile.js';
import { parseSql92 } from './parser.js';
import { Sql92Error } from './sql92-error.js';
import { WantedProperties } from './wanted-properties.js';

/** As many queue entries as RocketMQ looks at in one pull. */
const MOST_JUDGED = 800;
/** Parts of an expression that are evaluated in one read: a long one looks at fewer messages, and holds nobody up. */
const MOST_EVALUATED = 200_000;
const MOST_REMEMBERED = 256;

/** @throws Sql92Error */
export function sql92Filter(text: string): RecordJudge {
  const properties = new WantedProperties();
  const { selects, parts } = compile(parseSql92(text), (name) => properties.slotOf(name));
  return {
    most: Math.max(1, Math.min(MOST_JUDGED, Math.floor(MOST_EVALUATED / parts))),
    wants: (records, at) => {
      properties.look(records, at);
      const selected = selects(properties.valueOf);
      properties.forget();
      return selected;
    },
  };
}

/** Filters, compiled once: the same few come with every pull. */
export class Sql92Filters {
  private readonly compiled = new Map<string, RecordJudge | Sql92Error>();

  /** The error, for one that is wrong: it comes again with every pull too. */
  of(text: string): RecordJudge | Sql92Error {
    const known = this.compiled.get(text);
    if (known) return known;
    if (this.compiled.size >= MOST_REMEMBERED) this.compiled.clear();
    const filter = compiled(text);
    this.compiled.set(text, filter);
    return filter;
  }
}

function compiled(text: string): RecordJudge | Sql92Error {
  try {
    return sql92Filter(text);
  } catch (error) {
    if (error instanceof Sql92Error) return error;
    throw error;
  }
}
