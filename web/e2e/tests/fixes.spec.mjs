// "What would fix it?": each change that theory offers is tried on the very run, in a worker, and one click runs it.
import { test, expect } from '../fixtures.mjs';
import { load, now_us, open, playFast, scrub, search, unfoldKnobs } from '../helpers.mjs';

const READ_YOUR_WRITES = /Read your writes/;

/** The workers that make runs: another one draws what moves. */
const searching = (page) => page.workers().filter((worker) => worker.url().endsWith('/worker.js'));

/** The rows, as they can be read. */
const rowsOf = (page) => page.locator('.fix').allInnerTexts();

/** How a promise stands, in the words of its row. */
const standing = (page, title) => page.locator('.promise', { hasText: title }).locator('.state').innerText();

test.describe('where the promise of the opening story is broken', () => {
  test.beforeEach(async ({ page }) => {
    await open(page);
    await playFast(page);
  });

  test('every change is tried on the same run: some keep the promise, some do not', async ({ page, axe }) => {
    await search(page);
    const kept = page.locator('.fix.kept');
    const broken = page.locator('.fix.broken');
    await expect(kept.filter({ hasText: 'Read from the leader' }).first()).toContainText(/Kept: checked \w+/);
    await expect(kept.first()).toContainText('→');
    await expect(broken.first()).toContainText(/Still broken on this run: \d+ of \d+/);
    await axe();

    await broken.first().getByRole('button', { expanded: false }).click();
    await expect(broken.first().locator('.still')).toContainText('Alice');
    await expect(broken.first().getByRole('row', { name: /write p99/ })).toContainText('ms');
    await axe();
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing sticks out').toBe(true);
  });

  test('one click runs it like this, and the promise is kept to the end', async ({ page, axe }) => {
    const at_us = await now_us(page);
    const before = await page.locator('.violation-card').getByRole('heading').first().innerText();
    await search(page);
    const rows = await rowsOf(page);
    const row = page.locator('.fix', { hasText: 'Read from the leader' }).first();
    const claims = /checked (\w+)/.exec(await row.innerText())[1];
    await row.getByRole('button', { name: /Run it like this/ }).click();

    expect(await now_us(page)).toBe(at_us);
    await expect(page.locator('.notice-words', { hasText: /With one change: “Read from the leader”/ })).toBeVisible();
    await expect(page.getByRole('combobox', { name: 'Story' }).locator('option:checked')).toHaveText('The double transfer · Read from the leader');
    await expect(page.locator('.play')).toBeFocused();
    await axe();
    await scrub(page, 1);
    const checked = { once: '1', twice: '2' }[claims] ?? claims;
    expect(await standing(page, READ_YOUR_WRITES)).toBe(`kept · ${checked} checked`);

    // The same moment of the run before, with what was found there.
    await page.getByRole('button', { name: /^Undo/ }).click();
    expect(await now_us(page)).toBe(at_us);
    await expect(page.locator('.violation-card').getByRole('heading').first()).toHaveText(before);
    expect(await rowsOf(page)).toEqual(rows);
  });

  test('what a row claims of a change that does not help is what its run gives', { tag: '@once' }, async ({ page }) => {
    await search(page);
    const row = page.locator('.fix.broken').first();
    const [, broken, checked] = /Still broken on this run: (\d+) of (\d+)/.exec(await row.innerText());
    await row.getByRole('button', { expanded: false }).click();
    await row.getByRole('button', { name: /Run it like this/ }).click();
    await scrub(page, 1);
    expect(await standing(page, READ_YOUR_WRITES)).toMatch(new RegExp(`^${broken} of ${checked} `));
  });

  test('it works by keyboard, and the focus is never lost', { tag: '@once' }, async ({ page }) => {
    await page.getByRole('button', { name: 'What would fix it?' }).focus();
    await page.keyboard.press('Enter');
    await expect(page.getByRole('status').filter({ hasText: 'kept it' })).toBeVisible();
    await expect(page.getByRole('button', { name: 'Close' })).toBeFocused();
    await page.keyboard.press('Tab');
    const name = page.locator('.fix').first().getByRole('button').first();
    await expect(name).toBeFocused();
    await page.keyboard.press('Enter');
    await expect(name).toHaveAttribute('aria-expanded', 'true');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await expect(page.locator('.notice-words', { hasText: /With one change:/ })).toBeVisible();
    await expect(page.locator('.play')).toBeFocused();
  });

  test('another run makes what was found worthless, and it is gone', { tag: '@once' }, async ({ page }) => {
    await search(page);
    const seed = page.getByRole('textbox', { name: /^Seed/ });
    const first = await seed.inputValue();
    for (const value of [String(Number(first) + 1), first]) {
      await seed.fill(value);
      await seed.press('Enter');
      await scrub(page, 1);
      await expect(page.locator('.fix')).toHaveCount(0);
    }
    await expect(page.getByRole('button', { name: 'What would fix it?' })).toBeVisible();
  });

  test('other promises that broke at the same moment are a click away', { tag: '@once' }, async ({ page }) => {
    const at_us = await now_us(page);
    const card = page.locator('.violation-card');
    await expect(card).toContainText(READ_YOUR_WRITES);
    await card.locator('.also').getByRole('button', { name: 'Linearizable' }).click();
    expect(await now_us(page)).toBe(at_us);
    await expect(card.locator('.time').first()).toContainText('Linearizable');
    await card.locator('.also').getByRole('button', { name: READ_YOUR_WRITES }).click();
    await expect(card.locator('.time').first()).toContainText(READ_YOUR_WRITES);
  });
});

test('promises that the run does not test are one line, which opens', async ({ page, axe }) => {
  await open(page);
  const line = page.locator('.untested summary');
  await expect(line).toContainText('not tested here: ');
  await expect(line).toContainText('Bounded staleness');
  const tested = await page.locator('.promises > li:visible').count();
  await line.click();
  await expect(page.locator('.promises > li:visible')).toHaveCount(12);
  expect(tested).toBeLessThan(12);
  await axe();
});

/** A long run of readers and writers, in which a promise is soon broken. */
const LONG = {
  version: 1,
  title: 'A long run',
  seed: 1,
  protocol: { kind: 'single_leader', nodes: 5 },
  network: { replication_lag_ms: 300, jitter: 4 },
  reads: { policy: 'any' },
  clients: ['Ann', 'Bob', 'Cleo', 'Dan'].map((name) => ({ name, random: { writes_per_s: 8, reads_per_s: 20, keys: ['a', 'b', 'c'] } })),
  script: [],
  limits: { time_ms: 300_000 },
};

test('a search goes on beside the page, and is cancelled at once', { tag: '@once' }, async ({ page }) => {
  await open(page);
  await load(page, LONG);
  await playFast(page);
  await page.getByRole('button', { name: 'What would fix it?' }).click();
  const status = page.locator('.fixes [role=status]');
  await expect(page.locator('.fixes .tried')).toHaveText(/^[1-9]\d* of \d+ tried$/, { timeout: 15_000 });
  expect(searching(page)).toHaveLength(1);
  await page.getByRole('button', { name: 'Cancel' }).click();

  await expect(status).toHaveText(/^Cancelled: \d+ of \d+ tried\.$/);
  await expect.poll(() => searching(page).length).toBe(0);
  const after = await status.innerText();
  await page.waitForTimeout(300);
  expect(await status.innerText(), 'nothing goes on').toBe(after);
  await page.getByRole('button', { name: 'Close' }).click();
  await expect(page.getByRole('button', { name: 'What would fix it?' })).toBeFocused();
});

test('a search in a run that was left is given up', { tag: '@once' }, async ({ page }) => {
  await open(page);
  await load(page, LONG);
  await playFast(page);
  await page.getByRole('button', { name: 'What would fix it?' }).click();
  await expect.poll(() => searching(page).length).toBe(1);
  await unfoldKnobs(page);
  await page.getByRole('slider', { name: 'Jitter' }).fill('0');
  await expect.poll(() => searching(page).length).toBe(0);
});

test('where there are no workers, the page finds the same by itself', { tag: '@once' }, async ({ browser, page, baseURL }) => {
  await open(page);
  await playFast(page);
  await search(page);
  const found = await rowsOf(page);

  const context = await browser.newContext({ baseURL });
  await context.addInitScript(() => { globalThis.Worker = class { constructor() { throw new Error('none here'); } }; });
  const alone = await context.newPage();
  await open(alone);
  await playFast(alone);
  await search(alone);
  expect(await rowsOf(alone)).toEqual(found);
  expect(alone.workers()).toHaveLength(0);

  // It leaves the page time to draw, and stops at once.
  await load(alone, LONG);
  await playFast(alone);
  await alone.getByRole('button', { name: 'What would fix it?' }).click();
  await expect(alone.locator('.fixes .tried')).toHaveText(/^[1-9]\d* of \d+ tried$/, { timeout: 15_000 });
  await alone.getByRole('button', { name: 'Cancel' }).click();
  await expect(alone.locator('.fixes [role=status]')).toHaveText(/^Cancelled/);
  await context.close();
});
