import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../kit/docs-page.js';

/**
 * docs/compatibility.md, made of what a run of the compatibility suites saw; nothing in it is typed by hand.
 *
 *   npm run test:compat -- --json --outputFile=FILE
 *   node test/dist/compat/page.js FILE            writes the page
 *   node test/dist/compat/page.js --check FILE    fails when the page says something else than the run
 */
interface Seen {
  readonly ancestorTitles: readonly string[];
  readonly title: string;
  readonly status: string;
}
interface Run {
  readonly testResults: readonly { readonly assertionResults: readonly Seen[] }[];
}
/** title → version → what was seen */
type Rows = Map<string, Map<string, string>>;

const PAGE = join(root, 'docs/compatibility.md');
const WORDS: Readonly<Record<string, string>> = { passed: 'yes', failed: '**no**' };
const NOT_SEEN = 'not run';

/** Official clients of RocketMQ 5 that no suite runs: each run installs what it needs from package registries alone. */
const NOT_RUN: Readonly<Record<string, string>> = {
  'C#': 'needs the .NET SDK and NuGet, which the suites do not install',
  'C++': 'is in no package registry: it is built from its sources',
  PHP: 'is in no package registry; its repository has examples for the `grpc` extension',
};

/** What official gRPC clients lack or do in their own way, whatever broker they speak to. */
const IN_THEIR_WAY: Readonly<Record<string, string>> = {
  Go: 'has no recall. Its push consumer holds a message group back behind a failed message only as the broker does, from one receive to the next: of messages that came in one receive, those behind it are handled before it is tried again. The suite sends them after it has failed',
  'Node.js':
    "does not listen when it is told that a lite topic is another consumer's now (exclusive groups): it hears of it by receiving nothing",
  Rust: 'has a simple consumer, no push consumer; no recall, and no change of the invisible time',
};

const check = process.argv.includes('--check');
const file = process.argv.slice(2).find((argument) => argument !== '--check');
if (file === undefined) throw new Error("usage: page.js [--check] FILE, where FILE is jest's --json output");

const page = pageOf(JSON.parse(readFileSync(file, 'utf8')) as Run);
if (!check) writeFileSync(PAGE, page);
else if (!agrees(readFileSync(PAGE, 'utf8').split('\n'), page.split('\n'))) {
  process.stderr.write('docs/compatibility.md says something else than this run: page.js FILE writes it\n');
  process.exitCode = 1;
}

/** A cell that this run could not run (its client was not to be had here) is as the page has it; all others must be equal. */
function agrees(page: readonly string[], seen: readonly string[]): boolean {
  const said = page.map((line) => line.split('|'));
  const cells = seen.map((line) => line.split('|'));
  return (
    cells.length === said.length &&
    cells.every(
      (line, row) =>
        line.length === said[row]?.length &&
        line.every((cell, column) => cell === ` ${NOT_SEEN} ` || cell === said[row]?.[column]),
    )
  );
}

function pageOf({ testResults }: Run): string {
  const suites = new Map<string, Rows>();
  for (const { ancestorTitles, title, status } of testResults.flatMap((one) => one.assertionResults)) {
    const [suite, version] = split(ancestorTitles.join(' '));
    const rows = suites.get(suite) ?? new Map<string, Map<string, string>>();
    const row = rows.get(title) ?? new Map<string, string>();
    suites.set(suite, rows.set(title, row.set(version, WORDS[status] ?? NOT_SEEN)));
  }
  const sections = [...suites]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([suite, rows]) => section(suite, rows));
  return `# Compatibility

What the compatibility suites saw (\`npm run test:compat\`), line by line. The page is written by \`test/compat/page.ts\` from their results, and CI fails when it says something else. Clients and tools are the official ones, unmodified, from Maven Central, npm, PyPI, crates.io and the Go module proxy; so is Apache RocketMQ.

${sections.join('\n')}
${clients('Official gRPC clients in their own way', 'what', IN_THEIR_WAY)}
${clients('Official gRPC clients that are not run', 'why', NOT_RUN)}`;
}

/** Suites that differ in a version alone are columns of one table. */
function split(name: string): [string, string] {
  const [, before, version, after] = /^(.*?) (\d+\.\d+\.\d+)(.*)$/.exec(name) ?? [];
  return version === undefined ? [name, 'works'] : [`${before}${after}`, version];
}

function section(suite: string, rows: Rows): string {
  const versions = [...new Set([...rows.values()].flatMap((row) => [...row.keys()]))].sort().reverse();
  const lines = [...rows].map(([title, row]) => [
    title,
    ...versions.map((version) => row.get(version) ?? '–'),
  ]);
  const head = ['', ...versions];
  const table = [head, head.map(() => '---'), ...lines].map(
    (cells) => `| ${cells.map(escaped).join(' | ')} |`,
  );
  return `## ${suite.slice(0, 1).toUpperCase()}${suite.slice(1)}\n\n${table.join('\n')}\n`;
}

function clients(title: string, what: string, words: Readonly<Record<string, string>>): string {
  const lines = Object.entries(words).map(([client, word]) => `| ${client} | ${word} |`);
  return `## ${title}\n\n| client | ${what} |\n| --- | --- |\n${lines.join('\n')}\n`;
}

function escaped(text: string): string {
  return text.replaceAll('|', '\\|');
}
