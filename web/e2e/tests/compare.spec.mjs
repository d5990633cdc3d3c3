// Two runs side by side: one cursor, where they part, and what came of each.
import { test, expect } from '../fixtures.mjs';
import { documentOf, fingerprints, now_us, playFast, scrub, untilItStops } from '../helpers.mjs';

test.beforeEach(async ({ page }) => {
  await page.goto('./#leader-crash-async');
  await expect(page.locator('[data-run-title]')).toHaveAttribute('data-run-title', 'The leader crashes: async', { timeout: 15_000 });
  await expect(page.locator('[data-stage-ready]')).toBeVisible();
});

async function beside(page, name) {
  await page.getByRole('button', { name: 'Compare', exact: true }).click();
  await page.getByRole('button', { name }).click();
  await expect(page.locator('[data-stage-ready]')).toHaveCount(2);
  await expect(page.locator('.outcome table.different')).toBeVisible({ timeout: 15_000 });
}

const sides = (page, selector) => page.locator(`.side ${selector}`);

test('async beside semi-sync, under the same crash, in two clicks', async ({ page, axe }) => {
  const story = await documentOf(page);
  await page.getByRole('button', { name: 'Compare', exact: true }).click();
  await axe();
  await page.getByRole('button', { name: /^Semi-sync/ }).click();
  await expect(page.locator('[data-stage-ready]')).toHaveCount(2);

  await expect(page.locator('select.left option:checked')).toHaveText('Async: the leader alone (the story as it was)');
  const lost = page.getByRole('row', { name: /^acknowledged writes lost/ });
  await expect(lost.getByRole('cell')).toHaveText(['1', '0'], { timeout: 15_000 });
  await expect(page.locator('.parting-words')).toContainText(/The same until .*in the first run, L says “done” for #1; in the second that comes at/);
  await page.getByRole('button', { name: 'Go there' }).click();
  const parted_us = await now_us(page);
  expect(parted_us).toBeGreaterThan(0);
  // The leader is crashed on both sides, and only one of them has lost what it said was done.
  await scrub(page, 0.32);
  await expect(sides(page, '[data-place=n0].down')).toHaveCount(2);
  await axe();

  await page.locator('.outcome summary').click();
  const [left, right] = await page.locator('[data-fingerprint]').allTextContents();
  expect(left).toBe((await fingerprints(page, story, [story.seed]))[0]);
  const changed = structuredClone(story);
  changed.protocol.ack = { mode: 'semi_sync', k: 1, timeout_ms: 1000 };
  expect(right).toBe((await fingerprints(page, changed, [story.seed]))[0]);
});

test('both are on one cursor: played, stepped and scrubbed', async ({ page }) => {
  await beside(page, /^Quorum/);
  await scrub(page, 0.15);
  const words = () => sides(page, '.stage .unseen').allTextContents();
  const settled = async () => {
    for (const twin of await sides(page, '.stage .unseen').all()) await expect(twin).toHaveAttribute('data-at-us', String(await now_us(page)));
    return words();
  };
  const at_first = await settled();
  await page.getByRole('button', { name: 'step ▸' }).click();
  await page.getByRole('button', { name: 'step ▸' }).click();
  const later = await settled();
  expect(later[0]).not.toEqual(at_first[0]);
  await scrub(page, 0.15);
  expect(await settled()).toEqual(at_first);
  await page.locator('.play').click();
  await expect.poll(words).not.toEqual(at_first);
  // It stops by itself where the left one breaks its first promise, which the right one keeps.
  await expect(page.getByText('Paused: a promise was broken.')).toBeVisible({ timeout: 20_000 });
  await expect(sides(page, '.node.bad, .person.bad').first()).toBeVisible();
});

test('both stages are seen at once, above the player', async ({ page }) => {
  await beside(page, /^Semi-sync/);
  await page.locator('.compare').evaluate((compare) => compare.scrollIntoView());
  const player = await page.locator('.compare .player').boundingBox();
  const boxes = [];
  for (const place of await page.locator('.side [data-place]').all()) boxes.push(await place.boundingBox());
  expect(boxes.length).toBe(10);
  expect(Math.min(...boxes.map(({ y }) => y))).toBeGreaterThan(0);
  expect(Math.max(...boxes.map(({ y, height }) => y + height))).toBeLessThan(player.y);
});

test('a promise that the second run breaks is lit there, and told', { tag: '@once' }, async ({ page }) => {
  await beside(page, /^Sync/);
  await page.getByRole('button', { name: /^Go on with “/ }).click();
  await page.getByRole('button', { name: 'Compare this run with: the story as it was' }).click();
  await expect(page.locator('[data-stage-ready]')).toHaveCount(2);
  await playFast(page);
  const [first, second] = ['First run', 'Second run'].map((name) => page.getByRole('region', { name }));
  const lost = 'An acknowledged write is gone.';
  await expect(second.locator('.bad').first()).toBeVisible();
  await expect(second.locator('.says')).toContainText(lost);
  await expect(first.locator('.bad')).toHaveCount(0);
  await expect(page.locator('[role=status][aria-live=polite]').last()).toContainText(`Paused. In the second run: ${lost}`);
});

test('the lecture view shows both runs, and in the end what came of them', { tag: '@once' }, async ({ page, axe }) => {
  await beside(page, /^Sync/);
  await page.getByRole('slider', { name: 'Speed' }).fill('10');
  await page.getByRole('button', { name: 'Lecture' }).click();
  await expect(page.locator('.lecture-bar')).toBeVisible();
  await expect(page.locator('.outcome')).toHaveCount(0);
  await axe();

  const on = page.getByRole('button', { name: 'On ▸' });
  const stops = [await now_us(page)];
  while (await on.isEnabled()) {
    await untilItStops(page, () => page.keyboard.press('PageDown'));
    stops.push(await now_us(page));
    expect(stops.at(-1)).toBeGreaterThan(stops.at(-2));
  }
  expect(stops.length).toBeGreaterThan(4);
  await expect(page.locator('.outcome table.different')).toBeInViewport({ ratio: 0.99 });
  await axe();

  await page.keyboard.press('PageUp');
  expect(await now_us(page)).toBe(stops.at(-2));
  await expect(page.locator('.outcome')).toHaveCount(0);
  for (const stage of await page.locator('.side .stage').all()) await expect(stage).toBeInViewport({ ratio: 0.99 });
  await page.keyboard.press('Escape');
  await expect(page.locator('.lecture-bar')).toHaveCount(0);
  await expect(page.locator('.side .stage')).toHaveCount(2);
});

test('one goes on with the right one, and finds the left one among the branches', async ({ page }) => {
  await beside(page, /^Sync/);
  await scrub(page, 0.1);
  const at_us = await now_us(page);
  await page.getByRole('button', { name: /^Go on with “/ }).click();
  await expect(page.locator('[data-stage-ready]')).toHaveCount(1);
  expect(await now_us(page)).toBe(at_us);
  const runs = page.getByRole('region', { name: 'Runs of this story' });
  await expect(runs.locator('[aria-current]')).toContainText('With: Sync');
  await runs.getByRole('button', { name: 'Compare this run with: the story as it was' }).click();
  await expect(page.locator('select.right option:checked')).toHaveText('the story as it was');
  await page.keyboard.press('Escape');
  await expect(page.locator('.play')).toBeFocused();
});

test.describe('where others have their turn before a rendering is done with', { tag: '@once' }, () => {
  test.use({ interrupted: true });

  test('who is back at once has the focus on the player, too', async ({ page }) => {
    await page.evaluate(() => {
      const observer = new MutationObserver(() => {
        if (!document.querySelector('main.compare')) return;
        observer.disconnect();
        document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }));
      });
      observer.observe(document, { childList: true, subtree: true });
    });
    await page.getByRole('button', { name: 'Compare', exact: true }).click();

    await expect(page.locator('.play')).toBeFocused();
  });
});
