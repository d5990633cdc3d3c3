// What one can do to a replica, a link, a region and a client: each verb once, and what the run says of it.
import { test, expect } from '../fixtures.mjs';
import { documentOf, load, now_us, open, scrub, stageInWords } from '../helpers.mjs';

const ONCE = { tag: '@once' };
const SCENARIO = {
  version: 1,
  title: 'Verbs',
  seed: 5,
  protocol: { kind: 'single_leader', nodes: 3, fencing: true },
  network: { replication_lag_ms: 60 },
  reads: { policy: 'any' },
  backups: { every_ms: 500, point_in_time: true },
  clients: [{ name: 'Ann', random: { writes_per_s: 8, reads_per_s: 8, keys: ['a'] } }],
  limits: { time_ms: 4000 },
};
const REGIONS = [{ name: 'us-east', nodes: 2 }, { name: 'eu-west', nodes: 1 }];

const menu = (page) => page.getByRole('dialog');
const words = async (page) => (await stageInWords(page)).join('\n');
// The last entry that was made by hand, without what every entry has.
async function lastDeed(page) {
  const { at_us, by_hand, ...deed } = (await documentOf(page)).script.at(-1);
  expect(by_hand).toBe(true);
  expect(at_us).toBe(await now_us(page));
  return deed;
}
async function act(page, place, verb) {
  await page.locator(`[data-place=${place}] .hit`).click();
  await menu(page).getByRole('button', { name: verb, exact: true }).click();
  await expect(menu(page)).toHaveCount(0);
  await expect(page.getByRole('alert')).toHaveCount(0);
}

test.beforeEach(async ({ page }) => {
  await open(page);
  await load(page, SCENARIO);
  await scrub(page, 0.5);
});

test('a replica: crash with its disk, restart, pause, resume', ONCE, async ({ page }) => {
  await act(page, 'n1', 'Crash, disk lost');
  expect(await lastDeed(page)).toEqual({ crash: 'F1', lose_disk: true });
  await expect(page.locator('[data-place=n1]')).toHaveClass(/down/);
  await act(page, 'n1', 'Restart it');
  expect(await lastDeed(page)).toEqual({ restart: 'F1' });
  await expect(page.locator('[data-place=n1]')).not.toHaveClass(/down/);
  await act(page, 'n2', 'Pause it');
  await expect(page.locator('[data-place=n2]')).toHaveClass(/paused/);
  await act(page, 'n2', 'Resume it');
  expect(await lastDeed(page)).toEqual({ resume: 'F2' });
  await expect(page.locator('[data-place=n2]')).not.toHaveClass(/paused/);
});

test('on a phone a menu leaves in sight whose it is', async ({ page }) => {
  test.skip(page.viewportSize().width > 760, 'it stands beside it there');
  for (const place of ['c0', 'n0', 'n1', 'n2']) {
    await page.locator(`[data-place=${place}] .hit`).click();
    const sheet = await menu(page).boundingBox();
    const thing = await page.locator(`[data-place=${place}] .body`).boundingBox();
    expect(thing.y, place).toBeGreaterThanOrEqual(0);
    expect(thing.y + thing.height, place).toBeLessThanOrEqual(sheet.y);
    await page.keyboard.press('Escape');
    await expect(menu(page)).toHaveCount(0);
    expect(await page.evaluate(() => scrollY), place).toBe(0);
  }
});

test('a click beside everything closes a menu', async ({ page }) => {
  await page.locator('[data-place=n1] .hit').click();
  await expect(menu(page)).toBeVisible();
  const stage = await page.locator('.stage').boundingBox();
  await page.mouse.click(stage.x + 6, stage.y + 6);
  await expect(menu(page)).toHaveCount(0);
});

test('who goes on with Tab leaves a menu closed behind, and keeps the focus where they went', ONCE, async ({ page }) => {
  const opener = page.locator('[data-place=n1] .hit');
  await opener.click();
  const inside = () => page.evaluate(() => !!document.activeElement?.closest('.menu'));
  await expect.poll(inside).toBe(true);
  for (let pressed = 0; pressed < 40 && await inside(); pressed += 1) {
    await expect(menu(page)).toBeVisible();
    await page.keyboard.press('Tab');
  }
  await expect(menu(page)).toHaveCount(0);
  expect(await page.evaluate(() => document.activeElement.tagName)).not.toBe('BODY');

  // A click on what has opened it closes nothing first, that it would then open again.
  await opener.click();
  await page.keyboard.press('Tab');
  await expect(menu(page)).toBeVisible();
  await opener.click();
  await expect(menu(page)).toHaveCount(0);
});

test('a replica: cut off, slow, healed', ONCE, async ({ page }) => {
  await act(page, 'n1', 'Cut off from all others');
  expect(await lastDeed(page)).toEqual({ cut: 'F1' });
  await expect(page.locator('.wire.is-cut')).not.toHaveCount(0);
  await page.locator('[data-place=n1] .hit').click();
  await expect(menu(page).getByRole('button', { name: 'Cut off from all others' })).toHaveCount(0);
  await page.keyboard.press('Escape');
  await act(page, 'n1', 'Heal its links');
  await expect(page.locator('.wire.is-cut')).toHaveCount(0);
  await act(page, 'n2', 'Slow by 300 ms');
  expect(await lastDeed(page)).toEqual({ slow: 'F2', by_ms: 300 });
  await expect(page.locator('.wire.slow')).not.toHaveCount(0);
  await page.getByRole('button', { name: 'Heal all links' }).click();
  expect(await lastDeed(page)).toEqual({ heal: 'all' });
  await expect(page.locator('.wire.slow')).toHaveCount(0);
});

test('a clock: ahead, behind, right again', ONCE, async ({ page }) => {
  await act(page, 'n1', 'Clock +200 ms');
  expect(await lastDeed(page)).toEqual({ skew: 'F1', by_ms: 200 });
  expect(await words(page)).toContain('its clock is 200 ms ahead');
  await act(page, 'n1', 'Clock −200 ms');
  expect(await lastDeed(page)).toEqual({ skew: 'F1', by_ms: 0 });
  await act(page, 'n1', 'Clock −200 ms');
  expect(await lastDeed(page)).toEqual({ skew: 'F1', by_ms: -200 });
  await act(page, 'n1', 'Set its clock right');
  expect(await words(page)).not.toContain('its clock is');
});

test('backups: one replica, all, and as of a moment', ONCE, async ({ page }) => {
  await act(page, 'n1', 'Restore the newest backup');
  expect(await lastDeed(page)).toEqual({ restore: 'F1' });
  await page.getByRole('button', { name: 'Restore all from the newest backup' }).click();
  expect(await lastDeed(page)).toEqual({ restore: 'all' });
  await page.getByLabel('Restore all as of second').fill('1.25');
  await page.getByRole('button', { name: 'Restore', exact: true }).click();
  expect(await lastDeed(page)).toEqual({ restore: 'all', as_of_ms: 1250 });
  await expect(page.getByRole('alert')).toHaveCount(0);
});

test('a link: on the stage, one way, slow, healed', ONCE, async ({ page }) => {
  await page.locator('[data-wire=n0-n1] .wire-hit').dispatchEvent('click');
  await expect(page.getByRole('dialog', { name: 'L ↔ F1' })).toBeVisible();
  await menu(page).getByRole('button', { name: 'Cut only L → F1' }).click();
  expect(await lastDeed(page)).toEqual({ cut: 'L', from: 'F1', one_way: true });
  await expect(page.locator('[data-wire=n0-n1] .is-cut')).toHaveCount(1);
  for (const [verb, deed] of [
    ['Cut it', { cut: 'L', from: 'F1' }],
    ['Heal it', { heal: 'L', from: 'F1' }],
    ['Slow by 300 ms', { slow: 'L', from: 'F1', by_ms: 300 }],
  ]) {
    await page.locator('[data-wire=n0-n1] .wire-hit').dispatchEvent('click');
    await menu(page).getByRole('button', { name: verb, exact: true }).click();
    expect(await lastDeed(page)).toEqual(deed);
  }
});

test('a link by keyboard, from the menu of its end', async ({ page, axe }) => {
  await page.locator('[data-place=n1] .hit').focus();
  await page.keyboard.press('Enter');
  await menu(page).getByLabel('One of its links').selectOption({ label: 'to L' });
  await axe();
  await menu(page).getByRole('button', { name: 'Cut only F1 → L' }).click();
  expect(await lastDeed(page)).toEqual({ cut: 'F1', from: 'L', one_way: true });
});

test('a message on the wire: dropped where it is clicked, held up from the menu of its link', ONCE, async ({ page, axe }) => {
  const network = { replication_lag_ms: 300, jitter: 1 };
  await load(page, { ...SCENARIO, network, clients: [{ name: 'Ann', does: [{ write: { a: 1 } }] }] });
  const goTo = (us) => scrub(page, us / (SCENARIO.limits.time_ms * 1000));
  await goTo(100_000);
  const write = page.locator('.chip', { has: page.locator('.k-replicate') }).first();
  // Its way, and when it left: when it ends may change.
  const way = (await write.getAttribute('data-way')).replace(/\d+$/, '');
  const { x, y, width, height } = await write.boundingBox();
  await page.mouse.click(x + width / 2, y + height / 2);
  await expect(menu(page)).toContainText(/The message with #\d+ from L to F[12] is due in \d+ ms\./);
  await axe();
  await menu(page).getByRole('button', { name: 'Drop it' }).click();
  const { drop } = await lastDeed(page);
  expect(drop.from).toBe('L');
  expect(drop.message).toBe('append');
  await expect(page.locator(`.chip[data-way^="${way}"]`)).toHaveCount(0);
  await expect(page.locator('.cross')).toHaveCount(1);
  await expect(page.locator('.caption h2')).toHaveText(/^The message with #\d+ from L to F[12] was dropped\.$/);

  await page.keyboard.press('u');
  await expect(page.locator(`.chip[data-way^="${way}"]`)).toHaveCount(1);
  await expect(page.locator('.cross')).toHaveCount(0);
  await page.locator(`[data-place=${drop.to === 'F1' ? 'n1' : 'n2'}] .hit`).click();
  await menu(page).getByLabel('One of its links').selectOption('to L');
  await expect(menu(page).locator('option:checked')).toHaveText('to L');
  const group = menu(page).locator('.group').filter({ hasText: /^The message with #\d+ from L to F[12] is due in/ });
  const due_ms = Number((await group.innerText()).match(/(\d+) ms/)[1]);
  await group.getByRole('button', { name: 'Hold it up for 200 ms' }).click();
  expect(await lastDeed(page)).toEqual({ delay: drop, by_ms: 200 });
  await expect(page.locator('.caption h2')).toHaveText(/was held up: it is due at \d\.\d+ s\.$/);
  // It stands still, and is there 200 ms later than it would have been.
  const box = () => page.locator(`.chip[data-way^="${way}"]`).boundingBox();
  const stood = await box();
  const held_us = await now_us(page);
  await goTo(held_us + 150_000);
  expect(await box()).toEqual(stood);
  await goTo(held_us + 200_000 + due_ms * 1000 - 20_000);
  expect(await box()).not.toEqual(stood);
  await goTo(held_us + 200_000 + due_ms * 1000 + 20_000);
  await expect(page.locator(`.chip[data-way^="${way}"]`)).toHaveCount(0);
});

test('a region is cut off and healed, and everyone brought back up', ONCE, async ({ page }) => {
  await load(page, { ...SCENARIO, protocol: { kind: 'multi_leader' }, backups: null, regions: REGIONS });
  await scrub(page, 0.3);
  await page.getByRole('button', { name: 'Cut off the region eu-west' }).click();
  expect(await lastDeed(page)).toEqual({ cut: 'eu-west' });
  await expect(page.locator('.wire.is-cut')).not.toHaveCount(0);
  await page.getByRole('button', { name: 'Heal the region eu-west' }).click();
  await expect(page.locator('.wire.is-cut')).toHaveCount(0);
  await page.getByRole('button', { name: 'Crash us-east 1' }).click();
  await act(page, 'n2', 'Pause it');
  await page.getByRole('button', { name: 'Bring everyone back up' }).click();
  await expect(page.locator('.node.down, .node.paused')).toHaveCount(0);
});

test('what would do nothing is not offered', ONCE, async ({ page }) => {
  await load(page, { ...SCENARIO, protocol: { kind: 'leaderless', nodes: 3 }, backups: null });
  await scrub(page, 0.3);
  await page.locator('[data-place=n1] .hit').click();
  // The proxy stamps the writes, so that a replica's clock does not matter; there are no backups; replicas
  // exchange nothing among themselves.
  await expect(menu(page).getByRole('button', { name: /Clock|Restore/ })).toHaveCount(0);
  await expect(menu(page).getByLabel('One of its links').locator('option')).toHaveText(['choose…', 'to proxy']);
  await expect(page.getByRole('button', { name: /Heal all|Bring everyone|Restore all/ })).toHaveCount(0);
});

test('a client: W and R of one request', ONCE, async ({ page }) => {
  await load(page, { ...SCENARIO, protocol: { kind: 'leaderless', nodes: 3 }, backups: null });
  await scrub(page, 0.3);
  await page.locator('[data-place=c0] .hit').click();
  await menu(page).getByLabel('W of this request').selectOption('3');
  await menu(page).getByLabel('New value').fill('77');
  await menu(page).getByRole('button', { name: 'Write' }).click();
  expect(await lastDeed(page)).toEqual({ client: 'Ann', write: { a: 77 }, w: 3 });
  await page.locator('[data-place=c0] .hit').click();
  await menu(page).getByLabel('R of this request').selectOption('1');
  await menu(page).getByRole('button', { name: 'Read' }).click();
  expect(await lastDeed(page)).toEqual({ client: 'Ann', read: ['a'], r: 1 });
});

test('a client: adds, items, functions, a read path', ONCE, async ({ page }) => {
  const does = [{ insert: { cart: 'milk' } }, { add: { stock: 1 } }, { write: { note: 'x' } }];
  await load(page, {
    ...SCENARIO,
    protocol: { ...SCENARIO.protocol, stream: 'statement' },
    reads: { policy: 'lag_budget', paths: [{ name: 'own', max_ms: 0 }, { name: 'others', max_ms: 500 }] },
    clients: [{ name: 'Ann', does }],
  });
  await scrub(page, 0.3);
  for (const [key, way, value, deed] of [
    ['cart', 'insert', 'eggs', { insert: { cart: 'eggs' } }],
    ['cart', 'remove', 'milk', { remove: { cart: 'milk' } }],
    ['stock', 'add', '5', { add: { stock: 5 } }],
    ['note', 'NOW()', '', { write: { note: { call: 'NOW()' } } }],
    ['note', 'erase', '', { write: { note: null } }],
  ]) {
    await page.locator('[data-place=c0] .hit').click();
    const form = menu(page).locator('form').first();
    await form.getByLabel('Key').selectOption(key);
    await expect(form.getByLabel('What').locator('option').first()).toHaveJSProperty('selected', true);
    await form.getByLabel('What').selectOption(way);
    if (value) await form.locator('input').fill(value);
    else await expect(form.locator('input')).toHaveCount(0);
    await form.getByRole('button', { name: 'Write' }).click();
    expect(await lastDeed(page)).toEqual({ client: 'Ann', ...deed });
  }
  await page.locator('[data-place=c0] .hit').click();
  await menu(page).getByLabel('Read path').selectOption('others');
  await menu(page).getByRole('button', { name: 'Read' }).click();
  expect(await lastDeed(page)).toMatchObject({ client: 'Ann', path: 'others' });
});
