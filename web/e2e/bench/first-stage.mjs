// How long from navigation until the first stage is painted, five times with nothing cached.
//
// Prints one line of JSON: `{ "first_stage_ms": [...] }`, empty where no stage comes within ten seconds.
import { chromium } from '@playwright/test';
import { ARGUMENTS, executablePath } from '../chromium.mjs';
import { serve } from '../server.mjs';

const RUNS = 5;
const PATIENCE_MS = 10_000;

const site = await serve();
const browser = await chromium.launch({ executablePath: executablePath(), args: ARGUMENTS });
const first_stage_ms = [];
for (let run = 0; run < RUNS; run += 1) {
  const time_ms = await once();
  if (time_ms === undefined) break;
  first_stage_ms.push(time_ms);
}
await browser.close();
await site.close();
console.log(JSON.stringify({ first_stage_ms }));

async function once() {
  // A context of its own has a cache of its own.
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  await page.addInitScript(() => {
    const observer = new MutationObserver(() => {
      if (!document.querySelector('[data-stage-ready]')) return;
      observer.disconnect();
      // The frame after the next has painted what is there now.
      requestAnimationFrame(() => requestAnimationFrame(() => { window.stagePainted_ms = performance.now(); }));
    });
    observer.observe(document, { childList: true, subtree: true, attributes: true, attributeFilter: ['data-stage-ready'] });
  });
  await page.goto(site.url);
  const time_ms = await page
    .waitForFunction(() => window.stagePainted_ms, undefined, { timeout: PATIENCE_MS })
    .then((handle) => handle.jsonValue())
    .catch(() => undefined);
  await context.close();
  return time_ms && Math.round(time_ms);
}
