// Takes a picture of each shipped scenario at its most telling moment, on a desk and on a phone, by day and by night.
//
// `node pictures.mjs FOLDER [NAME ...]`: a NAME is that of a file in `scenarios/`, without its ending.
// Needs a built site; prints one line a scenario: its name, the moment, and why that one.
import { mkdir, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from '@playwright/test';
import { ARGUMENTS, executablePath } from './chromium.mjs';
import { settled, untilItStops } from './helpers.mjs';
import { serve } from './server.mjs';

const SCENARIOS = fileURLToPath(new URL('../../scenarios', import.meta.url));
const SIZES = { desk: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };
const PATIENCE_MS = 60_000;
// In how many places of the run its narration is looked for.
const PLACES = 100;
// How many broken promises are looked at for the one that the scenario expects.
const STOPS = 5;

const [folder, ...names] = process.argv.slice(2);
if (!folder) throw new Error('Where to? `node pictures.mjs FOLDER [NAME ...]`');
const all = (await readdir(SCENARIOS)).filter((file) => file.endsWith('.json')).map((file) => file.replace(/\.json$/, ''));
const unknown = names.filter((name) => !all.includes(name));
if (unknown.length > 0) throw new Error(`There is no scenario called ${unknown.join(', ')}.`);
await mkdir(folder, { recursive: true });
const site = await serve();
const browser = await chromium.launch({ executablePath: executablePath(), args: ARGUMENTS });
for (const name of names.length > 0 ? names : all.sort()) {
  for (const [size, viewport] of Object.entries(SIZES)) await pictures(name, size, viewport);
}
await browser.close();
await site.close();

async function pictures(name, size, viewport) {
  const scenario = JSON.parse(await readFile(join(SCENARIOS, `${name}.json`), 'utf8'));
  // What moves stands still half-way, so that the same moment gives the same picture.
  const page = await browser.newPage({ viewport, colorScheme: 'light' });
  page.setDefaultTimeout(PATIENCE_MS);
  await page.goto(`${site.url}#${name}`);
  await page.locator(`[data-run-title=${JSON.stringify(scenario.title)}] [data-stage-ready]`).waitFor();
  const why = await goToItsMoment(page, scenario);
  await settled(page);
  await page.evaluate(() => scrollTo(0, 0));
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: join(folder, `${name}-${size}-${colorScheme}.png`) });
  }
  if (size === 'desk') {
    const at_us = Number(await page.locator('[data-now-us]').getAttribute('data-now-us'));
    console.log(`${name}: ${(at_us / 1e6).toFixed(3)} s, ${why}`);
  }
  await page.close();
}

/** Where the promise that it expects to be broken first is broken; else what its narration tells last before the end; else a third of the way. */
async function goToItsMoment(page, scenario) {
  const scrubber = page.getByRole('slider', { name: 'Moment of the run' });
  const speed = page.getByRole('slider', { name: 'Speed' });
  const usual = await speed.inputValue();
  await speed.fill('10');
  const why = await breaks(page, scenario.expect?.broken?.[0]);
  await speed.fill(usual);
  await page.mouse.move(0, 0);
  if (why) return why;
  const last = Number(await scrubber.getAttribute('max'));
  const told = (scenario.narration ?? []).filter(({ on }) => on !== 'start' && on !== 'end').at(-1);
  if (told) {
    for (let place = 1; place < PLACES; place += 1) {
      await scrubber.fill(String(Math.round((last * place) / PLACES)));
      if ((await page.locator('.caption').innerText()).includes(told.say.slice(0, 30))) return `“${told.on}”`;
    }
  }
  await scrubber.fill(String(Math.round(last / 3)));
  return 'a third of the way';
}

/** Plays until this promise is broken, and says so; the page pauses by itself where one is, and at the end of the run. */
async function breaks(page, promise) {
  const title = promise?.replaceAll('_', ' ').replace('acked', 'acknowledged');
  const play = page.locator('.play');
  for (let stop = 0; stop < STOPS; stop += 1) {
    await untilItStops(page, () => play.click());
    if ((await page.locator('.paused-note').count()) === 0) return undefined;
    if (!title) return 'its first broken promise';
    const card = await page.locator('.violation-card').innerText();
    if (card.toLowerCase().includes(title)) return title;
  }
  return undefined;
}
