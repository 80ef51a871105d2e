import { InvalidArgumentError } from 'commander';

export type Assignments = Readonly<Record<string, string>>;

/** Collects an option that may be given often: `-o listenPort=0 -o brokerName=a`. The last of one name wins. */
export function collectAssignment(text: string, before: Assignments = {}): Assignments {
  const equals = text.indexOf('=');
  if (equals < 1) throw new InvalidArgumentError('expected name=value');
  return { ...before, [text.slice(0, equals).trim()]: text.slice(equals + 1) };
}

/** Collects an option that may be given often, in order. */
export function collectText(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}
