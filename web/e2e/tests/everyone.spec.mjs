// Nothing that keeps people out: every page, in every state that one may be in, by day and by night, on a desk and on a phone.
import { test, expect } from '../fixtures.mjs';
import { open, playFast, unfoldKnobs } from '../helpers.mjs';

for (const [address, heading] of [
  ['#limits', /does not model/],
  ['#history', /history/i],
  ['#glossary', /words mean/],
]) {
  test(`nothing keeps people out of ${address}`, async ({ page, axe }) => {
    await page.goto(`./${address}`);
    await expect(page.getByRole('heading', { level: 2 }).filter({ hasText: heading })).toBeVisible();
    await axe();
  });
}

test('nothing keeps people out where a promise was broken, with everything unfolded', async ({ page, axe }) => {
  await open(page);
  await unfoldKnobs(page);
  const diagram = page.getByRole('button', { name: 'Who sent what to whom, and when' });
  if ((await diagram.getAttribute('aria-expanded')) === 'false') await diagram.click();
  const folded = page.locator('.knobs details:not([open]) > summary');
  while ((await folded.count()) > 0) await folded.first().click();
  await playFast(page);
  await axe();
});

test('nothing keeps people out of what can be opened', async ({ page, axe }) => {
  await open(page);
  await page.locator('[data-place=n1] .hit').click();
  await expect(page.getByRole('dialog')).toBeVisible();
  await axe();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Open or edit…' }).click();
  await expect(page.getByRole('dialog')).toBeVisible();
  await axe();
});

test('nothing keeps people out of the lecture view', async ({ page, axe, isMobile }) => {
  test.skip(isMobile, 'nobody shows a phone to a room');
  await open(page);
  await page.keyboard.press('l');
  await expect(page.locator('.lecture-bar')).toBeVisible();
  await axe();
});
