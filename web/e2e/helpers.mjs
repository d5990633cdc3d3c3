// What several tests of the page do.
import { expect } from '@playwright/test';

/** Opens the page and waits until its stage is there. */
export async function open(page) {
  await page.goto('./');
  await expect(page.locator('[data-stage-ready]')).toBeVisible();
}

/** The cursor, in microseconds of model time. */
export async function now_us(page) {
  return Number(await page.locator('[data-now-us]').getAttribute('data-now-us'));
}

/** Goes to a place on the scrubber, 0 to 1. */
export async function scrub(page, share) {
  const scrubber = page.getByRole('slider', { name: 'Moment of the run' });
  const last = Number(await scrubber.getAttribute('max'));
  await scrubber.fill(String(Math.round(last * share)));
}

/** Plays at ten times the speed until the player stops by itself. */
export async function playFast(page) {
  await page.getByRole('slider', { name: 'Speed' }).fill('10');
  await page.locator('.play').click();
  await expect(page.locator('.play')).not.toHaveText('Pause', { timeout: 20_000 });
}

/** What the stage says, in words. */
export async function stageInWords(page) {
  return page.locator('.stage .unseen li').allTextContents();
}

/** Unfolds the knobs where they are folded away. */
export async function unfoldKnobs(page) {
  const fold = page.locator('.fold[aria-controls=knobs]');
  if (await fold.isVisible()) await fold.click();
}
