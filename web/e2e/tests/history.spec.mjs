// The page that judges a history.
import { test, expect } from '../fixtures.mjs';
import { now_us, open, scrub } from '../helpers.mjs';

const NAMES = ['Linearizable', 'Sequential', 'Causal', 'Read your writes', 'Monotonic reads', 'Monotonic writes', 'Writes follow reads'];

const judgeText = async (page, lines) => {
  await page.getByRole('textbox', { name: 'The history' }).fill(lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'));
  await page.getByRole('button', { name: 'Judge it' }).click();
};

const verdicts = (page) => page.locator('.verdicts > li').evaluateAll((rows) => rows.map((row) => row.dataset.verdict));

test('is reached from the top; the example is broken, and drawn; the run is where it was', async ({ page, axe }) => {
  await open(page);
  await scrub(page, 0.4);
  const at_us = await now_us(page);
  await page.getByRole('link', { name: 'Judge a history' }).click();
  await expect(page.getByRole('heading', { level: 2, name: 'Judge a history' })).toBeInViewport();
  await expect(page.locator('main')).toBeFocused();
  await page.getByRole('button', { name: 'An example' }).click();
  await expect(page.locator('.verdicts .title')).toHaveText(NAMES);
  // Bob had read 12 and was done before Carol began, and she read 10.
  const linearizable = page.locator('.verdicts > li').first();
  await expect(linearizable).toHaveAttribute('data-verdict', 'no');
  await expect(linearizable).toContainText('Lines 2, 3, 4 prove it together.');
  await expect(linearizable.getByRole('img')).toHaveAccessibleName(/line 2, Alice: price = 12; line 3, Bob: reads price: 12; line 4, Carol: reads price: 10/);
  await expect(page.locator('.verdicts > li').nth(1)).toHaveAttribute('data-verdict', 'yes');
  await axe();
  expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(0);

  await page.getByRole('link', { name: 'Back to the run' }).click();
  await expect(page.locator('[data-stage-ready]')).toBeVisible();
  expect(await now_us(page)).toBe(at_us);
});

test('the history of the run is judged as its monitors judge the run', { tag: '@once' }, async ({ page }) => {
  await open(page);
  await page.getByRole('link', { name: 'Judge a history' }).click();
  await page.getByRole('button', { name: 'This run’s history' }).click();
  await expect(page.getByRole('status').first()).toHaveText(/The double transfer, to its end\./);
  const row = (name) => page.locator('.verdicts > li', { hasText: name });
  await expect(row('Linearizable')).toHaveAttribute('data-verdict', 'no');
  await expect(row('Read your writes')).toHaveAttribute('data-verdict', 'no');
  const text = await page.getByRole('textbox', { name: 'The history' }).inputValue();
  for (const line of text.trim().split('\n')) expect(() => JSON.parse(line)).not.toThrow();
});

test('a bad line is refused by its number, its field and what is allowed; nothing is lost', { tag: '@once' }, async ({ page }) => {
  await page.goto('./#history');
  const good = { session: 'A', op: 'write', key: 'x', value: 1, invoke: 0, return: 1 };
  await judgeText(page, [good, { ...good, op: 'wipe' }]);
  await expect(page.getByRole('alert')).toHaveText(/line 2.*op.*wipe.*write.*read.*cas/i);
  await expect(page.getByRole('textbox', { name: 'The history' })).toHaveValue(/wipe/);
  await judgeText(page, [good, { session: 'B', op: 'read', key: 'x', value: 1, invoke: 2, return: 3 }]);
  await expect(page.getByRole('alert')).toHaveCount(0);
  await expect(page.locator('.verdicts > li')).toHaveCount(7);
  expect((await verdicts(page)).slice(0, 5)).toEqual(['yes', 'yes', 'yes', 'yes', 'yes']);
});

test('a file is judged', { tag: '@once' }, async ({ page }) => {
  await page.goto('./#history');
  const text = [
    '{"initial":{"x":0},"version_order":{"x":[0,1]}}',
    '{"session":"A","op":"write","key":"x","value":1,"invoke":0,"return":1}',
    '{"session":"A","op":"read","key":"x","value":0,"invoke":2,"return":3}',
  ].join('\n');
  await page.locator('input[type=file]').setInputFiles({ name: 'mine.jsonl', mimeType: 'text/plain', buffer: Buffer.from(text) });
  await expect(page.locator('.verdicts > li').nth(3)).toHaveAttribute('data-verdict', 'no');
  await expect(page.locator('.verdicts > li').nth(3)).toContainText('Lines 2, 3 prove it together.');
  await expect(page.getByRole('status').first()).toHaveText('mine.jsonl');
});
