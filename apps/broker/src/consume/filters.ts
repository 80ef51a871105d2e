import { EXPRESSION_SQL92, EXPRESSION_TAG } from '@halfmq/remoting';
import type { RecordJudge } from '@halfmq/store';
import type { BrokerConfig } from '../config/resolve-config.js';
import { Sql92Filters } from './sql92/filter.js';
import { Sql92Error } from './sql92/sql92-error.js';
import { TagFilters, type TagFilter } from './tag-filter.js';

/** What of a queue is wanted: by the tag number of its index, and by what a look at the record itself says. */
export interface MessageFilter {
  readonly accepts: TagFilter;
  readonly judge?: RecordJudge | undefined;
}

/** Why an expression is no filter here; `byProperties`: it is of another kind than tags. */
export interface NoFilter {
  readonly status: 'SYSTEM_ERROR' | 'SUBSCRIPTION_PARSE_FAILED';
  readonly why: string;
  readonly byProperties: boolean;
}

/** The expressions of consumers as filters, each made once. */
export class Filters {
  private readonly tags = new TagFilters();
  private readonly sql92 = new Sql92Filters();

  constructor(private readonly config: Pick<BrokerConfig, 'enablePropertyFilter'>) {}

  of(expression: string | undefined, type: string | undefined): MessageFilter | NoFilter {
    if (type === undefined || type === '' || type === EXPRESSION_TAG) {
      const accepts = this.tags.of(expression);
      return accepts === 'illegal' ? refusal(`no tag in ${expression}`, false) : { accepts };
    }
    if (!this.config.enablePropertyFilter) {
      // RocketMQ's words
      const why = `The broker does not support consumer to filter message by ${type}`;
      return { status: 'SYSTEM_ERROR', why, byProperties: true };
    }
    if (type !== EXPRESSION_SQL92) return refusal(`expression type TAG or SQL92 expected, got ${type}`, true);
    const judge = this.sql92.of(expression ?? '');
    return judge instanceof Sql92Error ? refusal(judge.message, true) : { accepts: undefined, judge };
  }
}

function refusal(why: string, byProperties: boolean): NoFilter {
  return { status: 'SUBSCRIPTION_PARSE_FAILED', why, byProperties };
}
