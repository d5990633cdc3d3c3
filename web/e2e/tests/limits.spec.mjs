// The page that says what is left out.
import { test, expect } from '../fixtures.mjs';
import { now_us, open, scrub } from '../helpers.mjs';

test('is reached from the top, and by its address; the run is where it was', async ({ page, axe }) => {
  await open(page);
  await scrub(page, 0.4);
  const at_us = await now_us(page);
  await page.getByRole('link', { name: 'What is left out' }).click();
  await expect(page.getByRole('heading', { level: 2, name: 'What this does not model' })).toBeInViewport();
  await expect(page.locator('main')).toBeFocused();
  await axe();
  expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(0);

  await page.getByRole('link', { name: 'Back to the run' }).click();
  await expect(page.locator('[data-stage-ready]')).toBeVisible();
  expect(await now_us(page)).toBe(at_us);
  await page.goBack();
  await expect(page.getByRole('heading', { name: 'What this does not model' })).toBeVisible();
});

test('says of each what is left out, why it may matter, and what there is instead', { tag: '@once' }, async ({ page }) => {
  await page.goto('./#limits');
  const limits = page.locator('.limit');
  await expect(limits.first()).toBeVisible();
  for (const limit of await limits.all()) {
    await expect(limit.getByRole('heading', { level: 4 })).not.toBeEmpty();
    await expect(limit.locator('dt')).toHaveText(['Why it may matter', 'Here instead']);
    for (const said of await limit.locator('p, dd').all()) await expect(said).toHaveText(/^[^a-z].*\.$/s);
  }
  for (const what of ['Transactions', 'Storage engines', 'Disks that lie', 'Nodes that lie', 'Membership', 'Clocks that drift', 'Connections']) {
    await expect(page.getByRole('heading', { level: 4, name: what })).toBeVisible();
  }
  // The keys of the run do nothing here.
  await page.keyboard.press('Space');
  await page.keyboard.press('ArrowRight');
  await page.getByRole('link', { name: 'Back to the run' }).click();
  expect(await now_us(page)).toBe(0);
});

test('back from a page one is at the story that one left, with what was made of it', { tag: '@once' }, async ({ page }) => {
  await page.goto('./#split-brain');
  const stage = page.locator('[data-run-title="Split brain"]');
  await expect(stage).toBeVisible({ timeout: 15_000 });
  await scrub(page, 0.5);
  const at_us = await now_us(page);
  for (const [link, name] of [['Judge a history', 'history'], ['Words', 'glossary'], ['What is left out', 'limits']]) {
    await page.getByRole('link', { name: link }).click();
    await expect(page).toHaveURL(new RegExp(`#${name}$`));
    await page.getByRole('link', { name: 'Back to the run' }).click();
    await expect(page).toHaveURL(/#split-brain$/);
    await expect(stage).toBeVisible();
    expect(await now_us(page)).toBe(at_us);
  }
});
