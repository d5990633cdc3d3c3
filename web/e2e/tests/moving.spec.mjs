// While the cursor moves, messages are drawn on a canvas, by a worker; at rest they are elements. One looks like the other.
import { readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';
import { test, expect } from '../fixtures.mjs';
import { load, now_us, open, scrub } from '../helpers.mjs';

/** So slow that at a hundredth of real time hardly anything is seen to move. */
const SLOW = {
  version: 1,
  title: 'Slow wires',
  protocol: { kind: 'single_leader', nodes: 4, heartbeat_ms: 10_000, failure_timeout_ms: 120_000 },
  network: { replication_lag_ms: 40_000, jitter: 2, client_ms: 8_000 },
  clients: ['Ann', 'Bob'].map((name) => ({ name, random: { writes_per_s: 0.5, reads_per_s: 0.5, keys: ['a', 'b'] } })),
  script: [],
  limits: { time_ms: 60_000 },
};

/** Goes to where much is on the wire. */
async function busy(page) {
  await open(page);
  await load(page, SLOW);
  await page.getByRole('slider', { name: 'Speed' }).fill('0');
  await scrub(page, 0.53);
  expect(await page.locator('.chip').count()).toBeGreaterThan(8);
}

/**
 * How differently two pictures of the stage show each chip: the mean over its pixels, 0 to 255. A pixel to any side does not
 * count: that far the fastest moves while a slow machine takes its picture.
 */
async function difference(page, one, other, boxes) {
  return page.evaluate(async ([one, other, boxes]) => {
    const pixels = async (base64) => {
      const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
      const image = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
      const context = new OffscreenCanvas(image.width, image.height).getContext('2d', { willReadFrequently: true });
      context.drawImage(image, 0, 0);
      return ({ x, y, width, height }, right, down) => {
        const [left, top, w, h] = [x, y, width, height].map((length) => Math.round(length * devicePixelRatio));
        return context.getImageData(left + right, top + down, w, h).data;
      };
    };
    const [ours, theirs] = await Promise.all([one, other].map(pixels));
    const steps = Array.from({ length: 2 * devicePixelRatio + 1 }, (_, step) => step - devicePixelRatio);
    return boxes.map((box) => {
      const mine = ours(box, 0, 0);
      const apart = (yours) => mine.reduce((sum, value, place) => sum + Math.abs(value - yours[place]), 0) / mine.length;
      return Math.min(...steps.flatMap((right) => steps.map((down) => apart(theirs(box, right, down)))));
    });
  }, [one.toString('base64'), other.toString('base64'), boxes]);
}

/** Holds the picture of what moves, of time that runs now, against that of the same at rest. */
async function looksAlike(page) {
  const picture = () => page.locator('.stage').screenshot();
  await expect(page.locator('.chip')).toHaveCount(0);
  // What the slower time shows is drawn.
  await page.waitForTimeout(200);
  const moving = await picture();
  await page.locator('.play').click();
  await expect(page.locator('.chip').first()).toBeAttached();
  // For a moment the canvas shows what has come to rest, too.
  await page.locator('canvas.moving').evaluate((canvas) => canvas.style.setProperty('visibility', 'hidden'));
  const still = await picture();
  const stage = await page.locator('.stage').boundingBox();
  const boxes = [];
  for (const chip of await page.locator('.chip').all()) {
    const { x, y, width, height } = await chip.boundingBox();
    boxes.push({ x: x - stage.x, y: y - stage.y, width, height });
  }
  await page.locator('.chips').evaluate((chips) => chips.style.setProperty('visibility', 'hidden'));
  const bare = await picture();

  const seen = await difference(page, moving, still, boxes);
  const unlike = await difference(page, moving, bare, boxes);
  const wrong = boxes.filter((_, place) => seen[place] >= unlike[place] / 4);
  const meets = (one, other) => Math.abs(one.x - other.x) < one.width + 1 && Math.abs(one.y - other.y) < one.height + 1;
  const alone = boxes.filter((box) => boxes.every((other) => other === box || !meets(box, other)));
  return { chips: boxes.length, wrong, alone };
}

test('what moves looks as it does at rest', async ({ page }) => {
  await busy(page);
  await page.locator('.play').click();
  const { chips, wrong } = await looksAlike(page);
  expect(chips).toBeGreaterThan(8);
  expect(wrong).toEqual([]);
});

test('no picture lacks what moves, when time begins to run or stops', { tag: '@once' }, async ({ page, context }) => {
  test.slow();
  await busy(page);
  const boxes = [];
  for (const chip of await page.locator('.chip').all()) boxes.push(await chip.boundingBox());
  const seen = [];
  const session = await context.newCDPSession(page);
  session.on('Page.screencastFrame', ({ data, sessionId }) => {
    seen.push(data);
    session.send('Page.screencastFrameAck', { sessionId });
  });
  await session.send('Page.startScreencast', { format: 'jpeg', quality: 90 });
  for (let time = 0; time < 5; time += 1) {
    for (const word of ['Play', 'Pause']) {
      await expect(page.locator('.play')).toHaveText(word);
      await page.locator('.play').click();
      await page.waitForTimeout(400);
    }
  }
  await session.send('Page.stopScreencast');
  await session.detach();
  expect(seen.length).toBeGreaterThan(10);
  const counts = [];
  for (const picture of seen) {
    counts.push(await page.evaluate(async ([picture, boxes]) => {
      const bytes = Uint8Array.from(atob(picture), (char) => char.charCodeAt(0));
      const image = await createImageBitmap(new Blob([bytes], { type: 'image/jpeg' }));
      const context = new OffscreenCanvas(image.width, image.height).getContext('2d');
      context.drawImage(image, 0, 0);
      const ratio = image.width / innerWidth;
      // What is drawn has more than one colour, or is none that a ground has.
      return boxes.filter(({ x, y, width, height }) => {
        const { data } = context.getImageData(...[x, y, width, height].map((length) => Math.round(length * ratio)));
        const dark = data.filter((value, place) => place % 4 !== 3 && value < 160).length;
        return dark > data.length / 20;
      }).length;
    }, [picture, boxes]));
  }
  const most = Math.max(...counts);
  expect(most).toBeGreaterThan(boxes.length / 2);
  expect(counts.filter((count) => count < most / 2)).toEqual([]);
});

test('after hundreds of messages, too', { tag: '@once' }, async ({ page }) => {
  test.slow();
  const many = structuredClone(SLOW);
  many.network = { replication_lag_ms: 6000, jitter: 2, client_ms: 6000 };
  for (const client of many.clients) Object.assign(client.random, { writes_per_s: 5, reads_per_s: 5 });
  many.limits.time_ms = 600_000;
  await open(page);
  await load(page, many);
  const speed = page.getByRole('slider', { name: 'Speed' });
  await speed.fill('10');
  await page.locator('.play').click();
  // Each write has looks of its own. A broken promise stops the time, which then goes on.
  await expect.poll(async () => {
    if ((await page.locator('.play').innerText()) !== 'Pause') await page.locator('.play').click();
    return now_us(page);
  }, { timeout: 60_000 }).toBeGreaterThan(120_000_000);
  await speed.fill('0');
  const { chips, wrong, alone } = await looksAlike(page);
  expect(chips).toBeGreaterThan(20);
  expect(alone.length).toBeGreaterThan(5);
  // Where they lie on one another, which one is on top may be another.
  expect(wrong.filter((box) => alone.includes(box))).toEqual([]);
  expect(wrong.length, JSON.stringify(wrong)).toBeLessThan(chips / 4);
});

test('what a worker moves asks the page for no frame of its own', { tag: '@once' }, async ({ page }) => {
  await page.addInitScript(() => {
    const ask = globalThis.requestAnimationFrame;
    globalThis.asked = 0;
    globalThis.requestAnimationFrame = (draw) => {
      globalThis.asked += 1;
      return ask(draw);
    };
  });
  await busy(page);
  const asked = () => page.evaluate(() => [globalThis.asked, performance.now()]);
  await page.locator('.play').click();
  await expect(page.locator('.chip')).toHaveCount(0);
  const from_us = await now_us(page);
  const [before, from_ms] = await asked();
  expect(before).toBeGreaterThan(0);
  await page.waitForTimeout(1000);
  const [after, until_ms] = await asked();
  // One at each turn, for what stands: of moving by itself it would be each frame of the screen's.
  expect((after - before) / ((until_ms - from_ms) / 1000)).toBeLessThanOrEqual(8);
  expect(await now_us(page)).toBeGreaterThan(from_us + 5000);
});

test('a worker goes on as it was told, and no further', { tag: '@once' }, () => {
  const drawn = [];
  let turn;
  let heard;
  const said = [];
  let asked;
  const nothing = () => {};
  const context = {
    setTransform: (...matrix) => ([, , , , ...turn] = matrix),
    clearRect: () => drawn.splice(0),
    fill: () => drawn.push(turn),
    beginPath: nothing,
  };
  runInNewContext(readFileSync(new URL('../../chips.js', import.meta.url), 'utf8'), {
    addEventListener: (_, listener) => (heard = listener),
    postMessage: (word) => said.push(word),
    performance: { timeOrigin: 1_000_000 },
    requestAnimationFrame: (draw) => ((asked = draw), 1),
    Path2D: class {
      roundRect() {}
    },
  });
  const tell = (data) => heard({ data });
  /** What is drawn at a time of the worker's own clock, and whether it wants to draw again. */
  const at = (frame_ms) => {
    const draw = asked;
    asked = undefined;
    draw(frame_ms);
    return [drawn.map(([x, y]) => [Math.round(x), Math.round(y)]), asked !== undefined];
  };
  tell({ canvas: { getContext: () => context, width: 0, height: 0 } });
  tell({ size: [200, 200, 1] });
  const style = ['red', 'none', '1px', 'butt', 'miter', '1', '400', 'serif'];
  const look = [0, [['rect', [0, 0, 1, 1, 0]]]];
  const straight = [1, 0, 0, 50, 0, 100, 0];
  const bent = [0, 0, 0, 100, 0, 100, 100];
  const plan = (now_us, stop_us) => new Float64Array([
    // At 1,000,500 ms since 1970 it is `now_us`, and ten microseconds pass in a millisecond.
    1_000_500, now_us, 10, stop_us,
    // Moves from 1000 to 2000; stands half-way until 1600; will be sent at 1200; is there, and waits until 1600.
    ...straight, 0, 1000, 2000, 1000, 1000, Infinity,
    ...bent, 0.5, 1600, 2000, 1000, 400, Infinity,
    ...straight, 0, 1200, 2200, 1000, 1200, Infinity,
    ...straight, 0, 100, 1000, 900, 100, 1600,
  ]);
  tell([JSON.stringify({ styles: [[style]], looks: [look] }), new Float64Array([])]);
  tell([JSON.stringify({ styles: [], looks: [look] }), plan(1000, 1700)]);
  expect(at(500)).toEqual([[[0, 0], [75, 25], [100, 0]], true]);
  expect(at(510)).toEqual([[[10, 0], [75, 25], [100, 0]], true]);
  expect(at(530)).toEqual([[[30, 0], [75, 25], [10, 0], [100, 0]], true]);
  expect(at(565)).toEqual([[[65, 0], [80, 30], [45, 0]], true]);
  // Here time stops.
  expect(at(900)).toEqual([[[70, 0], [84, 36], [50, 0]], false]);
  tell(['', plan(1700, 1700)]);
  expect(at(910)).toEqual([[[70, 0], [84, 36], [50, 0]], false]);
  expect(said).toEqual(['ready', 'drawn']);
  tell(['', new Float64Array([])]);
  expect(at(920)).toEqual([[], false]);
});

test('where there can be no worker, the elements move', { tag: '@once' }, async ({ page }) => {
  await page.addInitScript(() => delete globalThis.Worker);
  await busy(page);
  const chip = page.locator('.chip').first();
  const place = () => chip.evaluate((group) => group.transform.baseVal.getItem(0).matrix.e);
  const before = await place();
  await page.getByRole('slider', { name: 'Speed' }).fill('5');
  await page.locator('.play').click();
  await expect.poll(place).not.toBe(before);
  await expect(page.locator('.play')).toHaveText('Pause');
});
