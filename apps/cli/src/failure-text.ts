/**
 * What is said when a command cannot do its work: the error's own line, which names what to do. A stack would only
 * hide it; HALFMQ_STACK=1 shows one, for a bug report.
 */
export function failureText(error: unknown, env: NodeJS.ProcessEnv): string {
  if (env['HALFMQ_STACK'] === '1' && error instanceof Error) return error.stack ?? error.message;
  const text = messageOf(error)
    .trim()
    .replaceAll(/\s*\n\s*/g, ' ');
  return isBug(error) ? `${text} (this is a bug of HalfMQ; HALFMQ_STACK=1 shows where)` : text;
}

function messageOf(error: unknown): string {
  // several addresses of one name were tried in vain: the first says as much as all
  if (error instanceof AggregateError && error.message === '') return messageOf(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}

function isBug(error: unknown): boolean {
  return error instanceof TypeError || error instanceof ReferenceError || error instanceof SyntaxError;
}
