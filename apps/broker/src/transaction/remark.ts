/** Classic clients put whole stack traces there. */
const LONGEST = 500;

/** What is remembered of what came with a verdict. A slice of a long text would keep all of it in memory. */
export function remembered(remark: string | undefined): string | undefined {
  if (!remark) return undefined;
  return remark.length <= LONGEST ? remark : Buffer.from(remark.slice(0, LONGEST)).toString();
}
