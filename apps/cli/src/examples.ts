/** The examples at the end of a help text: a command each, and behind it what it does. */
export function examples(commands: Readonly<Record<string, string>>): string {
  const width = Math.max(...Object.keys(commands).map((command) => command.length));
  const lines = Object.entries(commands).map(([command, what]) => `  $ ${command.padEnd(width)}  # ${what}`);
  return `\nExamples:\n${lines.join('\n')}\n`;
}
