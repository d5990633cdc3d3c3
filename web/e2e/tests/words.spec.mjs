// The words of the field: explained where they are met, listed in a glossary, and the stage’s shapes in a legend.
import { test, expect } from '../fixtures.mjs';
import { open, unfoldKnobs } from '../helpers.mjs';

test('a word says what it means, beside where it stands', async ({ page, axe, isMobile }) => {
  await open(page);
  await unfoldKnobs(page);
  const word = page.locator('#done .term').first();
  const term = await word.innerText();
  await word.click();
  const card = page.getByRole('dialog');
  await expect(card).toBeVisible();
  await expect(card.getByRole('heading')).toHaveText(new RegExp(term.slice(0, 4), 'i'));
  await expect(card).toBeFocused();
  const [box, at] = [await card.boundingBox(), await word.boundingBox()];
  const { width, height } = page.viewportSize();
  expect(box.x).toBeGreaterThanOrEqual(0);
  expect(box.x + box.width).toBeLessThanOrEqual(width);
  expect(box.y).toBeGreaterThanOrEqual(0);
  expect(box.y + box.height).toBeLessThanOrEqual(height);
  const covers = box.x < at.x + at.width && at.x < box.x + box.width && box.y < at.y + at.height && at.y < box.y + box.height;
  expect(covers, 'the card stands beside the word').toBe(false);
  await axe();

  await page.keyboard.press('Escape');
  await expect(card).toHaveCount(0);
  await expect(word).toBeFocused();
  if (isMobile) return;
  // The same word once more, by keyboard.
  await page.keyboard.press('Enter');
  await expect(card).toBeVisible();
  await page.mouse.click(width / 2, 4);
  await expect(card).toHaveCount(0);
});

test('time waits for who looks up a word of what is told', async ({ page, axe }) => {
  await page.goto('./#two-titles');
  const word = page.locator('[data-run-title^="Two titles"] .caption .term').first();
  await expect(word).toHaveText('leaders');
  await page.locator('.play').click();
  await expect(page.locator('.play')).toHaveText('Pause');
  await word.click();
  await expect(page.getByRole('dialog')).toContainText('The replica that takes writes');
  await expect(page.locator('.play')).toHaveText('Play');
  await axe();
  await page.keyboard.press('Escape');
  await expect(word).toBeFocused();
});

test('the glossary has every word, in order', async ({ page, axe }) => {
  await page.goto('./#glossary');
  await expect(page.getByRole('heading', { name: 'What the words mean' })).toBeVisible();
  const names = await page.locator('.glossary dt').allInnerTexts();
  expect(names.length).toBeGreaterThan(50);
  expect(names).toEqual([...names].sort((one, other) => (one.toLowerCase() < other.toLowerCase() ? -1 : 1)));
  await axe();
  await page.getByRole('link', { name: 'Back to the run' }).click();
  await expect(page.locator('[data-stage-ready]')).toBeVisible();
});

test('help shows what is what on the stage', async ({ page, axe }) => {
  await open(page);
  await page.keyboard.press('?');
  const help = page.getByRole('dialog', { name: 'Help' });
  await expect(help.locator('.legend dt svg')).not.toHaveCount(0);
  await expect(help).toContainText('A client’s write.');
  await expect(help).toContainText('Another one leads from here on.');
  const sizes = await help.locator('.legend dt svg > *').evaluateAll((drawn) => drawn.map((each) => each.getBBox()));
  expect(sizes.filter(({ width, height }) => width < 2 || height < 2)).toEqual([]);
  await axe();
});
