// The story as a visitor meets it: one sentence, one button, a broken promise and its card.
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { test, expect } from '../fixtures.mjs';
import { now_us, open, playFast, scrub, stageInWords } from '../helpers.mjs';

test.beforeEach(({ page }) => open(page));

test('opens on the double transfer, with one sentence and one button', async ({ page, axe }) => {
  await expect(page.getByRole('combobox', { name: 'Story' })).toHaveValue('double-transfer');
  await expect(page.locator('.caption h2')).not.toBeEmpty();
  await expect(page.getByRole('button', { name: 'Play', exact: true })).toBeVisible();
  await expect(page.getByRole('button', { name: /Alice/ }).first()).toBeVisible();
  await axe();
});

test('pauses by itself where the promise is broken, and says who was told what', async ({ page, axe }) => {
  await playFast(page);

  await expect(page.getByText('Paused: a promise was broken.')).toBeVisible();
  const card = page.locator('.violation-card');
  await expect(card.getByRole('heading')).toContainText('Alice');
  await expect(card).toContainText('“done”');
  await expect(card).toContainText('Read your writes');
  const moment = (await page.locator('[data-now-us]').textContent()).replace('t = ', '');
  await expect(card).toContainText(`at ${moment}`);
  await expect(page.locator('.promise.broken').first()).toContainText('Read your writes');
  await expect(page.locator('.node.bad')).toHaveCount(1);
  await axe();

  // Slow enough not to be over before one looks.
  await page.getByRole('slider', { name: 'Speed' }).fill('3');
  await card.getByRole('button', { name: 'Go on' }).click();
  await expect(page.locator('.play')).toHaveText('Pause');
});

test('time stops where each promise is first broken, and who jumps there is told so', { tag: '@once' }, async ({ page }) => {
  await page.goto('./#split-brain');
  await expect(page.locator('[data-run-title="Split brain"] [data-stage-ready]')).toBeVisible();
  const card = page.locator('.violation-card');
  const stops_us = [];
  const told = new Set();
  for (;;) {
    await playFast(page);
    if ((await page.locator('.paused-note').count()) === 0) break;
    stops_us.push(await now_us(page));
    const time = await card.locator('.time').first().innerText();
    for (const name of [time.split(' · ')[0], ...(await card.locator('.also button').allInnerTexts())]) told.add(name);
  }
  expect(stops_us.length).toBeGreaterThan(1);
  expect(stops_us).toEqual([...new Set(stops_us)].sort((one, other) => one - other));
  const broken = await page.locator('button.promise.broken .title').allInnerTexts();
  expect([...told].sort()).toEqual(broken.sort());

  await page.getByRole('button', { name: 'Broken promise before' }).click();
  expect(await now_us(page)).toBe(stops_us.at(-1));
  await expect(page.getByText('Here a promise is broken.')).toBeVisible();
  await page.getByRole('button', { name: '◂ step' }).click();
  await expect(page.getByText('Here a promise is broken.')).toHaveCount(0);
});

test('that a promise was broken comes into sight on a small screen too', async ({ page }) => {
  await page.setViewportSize({ width: page.viewportSize().width, height: 620 });
  await playFast(page);
  await expect(page.locator('.paused-note')).toBeInViewport({ ratio: 1 });
  await expect(page.locator('[data-place=n2] .body')).toBeInViewport({ ratio: 1 });
});

test('a broken promise leads to its moment', async ({ page }) => {
  await playFast(page);
  const broken_us = await now_us(page);
  await scrub(page, 1);
  expect(await now_us(page)).toBeGreaterThan(broken_us);

  await page.locator('button.promise.broken').first().click();
  expect(await now_us(page)).toBe(broken_us);
  await expect(page.locator('.node.bad')).toHaveCount(1);
  await expect(page.locator('.node.bad')).toBeInViewport();
});

test('a step back restores what was there', async ({ page }) => {
  await scrub(page, 0.08);
  const before = { at_us: await now_us(page), words: await stageInWords(page) };
  const step = page.getByRole('button', { name: 'step ▸' });
  const back = page.getByRole('button', { name: '◂ step' });
  await step.click();
  const first = { at_us: await now_us(page), words: await stageInWords(page) };
  expect(first.at_us).toBeGreaterThan(before.at_us);
  for (let i = 0; i < 5; i += 1) await step.click();
  for (let i = 0; i < 5; i += 1) await back.click();
  expect(await now_us(page)).toBe(first.at_us);
  expect(await stageInWords(page)).toEqual(first.words);
});

test('the scrubber goes anywhere', async ({ page }) => {
  await scrub(page, 1);
  const end_us = await now_us(page);
  await expect(page.locator('.play')).toHaveText('Play again');
  await scrub(page, 0.5);
  expect(await now_us(page)).toBeLessThan(end_us);
  await page.getByRole('button', { name: 'To the start' }).click();
  expect(await now_us(page)).toBe(0);
});

test('a click in the diagram goes to its moment', async ({ page, axe }) => {
  const unfold = page.getByRole('button', { name: 'Who sent what to whom, and when' });
  if ((await unfold.getAttribute('aria-expanded')) === 'false') await unfold.click();
  const lanes = page.locator('.lanes');
  await expect(lanes.locator('.lane')).toHaveCount(4);
  const { width, height } = await lanes.boundingBox();
  await lanes.click({ position: { x: width * 0.6, y: height / 2 } });
  expect(await now_us(page)).toBeGreaterThan(500_000);
  await axe();
});

test('a chip is drawn where its record says', async ({ page }) => {
  // Somewhere in the run something is on the wire.
  let chips = [];
  for (let share = 0.02; share < 1 && chips.length < 2; share += 0.01) {
    await scrub(page, share);
    chips = await page.locator('.chip').evaluateAll((groups) =>
      groups.map((group) => {
        const { e: x, f: y } = group.transform.baseVal.getItem(0).matrix;
        return { way: group.dataset.way.split(' ').map(Number), x, y };
      }),
    );
  }
  expect(chips.length).toBeGreaterThan(1);
  const now = await now_us(page);
  for (const { way: [x0, y0, x1, y1, x2, y2, sentUs, flightUs, endsUs], x, y } of chips) {
    const t = (Math.min(now, endsUs) - sentUs) / flightUs;
    const on = (a, b, c) => (1 - t) ** 2 * a + 2 * (1 - t) * t * b + t ** 2 * c;
    expect(x).toBeCloseTo(on(x0, x1, x2), 1);
    expect(y).toBeCloseTo(on(y0, y1, y2), 1);
  }
});

test('every shipped scenario is a story of the menu under its chapter, and opens', { tag: '@once' }, async ({ page }) => {
  // Some sixty stories, one after another.
  test.slow();
  const folder = fileURLToPath(new URL('../../../scenarios', import.meta.url));
  const names = (await readdir(folder)).filter((file) => file.endsWith('.json'));
  const story = page.getByRole('combobox', { name: 'Story' });
  const listed = await story.locator('option').evaluateAll((options) => options.map((option) =>
    ({ file: option.value, title: option.textContent, chapter: option.parentElement.label })));
  expect(listed.map(({ file }) => `${file}.json`).sort()).toEqual(names.sort());
  for (const { file, title, chapter } of listed) {
    const written = JSON.parse(await readFile(`${folder}/${file}.json`, 'utf8'));
    expect({ title, chapter }).toEqual({ title: written.title, chapter: written.chapter });
    await story.selectOption(file);
    // Its text comes as a file: what one chose is there before the run is.
    await expect(page.locator('[data-run-title]')).toHaveAttribute('data-run-title', title);
    await expect(story).toHaveValue(file);
    await expect(page.getByRole('alert')).toHaveCount(0);
    await scrub(page, 0.6);
    expect(await now_us(page)).toBeGreaterThan(0);
  }
});

test('the address names the story, and a link to it opens it', { tag: '@once' }, async ({ page }) => {
  const story = page.getByRole('combobox', { name: 'Story' });
  await story.selectOption('two-titles');
  await expect(page).toHaveURL(/#two-titles$/);
  await expect(story).toHaveValue('two-titles');
  await page.goBack();
  await page.goto('./#split-brain');
  await expect(story).toHaveValue('split-brain');
});

test('paused, nothing runs', { tag: '@once' }, async ({ page }) => {
  const frames = () => page.evaluate(() => new Promise((resolve) => {
    const ask = window.requestAnimationFrame;
    let asked = 0;
    window.requestAnimationFrame = (callback) => { asked += 1; return ask.call(window, callback); };
    setTimeout(() => { window.requestAnimationFrame = ask; resolve(asked); }, 400);
  }));
  await expect.poll(frames).toBe(0);
  await page.locator('.play').click();
  await expect.poll(frames).toBeGreaterThan(3);
  await page.locator('.play').click();
  await expect.poll(frames).toBe(0);
});

test.describe('where motion is reduced', { tag: '@once' }, () => {
  test.use({ contextOptions: { reducedMotion: 'reduce' } });

  test('time goes from event to event', async ({ page }) => {
    await page.locator('.play').click();
    const from_ms = performance.now();
    const moments = new Set();
    for (let i = 0; i < 20; i += 1) {
      moments.add(await now_us(page));
      await page.waitForTimeout(100);
    }
    // Each event stays on the screen for 900 ms, and nothing is shown between two.
    const stays = (performance.now() - from_ms) / 900;
    expect(moments.size).toBeGreaterThan(1);
    expect(moments.size).toBeLessThanOrEqual(Math.ceil(stays) + 1);
  });
});

test.describe('where others have their turn before a rendering is done with', { tag: '@once' }, () => {
  test.use({ interrupted: true });

  test('who goes on as soon as time has stopped goes on', async ({ page }) => {
    await page.evaluate(() => {
      const observer = new MutationObserver(() => {
        if (document.querySelector('.play').textContent !== 'Go on') return;
        observer.disconnect();
        globalThis.stopped_us = Number(document.querySelector('[data-now-us]').dataset.nowUs);
        document.body.dispatchEvent(new KeyboardEvent('keydown', { key: ' ', bubbles: true }));
      });
      observer.observe(document, { childList: true, subtree: true, characterData: true });
    });
    await page.getByRole('slider', { name: 'Speed' }).fill('10');
    await page.locator('.play').click();

    await expect.poll(() => page.evaluate(() => globalThis.stopped_us ?? 0)).toBeGreaterThan(0);
    const stopped_us = await page.evaluate(() => globalThis.stopped_us);
    await expect.poll(() => now_us(page)).toBeGreaterThan(stopped_us);
  });
});
