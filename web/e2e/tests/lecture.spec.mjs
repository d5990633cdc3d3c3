// The lecture view: the run alone and large, from one thing worth saying to the next.
import { test, expect } from '../fixtures.mjs';
import { load, now_us, open, untilItStops } from '../helpers.mjs';

test('what is worth saying next may be further away than the page has looked', { tag: '@once' }, async ({ page }) => {
  const at_ms = 500_000;
  await open(page);
  await load(page, {
    version: 1,
    title: 'A long day',
    protocol: { kind: 'single_leader', nodes: 5 },
    clients: ['Ann', 'Bob', 'Cyd'].map((name) => ({ name, random: { writes_per_s: 10, reads_per_s: 10, keys: ['a'] } })),
    reads: { policy: 'leader' },
    script: [{ at_ms, crash: 'F1' }],
    narration: [{ on: 'start', say: 'A long day begins.' }, { on: 'crashed', say: 'Now F1 is gone.' }],
    limits: { time_ms: at_ms + 1000, records: 1_000_000 },
  });
  await page.keyboard.press('l');
  // Time runs on to it; pressed once more, one is there. Each time the page looks further, and a slow one not so far.
  await expect.poll(async () => {
    await page.keyboard.press('PageDown');
    return now_us(page);
  }, { timeout: 30_000 }).toBe(at_ms * 1000);
  await expect(page.locator('.caption')).toContainText('Now F1 is gone.');
});

test('a presenter’s keys go from one thing worth saying to the next, and back', { tag: '@once' }, async ({ page }) => {
  await open(page);
  await page.getByRole('slider', { name: 'Speed' }).fill('10');
  await page.getByRole('button', { name: 'Lecture' }).click();
  await expect(page.locator('.knobs')).toBeHidden();
  const headline = page.locator('.caption h2');
  const size = await headline.evaluate((element) => element.getBoundingClientRect().height);
  expect(size).toBeGreaterThan(30);

  const stops = [[await now_us(page), await headline.innerText()]];
  for (let stop = 0; stop < 3; stop += 1) {
    await untilItStops(page, () => page.keyboard.press('PageDown'));
    const at = [await now_us(page), await headline.innerText()];
    expect(at[0]).toBeGreaterThan(stops.at(-1)[0]);
    stops.push(at);
  }
  expect(new Set(stops.map(([, said]) => said)).size).toBeGreaterThan(2);
  for (const [at_us, said] of stops.slice(0, -1).reverse()) {
    await page.keyboard.press('PageUp');
    expect(await now_us(page)).toBe(at_us);
    await expect(headline).toHaveText(said);
  }
  await page.keyboard.press('Escape');
  await expect(page.locator('.knobs')).toBeVisible();
});
