// What several tests of the page do.
import { expect } from '@playwright/test';

/** Opens the page and waits until its stage is there. */
export async function open(page) {
  await page.goto('./');
  await expect(page.locator('[data-stage-ready]')).toBeVisible();
}

/**
 * The cursor, in microseconds of model time, when what was asked for last is drawn: that is by the frame after the next, or
 * with a timer that was set before, where Yew took long and has put something off.
 */
export async function now_us(page) {
  await page.evaluate(async () => {
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    await frame();
    await frame();
    await new Promise((done) => setTimeout(done));
  });
  return Number(await page.locator('[data-now-us]').getAttribute('data-now-us'));
}

/** Waits until all of the page shows the moment at the cursor: what is read follows what is watched. */
export async function settled(page) {
  const results = page.locator('.results');
  if (await results.count()) await expect(results).toHaveAttribute('data-at-us', String(await now_us(page)));
}

/** Goes to a place on the scrubber, 0 to 1. */
export async function scrub(page, share) {
  const scrubber = page.getByRole('slider', { name: 'Moment of the run' });
  const last = Number(await scrubber.getAttribute('max'));
  await scrubber.fill(String(Math.round(last * share)));
  await settled(page);
}

/** Has time begin to run, by what `start` does, and waits until it stops by itself: it has run when the cursor has moved. */
export async function untilItStops(page, start) {
  const before = await page.locator('[data-now-us]').getAttribute('data-now-us');
  await start();
  await expect(page.locator('[data-now-us]')).not.toHaveAttribute('data-now-us', before, { timeout: 20_000 });
  await expect(page.locator('.play')).not.toHaveText('Pause', { timeout: 20_000 });
}

/** Plays at ten times the speed until the player stops by itself. */
export async function playFast(page) {
  await page.getByRole('slider', { name: 'Speed' }).fill('10');
  await untilItStops(page, () => page.locator('.play').click());
}

/** Asks what would have kept the promise that the card tells of, and waits for all answers. */
export async function search(page) {
  await page.getByRole('button', { name: 'What would fix it?' }).click();
  await expect(page.locator('.fixes [role=status]')).toContainText('kept it', { timeout: 20_000 });
}

/** Presses Tab until the focus is where `selector` says, on something that says `words`. */
export async function tabTo(page, selector, words = '') {
  const isThere = ([selector, words]) => {
    const focused = document.activeElement;
    return focused?.matches(selector) && (focused.textContent ?? '').includes(words);
  };
  for (let i = 0; i < 160; i += 1) {
    await page.keyboard.press('Tab');
    if (await page.evaluate(isThere, [selector, words])) return;
  }
  throw new Error(`Tab never comes to ${selector} ${words}`);
}

/** What the stage says, in words, where time stands still: a moment after one has come to where one stays. */
export async function stageInWords(page) {
  await expect(page.locator('.stage .unseen').first()).toHaveAttribute('data-at-us', String(await now_us(page)));
  return page.locator('.stage .unseen li').allTextContents();
}

/** Unfolds the knobs where they are folded away. */
export async function unfoldKnobs(page) {
  const fold = page.locator('.fold[aria-controls=knobs]');
  if (await fold.isVisible()) await fold.click();
}

/** The scenario that is run, as its text says. */
export async function documentOf(page) {
  await page.getByRole('button', { name: 'Open or edit…' }).click();
  const text = await page.getByRole('textbox', { name: 'Scenario, as JSON' }).inputValue();
  await page.keyboard.press('Escape');
  return JSON.parse(text);
}

/** Runs a scenario of one's own in place of what is there. */
export async function load(page, document) {
  await page.getByRole('button', { name: 'Open or edit…' }).click();
  await page.getByRole('textbox', { name: 'Scenario, as JSON' }).fill(JSON.stringify(document));
  await page.getByRole('button', { name: 'Run this' }).click();
  await expect(page.getByRole('dialog')).toHaveCount(0);
}

/** The fingerprints of runs to their ends, in the page's own core. */
export async function fingerprints(page, document, seeds) {
  return page.evaluate(async ([text, seeds]) => {
    const script = globalThis.document.querySelector('script[data-js]').dataset.js;
    const core = await import(new URL(script, globalThis.document.baseURI));
    return seeds.map((seed) => core.fingerprint(text, seed));
  }, [JSON.stringify(document), seeds]);
}
