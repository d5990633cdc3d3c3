// What each person sees beside the truth, and what was measured so far.
import { test, expect } from '../fixtures.mjs';
import { open, playFast, scrub } from '../helpers.mjs';

async function unfoldCharts(page) {
  const fold = page.locator('.fold[aria-controls=measured]');
  if (await fold.isVisible()) await fold.click();
  const charts = page.getByRole('button', { name: 'Charts' });
  if (await charts.getAttribute('aria-expanded') === 'false') await charts.click();
  await expect(page.locator('[data-chart]').first()).toBeVisible();
}

/** The numbers of a chart, by the names of its rows. */
async function numbers(page, chart) {
  return page.locator(`[data-chart=${chart}] tbody tr`).evaluateAll((rows) =>
    Object.fromEntries(rows.map((row) => [row.querySelector('th').textContent, row.querySelector('.value').textContent])));
}

test('a screen shows what was read, old beside the truth, and what was told of the write', async ({ page, axe }) => {
  await open(page);
  const alice = page.locator('.screen', { hasText: 'Alice’s screen' });
  await expect(alice).toContainText('has not looked yet');
  await playFast(page);
  await expect(alice).toHaveClass(/stale/);
  await expect(alice.locator('.money')).toHaveText('$100');
  await expect(alice.locator('.note')).toContainText('old');
  await expect(alice.locator('.asks')).toContainText('−$60');
  await expect(alice.locator('.asks')).toContainText('told “done”');
  const truth = page.locator('.screen.truth');
  await expect(truth.locator('.money')).toHaveText('$40');
  await expect(truth.locator('.note')).toContainText(/acked, on \d of 3 copies/);
  await axe('.results');
});

test('a thread says who wrote what', async ({ page }) => {
  await page.goto('./#answer-before-question');
  await expect(page.locator('[data-stage-ready]')).toBeVisible();
  await playFast(page);
  await scrub(page, 1);
  await expect(page.locator('.screen.truth .message')).toHaveText([/^Alice/, /^Bob/]);
});

test('the charts count what has happened up to the cursor, and no more', async ({ page, axe }) => {
  await open(page);
  await unfoldCharts(page);
  const none = { answered: '0', refused: '0', unknown: '0' };
  expect(await numbers(page, 'answers')).toEqual(none);
  await playFast(page);
  const then = { answers: await numbers(page, 'answers'), reads: await numbers(page, 'reads') };
  expect(Number(then.answers.answered)).toBeGreaterThan(0);
  expect(then.reads.stale).toBe('1');
  await axe('.results');
  await scrub(page, 0);
  await expect.poll(() => numbers(page, 'answers')).toEqual(none);
  expect((await numbers(page, 'waits')).writes).toBe('–');
});

test('each of the three bars says how it is measured', async ({ page }) => {
  await open(page);
  await unfoldCharts(page);
  const durable = page.locator('.measure').first();
  await expect(durable.locator('b')).toHaveText('–');
  await playFast(page);
  await expect(durable.locator('b')).toContainText('of 2');
  await durable.locator('summary').focus();
  await page.keyboard.press('Enter');
  await expect(durable.getByText('that clients were told “done” for')).toBeVisible();
  // It stays open while the run goes on.
  await scrub(page, 1);
  await expect(durable.getByText('that clients were told “done” for')).toBeVisible();
});
