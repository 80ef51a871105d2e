import { randomInt } from 'node:crypto';
import { commandLine } from '../kit/command-line.js';
import { type Finding, ShopProcess } from '../kit/shop.js';
import { until } from '../kit/until.js';
import { Random } from '../power/random.js';

const HELP = `npm run shop-chaos     customers of the demo shop buy while broker and services are killed with SIGKILL, before a commit, after
                       one, and at any moment; name server and PostgreSQL too. Says which of the shop's invariants hold
                       in each mode; fails when one is broken in transactional mode

  --orders N          in each mode (20000)
  --per-second N      (60)
  --kill-every-ms N   (3000)
  --seed S            kills in the same order again
  --rough             every message comes twice, out of order and late
  --mode M            plain or transactional: only that one`;

const MODES = ['plain', 'transactional'] as const;
const { values, whole, oneOf } = commandLine(HELP, {
  orders: { type: 'string', default: '20000' },
  'per-second': { type: 'string', default: '60' },
  'kill-every-ms': { type: 'string', default: '3000' },
  seed: { type: 'string', default: String(randomInt(1_000_000)) },
  rough: { type: 'boolean', default: false },
  mode: { type: 'string' },
});
const orders = whole('orders', 1);
const perSecond = whole('per-second', 1);
const killEveryMs = whole('kill-every-ms', 1);
const seed = whole('seed');
const only = oneOf('mode', MODES);

const IN_TRANSACTIONS = ['order', 'payment', 'stock', 'broker'] as const;
const PLATFORM = ['shipping', 'name server', 'PostgreSQL'] as const;
const MOMENTS = ['after-half', 'after-commit', 'now'] as const;
/** How long after its last change a difference is no message in flight any more. */
const DEADLINE_S = 30;
const PROGRESS_MS = 30_000;
const HEALING_MS = 60_000;

const print = (line: string): void => void process.stdout.write(`${line}\n`);

interface Ended {
  readonly placed: number;
  readonly refused: number;
  readonly lost: number;
  readonly kills: number;
  readonly findings: readonly Finding[];
}

async function live(shop: ShopProcess, mode: (typeof MODES)[number], random: Random): Promise<Ended> {
  await shop.call('PUT', '/api/mode', { mode });
  if (values.rough) await shop.call('PUT', '/api/delivery', { twice: true, disorder: true, delayMs: 200 });
  const before = await restarts(shop);
  await shop.call('POST', '/api/load', { orders, perSecond });
  let nextKill = performance.now() + killEveryMs;
  let nextLine = performance.now() + PROGRESS_MS;
  await until(
    'all orders were answered',
    async () => {
      const now = performance.now();
      if (now >= nextKill) {
        nextKill = now + killEveryMs;
        // it may be down from the last one
        await shop.call('POST', '/api/chaos', shot(random)).catch(() => undefined);
      }
      const { load } = await shop.fleet();
      if (now >= nextLine && load) {
        nextLine = now + PROGRESS_MS;
        print(`${mode}: ${load.placed} placed, ${load.refused} refused, ${load.lost} not answered so far`);
      }
      return load?.running === false;
    },
    (orders / perSecond) * 4000 + 120_000,
  );
  const findings = await healed(shop);
  const load = (await shop.fleet()).load;
  const kills = (await restarts(shop)) - before;
  return { placed: load?.placed ?? 0, refused: load?.refused ?? 0, lost: load?.lost ?? 0, kills, findings };
}

/** What is late and not lost comes with a retry: only what is still wrong a minute after all else has come to rest counts. */
async function healed(shop: ShopProcess): Promise<readonly Finding[]> {
  let findings: readonly Finding[] = await shop.quiet(300_000);
  const allHold = async (): Promise<boolean> => {
    findings = await shop.findings();
    return findings.every(({ holds }) => holds);
  };
  await until('all hold', allHold, HEALING_MS).catch(() => undefined);
  return findings;
}

function shot(random: Random): { target: string; at: string } {
  const target = random.of([...IN_TRANSACTIONS, ...PLATFORM]);
  const at = random.of(MOMENTS);
  return { target, at: PLATFORM.some((one) => one === target) ? 'now' : at };
}

async function restarts(shop: ShopProcess): Promise<number> {
  const { processes } = await until('the supervisor is heard', () => shop.fleet());
  return processes.reduce((sum, process) => sum + process.restarts, 0);
}

async function main(): Promise<boolean> {
  print(
    `${orders} orders at ${perSecond} a second, a kill each ${killEveryMs} ms, seed ${seed}${values.rough ? ', rough delivery' : ''}`,
  );
  const rows: string[] = [];
  let whole = true;
  for (const mode of only === undefined ? MODES : [only]) {
    const shop = await ShopProcess.start({
      HALFMQ_SHOP_EXPIRY: '20s',
      HALFMQ_SHOP_DEADLINE: String(DEADLINE_S),
    });
    try {
      const ended = await live(shop, mode, new Random(seed));
      const broken = ended.findings.filter(({ holds }) => !holds);
      for (const { title, detail } of broken) print(`${mode}: ${title}: NOT so: ${detail}`);
      const count = broken.reduce((sum, finding) => sum + finding.broken, 0);
      if (mode === 'transactional') whole = broken.length === 0;
      rows.push(
        `| ${mode} | ${ended.placed} | ${ended.refused} | ${ended.lost} | ${ended.kills} | ${broken.length} of ${ended.findings.length} | ${count} |`,
      );
    } finally {
      await shop.stop();
    }
  }
  print(
    '| mode | placed | refused | not answered | kills | invariants broken | orders or messages concerned |',
  );
  print('| --- | --- | --- | --- | --- | --- | --- |');
  for (const row of rows) print(row);
  return whole;
}

process.exitCode = (await main()) ? 0 : 1;
