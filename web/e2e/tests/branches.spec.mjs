// Runs that were left are kept, named and gone back to; broken promises are gone to by a key.
import { test, expect } from '../fixtures.mjs';
import { documentOf, fingerprints, now_us, open, scrub, stageInWords } from '../helpers.mjs';

test.beforeEach(({ page }) => open(page));

async function crash(page, place) {
  await page.locator(`[data-place=${place}]`).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Crash it' }).click();
  await expect(page.locator(`[data-place=${place}]`)).toHaveClass(/down/);
}

const runs = (page) => page.getByRole('region', { name: 'Runs of this story' });

/** The fingerprint of the very run that is on the desk, beside another. */
async function shown(page) {
  await page.getByRole('button', { name: 'Compare with the run before' }).click();
  await page.locator('.outcome summary').click();
  const [left, right] = await page.locator('[data-fingerprint]').allTextContents();
  await page.getByRole('button', { name: 'Back to the run' }).click();
  return { left, right };
}

test('both branches are intact, and bit-equal to fresh runs of what they are', async ({ page }) => {
  const story = await documentOf(page);
  await scrub(page, 0.2);
  const left_us = await now_us(page);
  const before = await stageInWords(page);
  await crash(page, 'n2');
  const crashed = await documentOf(page);
  await scrub(page, 0.7);
  const crashed_us = await now_us(page);
  const after = await stageInWords(page);

  // Back, on to the end, and forward again.
  await runs(page).getByRole('button', { name: 'the story as it was', exact: true }).click();
  expect(await now_us(page)).toBe(left_us);
  expect(await stageInWords(page)).toEqual(before);
  await scrub(page, 1);
  await runs(page).getByRole('button', { name: /^crash F2 at/ }).click();
  expect(await now_us(page)).toBe(crashed_us);
  expect(await stageInWords(page)).toEqual(after);

  const { left, right } = await shown(page);
  const [of_crashed] = await fingerprints(page, crashed, [crashed.seed]);
  const [of_story] = await fingerprints(page, story, [story.seed]);
  expect(left).toBe(of_crashed);
  expect(right).toBe(of_story);
  expect(left).not.toBe(right);
});

test('a branch is renamed and removed, and U goes to the one above', async ({ page, axe }) => {
  await scrub(page, 0.2);
  await crash(page, 'n2');
  await scrub(page, 0.4);
  await crash(page, 'n1');
  await expect(runs(page).getByRole('listitem')).toHaveCount(3);
  await axe();

  await runs(page).getByRole('button', { name: /^Rename: crash F1/ }).click();
  await page.getByLabel('Name of this run').fill('nobody is left');
  await page.keyboard.press('Enter');
  await expect(runs(page).getByText('nobody is left')).toBeVisible();
  await page.keyboard.press('u');
  await expect(runs(page).locator('[aria-current]')).toContainText('crash F2');
  await runs(page).getByRole('button', { name: 'Remove: nobody is left' }).click();
  await expect(runs(page).getByRole('listitem')).toHaveCount(2);
  await page.keyboard.press('u');
  await runs(page).getByRole('button', { name: /^Remove/ }).click();
  await expect(runs(page)).toHaveCount(0);
});

test('N goes from one broken promise to the next, and Shift+N back', async ({ page }) => {
  await page.goto('./#leader-crash-async');
  await expect(page.locator('[data-run-title]')).toHaveAttribute('data-run-title', 'The leader crashes: async', { timeout: 15_000 });
  const next = page.getByRole('button', { name: 'Next broken promise' });
  const before = page.getByRole('button', { name: 'Broken promise before' });
  await expect(before).toBeDisabled();
  await page.keyboard.press('n');
  const first_us = await now_us(page);
  expect(first_us).toBeGreaterThan(0);
  await expect(page.locator('.violation-card')).toBeVisible();
  await next.click();
  const second_us = await now_us(page);
  expect(second_us).toBeGreaterThan(first_us);
  await expect(next).toBeDisabled();
  await page.keyboard.press('Shift+N');
  expect(await now_us(page)).toBe(first_us);
});

test('a mark on the time line leads to its moment', { tag: '@once' }, async ({ page }) => {
  // Of several at one moment the last is on top.
  await page.locator('.marks .violation').last().click();
  const at_us = await now_us(page);
  expect(at_us).toBeGreaterThan(0);
  await page.keyboard.press('Home');
  await page.keyboard.press('n');
  expect(await now_us(page)).toBe(at_us);
});
