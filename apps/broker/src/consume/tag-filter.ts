import { matchesTagsCode, parseTagExpression } from '@halfmq/remoting';

/** Whether a message is wanted, by the tag number its queue index holds; undefined: every one is. */
export type TagFilter = ((tagsCode: number) => boolean) | undefined;

const MOST_REMEMBERED = 1024;

/** Tag expressions, parsed once: the same few come with every pull. */
export class TagFilters {
  private readonly parsed = new Map<string, TagFilter | 'illegal'>();

  /** 'illegal': an expression that names no tag at all, such as `||`. */
  of(expression: string | undefined): TagFilter | 'illegal' {
    if (expression === undefined || expression === '*' || expression === '') return undefined;
    if (this.parsed.has(expression)) return this.parsed.get(expression);
    if (this.parsed.size >= MOST_REMEMBERED) this.parsed.clear();
    const filter = parse(expression);
    this.parsed.set(expression, filter);
    return filter;
  }
}

function parse(text: string): TagFilter | 'illegal' {
  const expression = parseTagExpression(text);
  if (expression.all) return undefined;
  return expression.tags.size === 0 ? 'illegal' : (code) => matchesTagsCode(expression, code);
}
