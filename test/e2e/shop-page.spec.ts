import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { type Browser, chromium, type Page } from 'playwright-core';
import { freePort } from '../kit/ports.js';
import { LAST_STATE, ShopProcess, ships } from '../kit/shop.js';
import { until } from '../kit/until.js';

/** of an order that goes well */
const MILESTONES = ships ? 7 : 6;
const CHROMIUM = '/usr/bin/chromium';
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
];
const installed = existsSync(CHROMIUM);
const withBrowser = installed ? describe : describe.skip;

jest.setTimeout(90_000);

withBrowser(`the shop's page${installed ? '' : ` (skipped: there is no ${CHROMIUM})`}`, () => {
  let shop: ShopProcess;
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    const provider = 'seed=1,decline=0,hesitate=0,twice=0';
    const door = String(await freePort());
    shop = await ShopProcess.start({ HALFMQ_SHOP_PROVIDER: provider, HALFMQ_HTTP_PORT: door });
    browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
    page = await browser.newPage();
    page.setDefaultTimeout(30_000);
    page.on('pageerror', (error) => complaints.push(error.message));
  });
  afterAll(async () => {
    await browser?.close();
    await shop?.stop();
  });

  test('an order is placed, and its way is shown as it goes', async () => {
    await page.goto(shop.url);
    await page.getByRole('radio', { name: /Stoneware mug/ }).click();
    await page.getByLabel('one more').click();
    await page.getByRole('button', { name: /Place order · €36.00/ }).click();
    await page.waitForSelector('#answer[data-kind="good"]');
    await page.waitForSelector(`.milestones li[data-state="done"]:nth-child(${MILESTONES})`);
    expect(await page.textContent('#yours')).toContain(LAST_STATE);
    await page.waitForSelector('#verdict[data-kind="green"]');
  });

  test('an order leads to the histories of its transactions, as the broker has them', async () => {
    const first = await page.locator('.steps td a').first().getAttribute('href');
    expect(await (await fetch(first ?? '')).json()).toMatchObject({ state: 'committed' });
    const all = await page.locator('.steps p a').first().getAttribute('href');
    expect(await (await fetch(all ?? '')).json()).toMatchObject({ items: expect.any(Array) });
  });

  test('the broker is killed in mid-checkout: the order arrives all the same, the board returns to green', async () => {
    await page.click('[data-target="broker"][data-at="after-half"]');
    await page.waitForSelector('[data-target="broker"][data-armed]');
    await page.getByRole('button', { name: /Place order/ }).click();
    await page.waitForSelector('#events li:has-text("broker died")');
    await page.waitForSelector('#events li:has-text("broker is back")');
    await page.waitForSelector(`.milestones li[data-state="done"]:nth-child(${MILESTONES})`);
    await page.waitForSelector('#verdict[data-kind="green"]');
    expect(await page.textContent('#verdict')).toBe(`all ${ships ? 8 : 7} hold`);
  });

  test('the order service, which serves the page, is killed: the page says so and comes back', async () => {
    await page.click('[data-target="order"][data-at="now"]');
    await page.waitForSelector('#away:not([hidden])');
    await page.waitForSelector('#away', { state: 'hidden' });
    await page.waitForSelector('#events li:has-text("order is back")');
  });

  /** Until one is taken: what was killed may not be there yet. */
  const orderIsPaid = async (): Promise<void> => {
    const wish = { sku: 'lamp', quantity: 1, customer: 'Ada' };
    const id = await until('an order is taken', () => shop.place(wish).catch(() => undefined));
    await until('it is paid', async () => (await shop.order(id)).state === LAST_STATE);
  };

  test('shipping, PostgreSQL and the name server are killed: all come back, and an order arrives', async () => {
    for (const target of [...(ships ? ['shipping'] : []), 'PostgreSQL', 'name server']) {
      await page.click(`[data-target="${target}"][data-at="now"]`);
      await page.waitForSelector(`#events li:has-text("${target} is back")`);
    }
    await orderIsPaid();
    await page.waitForSelector('#verdict[data-kind="green"]');
  });

  test('every message comes twice: transactional acts once, plain twice, and both stand side by side', async () => {
    const doubled = (mode: string): string => `#tallies tr[data-mode="${mode}"] td:nth-child(4)`;
    await page.check('#delivery [name="twice"]');
    await page.waitForSelector('#events li:has-text("messages are delivered twice")');
    await orderIsPaid();
    await page.waitForSelector('#verdict[data-kind="green"]');
    expect(await page.textContent(doubled('transactional'))).toBe('0');

    await page.click('#mode-plain');
    await page.waitForSelector('#mode-plain[aria-checked="true"]');
    await orderIsPaid();
    await page.waitForSelector(`${doubled('plain')}[data-bad]`);
    expect(await page.textContent(doubled('transactional'))).toBe('0');
  });

  test('a storm of kills is counted, and ends', async () => {
    await page.click('#mode-transactional');
    await page.fill('#storm [name="seconds"]', '1');
    await page.fill('#storm [name="every"]', '0.5');
    await page.getByRole('button', { name: 'Let it storm' }).click();
    await page.waitForSelector('#storm-view:has-text("over")');
    await until('all are back', async () =>
      (await shop.fleet()).processes.every(({ state }) => state === 'running'),
    );
    await orderIsPaid();
  });

  test('the page has thrown nothing on the way', () => {
    expect(complaints).toEqual([]);
  });
});
