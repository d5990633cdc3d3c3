// Measures the core in the shipped wasm, in the browser, on the documents that the native bench uses.
//
// Prints one line of JSON, of the same shape as the native bench's.
import { readFileSync } from 'node:fs';
import { chromium } from '@playwright/test';
import { ARGUMENTS, executablePath } from '../chromium.mjs';
import { serve } from '../server.mjs';

const RUNS = 5;
const read = (name) => readFileSync(new URL(`../../../crates/replication/examples/bench/${name}.json`, import.meta.url), 'utf8');

const site = await serve();
const browser = await chromium.launch({ executablePath: executablePath(), args: ARGUMENTS });
const page = await browser.newPage();
await page.goto(site.url);
await page.waitForSelector('[data-stage-ready]');
const figures = {};
for (const name of ['busy-leader', 'busy-leaderless']) {
  const runs = [];
  for (let run = 0; run < RUNS; run += 1) runs.push(await call('bench_messages', read(name), 1));
  figures[name] = { messages_per_s: Math.max(...runs.map((run) => run.per_s)) };
}
figures['long-run'] = await call('bench_seek', read('long-run'), 1, 2000);
await browser.close();
await site.close();
console.log(JSON.stringify(figures));

function call(name, ...given) {
  return page.evaluate(async ([name, given]) => {
    const script = document.querySelector('script[data-js]').dataset.js;
    const core = await import(new URL(script, document.baseURI));
    return core[name](...given);
  }, [name, given]);
}
