// The space-time diagram: one zooms, drags and points into it, walks through it by keyboard, and reads it as text.
import { test, expect } from '../fixtures.mjs';
import { now_us, open, scrub } from '../helpers.mjs';

test.beforeEach(async ({ page }) => {
  await open(page);
  // All of the run is known, and the cursor is in the midst of it.
  await scrub(page, 1);
  await scrub(page, 0.3);
  const unfold = page.getByRole('button', { name: 'Who sent what to whom, and when' });
  if ((await unfold.getAttribute('aria-expanded')) === 'false') await unfold.click();
  await expect(page.locator('.lane').first()).toBeAttached();
});

const button = (page, name) => page.getByRole('group', { name: 'Diagram' }).getByRole('button', { name });

// Where a client's writes leave, from left to right: more of them are seen in a longer stretch.
const starts = (page) => page.locator('.slant-number').evaluateAll((numbers) =>
  numbers.map((number) => [number.textContent, Math.round(number.getBoundingClientRect().right)]));

test('buttons, keys and the wheel zoom and move what is seen, and the cursor stays', async ({ page, isMobile, axe }) => {
  const at_us = await now_us(page);
  const whole = await starts(page);
  expect(whole.length).toBeGreaterThan(1);
  await button(page, 'Zoom in').click();
  await expect.poll(() => starts(page)).not.toEqual(whole);
  await button(page, 'Zoom out').click();
  await expect.poll(() => starts(page)).toEqual(whole);

  const lanes = page.locator('.lanes');
  await lanes.focus();
  await page.keyboard.press('+');
  await expect.poll(() => starts(page)).not.toEqual(whole);
  const near = await starts(page);
  await page.keyboard.press('Shift+ArrowRight');
  await expect.poll(() => starts(page)).not.toEqual(near);
  await expect(button(page, 'Follow')).toHaveAttribute('aria-pressed', 'false');
  await page.keyboard.press('0');
  await expect.poll(() => starts(page)).toEqual(whole);
  await button(page, 'Follow').click();
  await expect(button(page, 'Follow')).toHaveAttribute('aria-pressed', 'true');

  if (!isMobile) {
    await lanes.hover();
    await page.keyboard.down('Control');
    await page.mouse.wheel(0, -200);
    await page.keyboard.up('Control');
    await expect.poll(() => starts(page)).not.toEqual(whole);
  }
  expect(await now_us(page)).toBe(at_us);
  await axe();
});

test('dragging moves what is seen, and is no click', { tag: '@once' }, async ({ page }) => {
  await button(page, 'Zoom in').click();
  const at_us = await now_us(page);
  const before = await page.locator('.lanes .cursor-line').boundingBox();
  const { x, y, width, height } = await page.locator('.lanes').boundingBox();
  await page.mouse.move(x + 0.5 * width, y + 0.9 * height);
  await page.mouse.down();
  await page.mouse.move(x + 0.5 * width - 40, y + 0.9 * height, { steps: 4 });
  await page.mouse.up();
  await expect.poll(async () => before.x - (await page.locator('.lanes .cursor-line').boundingBox()).x).toBeGreaterThan(20);
  expect(await now_us(page)).toBe(at_us);
});

test('long quiet is folded, says how long it is, and unfolds', async ({ page }) => {
  await expect(page.locator('.break').first()).toContainText(/\d m?s/);
  const apart = async () => (await starts(page)).map(([, x]) => x).reduce((one, other) => other - one);
  const folded = await apart();
  await button(page, 'Fold quiet').click();
  await expect(page.locator('.break')).toHaveCount(0);
  expect(await apart()).not.toBe(folded);
});

test('by keyboard one goes from message to message, in words, and to its moment', async ({ page, axe }) => {
  await scrub(page, 0);
  const lanes = page.locator('.lanes');
  await lanes.focus();
  await page.keyboard.press('ArrowDown');
  const chosen = lanes.getByRole('option', { selected: true });
  await expect(chosen).toHaveText(/^0\.000 s: Alice sends L the request to write #1; it arrives .* later, at /);
  await expect(page.locator('.tip')).toHaveText(await chosen.textContent());
  await expect(page.locator('.slant.chosen')).toHaveCount(1);
  // What came of it is lit, and what did not is not.
  expect(await page.locator('.things.lit .slant').count()).toBeGreaterThan(2);
  expect(await page.locator('.things.dimmed .slant').count()).toBeGreaterThan(0);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowUp');
  // Three keys, and none is lost where they are faster than what is drawn.
  const second = await lanes.getByRole('option').nth(1).textContent();
  await expect(chosen).toHaveText(second);
  await page.keyboard.press('Enter');
  const second_ms = Math.round(Number(second.split(' ')[0]) * 1000);
  await expect.poll(async () => Math.round((await now_us(page)) / 1000)).toBe(second_ms);
  const at_us = await now_us(page);
  // Left and right remain the page's.
  await page.keyboard.press('ArrowRight');
  expect(await now_us(page)).toBeGreaterThan(at_us);
  await axe();
});

test('a bracket goes to its violation, whose evidence is joined and lit', async ({ page, axe }) => {
  const chip = page.locator('.bracket rect').first();
  await chip.scrollIntoViewIfNeeded();
  const { x, y, width, height } = await chip.boundingBox();
  const at = [x + width / 2, y + height / 2];
  await page.mouse.click(...at);
  await expect(page.locator('.violation-card')).toBeVisible();
  await expect(page.locator('.evidence circle').nth(1)).toBeAttached();
  await expect(page.locator('.things.lit .slant').first()).toBeAttached();
  const [broken, text] = await page.locator('.bracket').first().evaluate((bracket) => [bracket.dataset.violation, bracket.textContent]);
  expect(broken).toBe('0');
  await expect(page.locator('.violation-card .time').first()).toContainText(text.replace(' ✗', ''));
  await axe();
});

test('all of it can be read as text', async ({ page, axe }) => {
  await button(page, 'As text').click();
  const lines = page.locator('.told li');
  await expect(lines.first()).toBeVisible();
  expect(await lines.count()).toBeGreaterThan(10);
  const moments = (await lines.allTextContents()).map((line) => Number(line.split(' ')[0]));
  expect(moments).toEqual(moments.toSorted((one, other) => one - other));
  await expect(page.locator('.told .broken').first()).toContainText('Broken: ');
  await axe();
  await lines.nth(5).click();
  expect(Math.round((await now_us(page)) / 1000)).toBe(Math.round(moments[5] * 1000));
});
