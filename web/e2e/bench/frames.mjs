// What the page costs its main thread, by the browser's own trace: playing, scrubbing and standing still; and
// whether memory stays as it is when a long run is played to its end and back.
//
// Prints one line of JSON. Times of frames are of script, style, layout and paint together: whole tasks of the main thread, in
// the time that the thread had a processor. What it waits for one is the machine's affair; `waited_percent` says how much of
// all that was, and figures of a machine that waits much are too high all the same: what others run spoils its caches.
import { readFileSync } from 'node:fs';
import { chromium } from '@playwright/test';
import { ARGUMENTS, executablePath } from '../chromium.mjs';
import { load, open } from '../helpers.mjs';
import { serve } from '../server.mjs';

const PLAYED_MS = 6000;
const STILL_MS = 3000;
const SCRUBS = 300;
const ROUNDS = 10;
const CATEGORIES = ['toplevel', 'blink.user_timing', 'devtools.timeline', 'disabled-by-default-devtools.timeline'];

const site = await serve();
const browser = await chromium.launch({ executablePath: executablePath(), args: ARGUMENTS });
const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, baseURL: site.url });
const page = await context.newPage();
// The module's memory is its own affair, and so is seen only from where it is made.
await page.addInitScript(() => {
  for (const name of ['instantiate', 'instantiateStreaming']) {
    const made = WebAssembly[name];
    WebAssembly[name] = async (...given) => {
      const result = await made.apply(WebAssembly, given);
      globalThis.wasmMemory = (result.instance ?? result).exports.memory;
      return result;
    };
  }
});
const cdp = await context.newCDPSession(page);
const tracing = await browser.newBrowserCDPSession();
const figures = {
  bare: await bare(0),
  chips: await bare(200),
  crowded: await played('crowded'),
  calm: await played('calm'),
  still: await still(),
  long: await long(),
};
await browser.close();
await site.close();
console.log(JSON.stringify(figures));

/** What frames cost on this machine whatever the page does: a frame loop, and chips that it moves, on an empty page. */
async function bare(count) {
  await page.goto('about:blank');
  await page.evaluate((count) => {
    const make = (name, attributes, parent) => {
      const element = document.createElementNS('http://www.w3.org/2000/svg', name);
      for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
      parent.append(element);
      return element;
    };
    const scene = make('svg', { width: 860, height: 560 }, document.body);
    const chips = Array.from({ length: count }, (_, number) => {
      const group = make('g', {}, scene);
      make('rect', { x: -11, y: -9, width: 22, height: 18, rx: 5, fill: '#2a6fdb' }, group);
      make('text', { y: 4, 'font-size': 11, 'text-anchor': 'middle', fill: '#fff' }, group).textContent = String(number);
      return group.transform.baseVal.initialize(scene.createSVGTransform());
    });
    const move = (now_ms) => {
      chips.forEach((chip, number) => {
        const turn = now_ms / 1500 + number;
        chip.setTranslate(430 + 380 * Math.sin(turn), 280 + 240 * Math.cos(1.7 * turn));
      });
      requestAnimationFrame(move);
    };
    requestAnimationFrame(move);
  }, count);
  await page.waitForTimeout(500);
  const [tasks] = await traced(() => page.waitForTimeout(STILL_MS));
  return frameFigures(tasks);
}

/** Plays a run in real time: the frames' cost, and the share of the main thread that it takes. */
async function played(name) {
  await fresh(readJson(new URL(`${name}.json`, import.meta.url)));
  await page.getByRole('slider', { name: 'Speed' }).fill(await stepOf('1×'));
  await page.locator('.play').click();
  await page.waitForTimeout(1500);
  const [tasks] = await traced(() => page.waitForTimeout(PLAYED_MS));
  // At rest they are elements, which can be counted.
  await page.locator('.play').click();
  return { messages_on_the_wire: await page.locator('.chip').count(), ...frameFigures(tasks) };
}

function frameFigures(tasks) {
  const frames = byFrame(tasks);
  const shown = byShown(tasks);
  return {
    frames: frames.length,
    frame_p50_ms: rank(frames, 50),
    frame_p95_ms: rank(frames, 95),
    shown: shown.length,
    shown_p50_ms: rank(shown, 50),
    shown_p95_ms: rank(shown, 95),
    busy_percent: share(tasks),
    waited_percent: waited(tasks),
  };
}

/** A moment of a run, paused: what the page does although nothing happens. */
async function still() {
  // What the run before has left is not what standing still costs.
  await cdp.send('HeapProfiler.collectGarbage');
  await page.waitForTimeout(1000);
  const [tasks] = await traced(() => page.waitForTimeout(STILL_MS));
  return { busy_percent: share(tasks), frames: byFrame(tasks).length };
}

/** A run of 100,000 records: scrubbing, and memory. */
async function long() {
  await fresh(readJson(new URL('../../../crates/replication/examples/bench/long-run.json', import.meta.url)));
  await seek(1);
  await page.waitForTimeout(500);
  // Scrubbing, a step each other frame: the handler, the rendering of what is watched, style, layout and paint. What is
  // read beside the stage is not in it: that waits until one stays.
  const [tasks] = await traced(() => page.evaluate(async (scrubs) => {
    const scrubber = document.querySelector('.scrub input');
    const setValue = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set;
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    for (let number = 0; number <= scrubs; number += 1) {
      await frame();
      await frame();
      performance.mark('scrub');
      // Multiples of the golden ratio: spread evenly, in no order.
      setValue.call(scrubber, String(Math.round(((number * 0.618033988749895) % 1) * Number(scrubber.max))));
      scrubber.dispatchEvent(new InputEvent('input', { bubbles: true }));
    }
  }, SCRUBS));
  const { painted_ms, all_ms } = bySteps(tasks);
  const memory = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    memory.push(await memoryNow());
    await seek(1);
    await seek(0);
  }
  const [first, last] = [memory[1], memory.at(-1)];
  return {
    painted_p50_ms: rank(painted_ms, 50),
    painted_p99_ms: rank(painted_ms, 99),
    step_p99_ms: rank(all_ms, 99),
    wasm_mib: mib(last.wasm),
    wasm_grown_mib: mib(last.wasm - first.wasm),
    heap_mib: mib(last.heap),
    heap_grown_mib: mib(last.heap - first.heap),
    nodes_grown: last.nodes - first.nodes,
  };
}

async function memoryNow() {
  await cdp.send('HeapProfiler.collectGarbage');
  const { usedSize } = await cdp.send('Runtime.getHeapUsage');
  const { nodes } = await cdp.send('Memory.getDOMCounters');
  return { wasm: await page.evaluate(() => globalThis.wasmMemory?.buffer.byteLength ?? 0), heap: usedSize, nodes };
}

async function fresh(document) {
  await open(page);
  await load(page, document);
}

async function seek(share) {
  const scrubber = page.getByRole('slider', { name: 'Moment of the run' });
  await scrubber.fill(String(Math.round(Number(await scrubber.getAttribute('max')) * share)));
}

/** The place of a speed on its slider. */
async function stepOf(written) {
  const slider = page.getByRole('slider', { name: 'Speed' });
  for (let step = 0; step <= Number(await slider.getAttribute('max')); step += 1) {
    await slider.fill(String(step));
    if ((await slider.getAttribute('aria-valuetext')) === written) return String(step);
  }
  throw new Error(`no speed is written ${written}`);
}

/**
 * The time that each step of scrubbing took of the main thread, in order of size: until it is painted, which is its first
 * commit, and with all that comes after it.
 */
function bySteps({ tasks, marks_us, commits_us }) {
  const steps = marks_us.slice(1).map((next_us, number) => {
    // The mark is set within the task that begins the step.
    const begin_us = marks_us[number];
    const its = tasks.filter((task) => task.end_us > begin_us && task.begin_us < next_us && task.end_us <= next_us);
    const painted_us = commits_us.find((commit_us) => commit_us > begin_us) ?? next_us;
    const sum = (tasks) => tasks.reduce((sum, { ms }) => sum + ms, 0);
    return { painted_ms: sum(its.filter((task) => task.begin_us < painted_us)), all_ms: sum(its) };
  });
  const sorted = (of) => steps.map(of).sort((one, other) => one - other);
  return { painted_ms: sorted(({ painted_ms }) => painted_ms), all_ms: sorted(({ all_ms }) => all_ms) };
}

/** What the main thread does meanwhile: its tasks, with their beginnings and lengths in milliseconds. */
async function traced(meanwhile) {
  const events = [];
  const collect = ({ value }) => events.push(...value);
  tracing.on('Tracing.dataCollected', collect);
  await tracing.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig: { includedCategories: CATEGORIES } });
  const began_ms = performance.now();
  const result = await meanwhile();
  const lasted_ms = performance.now() - began_ms;
  const complete = new Promise((done) => tracing.once('Tracing.tracingComplete', done));
  await tracing.send('Tracing.end');
  await complete;
  tracing.off('Tracing.dataCollected', collect);
  const main = mainThread(events);
  const ours = events.filter((event) => event.ph === 'X' && event.pid === main.pid && event.tid === main.tid);
  const named = (name) => ours.filter((event) => event.name === name).sort((one, other) => one.ts - other.ts);
  const tasks = named('RunTask').map(({ ts, dur, tdur = dur }) => ({ begin_us: ts, end_us: ts + dur, ms: tdur / 1000, waited_ms: (dur - tdur) / 1000 }));
  const marks_us = events.filter(({ name, pid }) => name === 'scrub' && pid === main.pid).map(({ ts }) => ts);
  marks_us.sort((one, other) => one - other);
  const commits_us = named('Commit').map(({ ts }) => ts);
  const drawn = events.filter(({ name, ph, pid, tid }) => name === 'FireAnimationFrame' && ph === 'X' && pid === main.pid && tid !== main.tid);
  const drawn_us = drawn.map(({ ts }) => ts).sort((one, other) => one - other);
  return [{ tasks, marks_us, commits_us, drawn_us, lasted_ms }, result];
}

/** The thread on which this page's scripts run: of those with that name, the one with the most to do. */
function mainThread(events) {
  const threads = events.filter((event) => event.name === 'thread_name' && event.args.name === 'CrRendererMain');
  const load = ({ pid, tid }) => events.filter((event) => event.pid === pid && event.tid === tid).length;
  return threads.sort((one, other) => load(other) - load(one))[0];
}

/** The time that each frame of the main thread took of it, in order of size. */
function byFrame({ tasks, commits_us }) {
  return between(commits_us, tasks);
}

/**
 * The same for each frame that the visitor sees move: those that a worker draws, where one does. In most of them the main
 * thread has nothing to do.
 */
function byShown({ tasks, commits_us, drawn_us }) {
  return between(drawn_us.length > commits_us.length ? drawn_us : commits_us, tasks);
}

/** The time that all tasks took since the moment before, for each of these moments, in order of size. */
function between(moments_us, tasks) {
  let place = 0;
  const times_ms = moments_us.map((moment_us) => {
    let sum = 0;
    for (; tasks[place]?.begin_us <= moment_us; place += 1) sum += tasks[place].ms;
    return sum;
  });
  return times_ms.slice(1).sort((one, other) => one - other);
}

function share({ tasks, lasted_ms }) {
  const busy_ms = tasks.reduce((sum, task) => sum + task.ms, 0);
  return round((busy_ms / lasted_ms) * 100);
}

/** How much of the time that its tasks took the main thread waited for a processor, or for another thread. */
function waited({ tasks }) {
  const sum = (of) => tasks.reduce((sum, task) => sum + of(task), 0);
  return round((sum((task) => task.waited_ms) / sum((task) => task.ms + task.waited_ms)) * 100);
}

function rank(sorted, percent) {
  return round(sorted[Math.ceil((sorted.length * percent) / 100) - 1] ?? 0);
}

function mib(bytes) {
  return round(bytes / 2 ** 20);
}

function round(number) {
  return Math.round(number * 100) / 100;
}

function readJson(url) {
  return JSON.parse(readFileSync(url, 'utf8'));
}
