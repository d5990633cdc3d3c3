// For everyone: by keyboard alone, in words, on any screen, in both themes.
import { test, expect } from '../fixtures.mjs';
import { now_us, open, scrub, stageInWords, tabTo, unfoldKnobs } from '../helpers.mjs';

test.beforeEach(({ page }) => open(page));

test('the keyboard alone plays, steps, acts and goes back', async ({ page }) => {
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  const at_us = await now_us(page);
  expect(at_us).toBeGreaterThan(0);
  await page.keyboard.press('ArrowLeft');
  await expect.poll(() => now_us(page)).toBeLessThan(at_us);
  await page.keyboard.press('Space');
  await expect(page.locator('.play')).toHaveText('Pause');
  await page.keyboard.press('Space');
  await expect(page.locator('.play')).toHaveText('Play');

  await tabTo(page, '[data-place=n1] .hit');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog')).toBeVisible();
  await page.keyboard.press('Enter');
  await expect(page.locator('[data-place=n1]')).toHaveClass(/down/);
  // The focus is back where it came from.
  await expect(page.locator('[data-place=n1] .hit')).toBeFocused();

  await page.keyboard.press('u');
  await expect(page.locator('[data-place=n1]')).not.toHaveClass(/down/);

  await tabTo(page, '[data-place=c0] .hit');
  await page.keyboard.press('Enter');
  await tabTo(page, '.menu input');
  await page.keyboard.type('5');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog')).toHaveCount(0);

  await page.keyboard.press('?');
  await expect(page.getByRole('dialog', { name: 'Help' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
});

test('a whole story by keyboard alone: its violation, what would have fixed it, and the run with that', { tag: '@once' }, async ({ page }) => {
  await tabTo(page, '.play');
  await page.keyboard.press('Enter');
  await tabTo(page, '.speed input');
  await page.keyboard.press('End');
  await expect(page.locator('.play')).toHaveText('Go on', { timeout: 20_000 });
  await expect(page.locator('.violation-card')).toBeVisible();

  await tabTo(page, '.violation-card button', 'What would fix it?');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('status').filter({ hasText: 'kept it' })).toBeVisible({ timeout: 20_000 });
  await tabTo(page, '.fix.kept .run');
  await page.keyboard.press('Enter');
  await expect(page.locator('.play')).toBeFocused();
  await page.keyboard.press('Space');
  await expect(page.locator('.play')).toHaveText('Play again', { timeout: 20_000 });
  await expect(page.locator('.promise', { hasText: 'Read your writes' })).toHaveClass(/kept/);
});

test('the keyboard turns a knob', async ({ page }) => {
  await page.keyboard.press('ArrowRight');
  await unfoldKnobs(page);
  const lag = page.locator('#lag');
  const before = await page.locator('output[for="lag"]').textContent();
  await lag.focus();
  await page.keyboard.press('ArrowRight');
  await expect(page.locator('output[for="lag"]')).not.toHaveText(before);
  await expect(lag).toBeFocused();
});

test('what happens is said in words', async ({ page }) => {
  expect((await stageInWords(page)).length).toBeGreaterThan(2);
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  await expect(page.locator('[aria-live=polite]')).not.toBeEmpty();
});

test('of many things what people hear is told, then a broken promise, the end, and which run it is', { tag: '@once' }, async ({ page }) => {
  const told = page.locator('[role=status][aria-live=polite]').last();
  await expect(told).toBeEmpty();
  await scrub(page, 0.2);
  await page.keyboard.press('Home');
  await expect(told).toHaveText('Alice sets balance to 100 (#1).');
  await scrub(page, 0.28);
  // The last of all that had happened by then was that a follower wrote to its disk.
  await expect(told).toHaveText('Alice is told “done” for #2.');
  await page.getByRole('button', { name: 'Next broken promise' }).click();
  await expect(told).toContainText('Alice’s own write is missing.');
  await scrub(page, 1);
  await expect(told).toHaveText(/^The run is over: .* It broke 3 of the 7 promises that it tested/);
  await page.getByLabel('Seed').fill('8');
  await page.keyboard.press('Enter');
  await expect(told).toContainText('This started a new run from 0.');
  await page.getByRole('button', { name: 'Undo: back to the run before' }).click();
  await expect(told).toContainText('Back in “the story as it was”.');
});

test('the focus stays with whoever uses it', { tag: '@once' }, async ({ page }) => {
  const play = page.locator('.play');
  await page.keyboard.press('ArrowRight');
  for (const name of ['To the start', 'Next broken promise', 'Broken promise before']) {
    const button = page.getByRole('button', { name, exact: true });
    await button.focus();
    await page.keyboard.press('Enter');
    await expect(button).toBeFocused();
    await expect(button).toHaveAttribute('aria-disabled', 'true');
    await page.keyboard.press('ArrowRight');
  }
  await page.locator('[data-place=n1] .hit').focus();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Undo: back to the run before' }).focus();
  await page.keyboard.press('Enter');
  await expect(play).toBeFocused();

  await page.keyboard.press('l');
  await expect(page.getByRole('button', { name: 'On ▸' })).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(play).toBeFocused();

  await page.getByRole('link', { name: 'Words' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: 'Back to the run' }).focus();
  await page.keyboard.press('Enter');
  await expect(play).toBeFocused();
});

test('the theme can be chosen, and is kept', { tag: '@once' }, async ({ page }) => {
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground();
  await page.getByRole('button', { name: 'Dark' }).click();
  const dark = await ground();
  expect(dark).not.toBe(light);
  await page.reload();
  await expect(page.locator('[data-stage-ready]')).toBeVisible();
  expect(await ground()).toBe(dark);
});

test('nothing is wider than the screen, at 200 % too', async ({ page }) => {
  const overflow_px = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  await unfoldKnobs(page);
  expect(await overflow_px()).toBe(0);
  const { width, height } = page.viewportSize();
  await page.setViewportSize({ width: Math.max(320, Math.round(width / 2)), height: Math.round(height / 2) });
  expect(await overflow_px()).toBe(0);
});

test('what one touches on a phone is large enough', async ({ page, isMobile }) => {
  test.skip(!isMobile, 'a desk has a mouse');
  await unfoldKnobs(page);
  const small = await page.locator('button:visible, select:visible, input:visible, .stage .hit').evaluateAll((controls) =>
    controls
      .map((control) => ({ control, box: (control.closest('.segments label') ?? control).getBoundingClientRect() }))
      .filter(({ control, box }) => box.height < 40 && !control.matches('.link, .term, [type=file]'))
      .map(({ control, box }) => `${control.outerHTML.slice(0, 80)}: ${Math.round(box.height)} px`),
  );
  expect(small).toEqual([]);
});
