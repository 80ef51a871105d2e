import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

const ROOT = new URL('../../', import.meta.url);
const { scripts } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')) as {
  scripts: Record<string, string>;
};
/** name → file, of those that take options */
const COMMANDS = Object.entries(scripts).flatMap(([name, script]) => {
  const file = /node (test\/dist\/\S+\.js)/.exec(script)?.[1];
  return file === undefined ? [] : [[name, file] as const];
});

interface Ended {
  readonly code: unknown;
  readonly out: string;
  readonly err: string;
}

function run(file: string, args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [file, ...args], { cwd: ROOT }, (error, out, err) =>
      resolve({ code: error?.code ?? 0, out, err }),
    );
  });
}

describe('the commands of this workspace', () => {
  it.each(COMMANDS)(
    'npm run %s -- --help tells what it does and takes, and does nothing',
    async (name, file) => {
      const { code, out, err } = await run(file, ['--help']);
      expect({ code, err }).toEqual({ code: 0, err: '' });
      expect(out).toMatch(new RegExp(`^npm run ${name} `));
    },
  );

  it.each(COMMANDS)('npm run %s does not begin with an option that does not exist', async (_name, file) => {
    const { code, out, err } = await run(file, ['--cutss', '5']);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(/'--cutss'.*\n--help tells what there is\n$/);
  });

  it.each([
    ['power-cuts', ['--cuts', '5x']],
    ['kill-rounds', ['--rounds', '0']],
    ['shop-chaos', ['--mode', 'transactionl']],
    ['model', ['--steps', '']],
    ['fuzz', ['--minutes', '-1']],
    ['rebalance-storm', ['--members', 'all']],
    ['torture', ['--chaos', '--minutes', 'ten']],
    ['bench', ['--scale', '0']],
    ['bench', ['--only', 'sendz']],
    ['bench', ['--soak', '30']],
  ])('npm run %s %j: says what it wanted, instead of passing with nothing to do', async (name, args) => {
    const { code, err } = await run(COMMANDS.find(([one]) => one === name)![1], args);
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining(args.at(-2)!) });
  });
});
