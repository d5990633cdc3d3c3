// Each knob writes what it says into the scenario, and the run is another one for it.
import { test, expect } from '../fixtures.mjs';
import { documentOf, fingerprints, load, now_us, open, scrub, stageInWords } from '../helpers.mjs';

const SEED = 5;
const busy = (name, keys, more = {}) => ({ name, random: { writes_per_s: 6, reads_per_s: 8, keys }, ...more });
const scenario = (protocol, more = {}) => ({
  version: 1,
  title: 'Knobs',
  seed: SEED,
  protocol,
  network: { replication_lag_ms: 120, jitter: 4 },
  reads: { policy: 'any' },
  clients: [busy('Ann', ['a', 'b']), busy('Bob', ['b', 'a']), { name: 'Cyd', does: [{ write: { a: 1 } }, { wait_ms: 300, add: { a: 2 } }, { wait_ms: 500, read: ['a', 'b'] }] }],
  limits: { time_ms: 4000 },
  ...more,
});
const REGIONS = [{ name: 'us-east', nodes: 2 }, { name: 'eu-west', nodes: 1 }];
const CRASH = [{ at_ms: 1500, crash: 'leader' }, { at_ms: 2500, restart: 'leader' }];
const CALLS = { name: 'Dan', does: [{ wait_ms: 200, write: { c: { call: 'NOW()' } } }, { wait_ms: 200, write: { c: { call: 'UUID()' } } }] };

const one = scenario({ kind: 'single_leader', nodes: 3, partitions: 2 }, { script: CRASH });
const calls = { ...one, clients: [...one.clients, CALLS] };
const one_placed = { ...one, regions: REGIONS, clients: [...one.clients.slice(0, 2), busy('Eve', ['a'], { region: 'eu-west' })] };
const many = scenario({ kind: 'multi_leader' }, { regions: REGIONS, clients: [busy('Ann', ['a']), busy('Bob', ['a'], { region: 'eu-west' })], reads: {} });
const none = scenario(
  { kind: 'leaderless', nodes: 5, copies: 3, w: 2, r: 2 },
  { script: [{ at_ms: 1000, crash: 'B' }, { at_ms: 2500, restart: 'B' }] },
);

const choose = (id, value) => (page) => page.locator(`#${id} input[value=${value}]`).check({ force: true });
const slide = (id, place) => (page) => page.locator(`#${id}`).fill(String(place));
const tick = (id) => (page) => page.locator(`#${id}`).click();
const select = (id, value) => (page) => page.locator(`#${id}`).selectOption(value);
const within = (document, pointer) => pointer.split('/').slice(1).reduce((place, name) => place?.[name], document);

// What is run first, then each turn: by hand, and what the scenario then says. `same` marks the few whose
// run does not differ: what they change comes to nothing there.
const GROUPS = [
  ['one leader: done', one, [
    [choose('done', 'semi_sync'), '/protocol/ack/mode', 'semi_sync'],
    [slide('semi-sync-timeout', 0), '/protocol/ack/timeout_ms', 20],
    [choose('done', 'standbys'), '/protocol/ack/mode', 'standbys'],
    [slide('standbys-n', 2), '/protocol/ack/first', 2],
    [choose('standbys', 'any'), '/protocol/ack/any', 2, 'same'],
    [choose('ack-when', 'applied'), '/protocol/ack/when', 'applied'],
    [choose('done', 'quorum'), '/protocol/ack/mode', 'quorum'],
  ]],
  ['one leader: reads', one, [
    [choose('reads', 'sticky'), '/reads/policy', 'sticky'],
    [choose('reads', 'leader_after_write'), '/reads/policy', 'leader_after_write'],
    [slide('window', 0), '/reads/window_ms', 50],
    [choose('reads', 'session_token'), '/reads/policy', 'session_token'],
    [slide('wait', 0), '/reads/wait_ms', 0],
    [choose('reads', 'lag_budget'), '/reads/policy', 'lag_budget'],
    [slide('max_ms-0', 2), '/reads/paths/0/max_ms', 100],
    [slide('max_entries-0', 0), '/reads/paths/0/max_entries', 0],
    [slide('report', 5), '/reads/report_ms', 1000],
    [slide('evict', 0), '/reads/evict_ms', 50],
    [choose('leader-reads', 'confirmed'), '/reads/leader', 'confirmed'],
    [choose('leader-reads', 'lease'), '/protocol/fencing/lease_ms', 300],
  ]],
  ['one leader: failover', one, [
    [tick('fencing'), '/protocol/fencing/lease_ms', 300],
    [slide('lease', 0), '/protocol/fencing/lease_ms', 50],
    [slide('clock-error', 7), '/protocol/fencing/clock_error_ms', 1000],
    [slide('failure-timeout', 6), '/protocol/failure_timeout_ms', 1000],
    [slide('heartbeat', 1), '/protocol/heartbeat_ms', 50],
    [choose('promotion', 'reachable'), '/protocol/promotion', 'reachable'],
  ]],
  ['one leader: the log and its stream', { ...calls, protocol: { ...one.protocol, ack: { mode: 'sync' } } }, [
    [choose('stream', 'statement'), '/protocol/stream', 'statement'],
    [choose('stream', 'write_ahead_log'), '/protocol/stream', 'write_ahead_log'],
    [tick('upgraded-2'), '/protocol/upgraded', ['F2']],
    [choose('visible', 'on_append'), '/protocol/visible', 'on_append'],
    [slide('disk', 5), '/protocol/disk_ms', 20],
    [slide('apply', 6), '/protocol/apply_ms', 50],
    [slide('log-keeps', 1), '/protocol/log_keeps', 1],
    [slide('snapshot', 7), '/protocol/snapshot_ms', 5000],
  ]],
  ['the network, and backups', one, [
    [slide('loss', 7), '/network/loss_percent', 10],
    [slide('duplicates', 7), '/network/duplicate_percent', 10],
    [slide('reordered', 7), '/network/reorder_percent', 10],
    [slide('held-back', 9), '/network/reorder_ms', 2000],
    [slide('client-delay', 7), '/network/client_ms', 50],
    [slide('peer-delay', 5), '/network/peer_ms', 20],
    [slide('backup-every', 2), '/backups/every_ms', 500],
    [tick('backup-failing'), '/backups/failing', true],
    [slide('backup-keep', 1), '/backups/keep', 2, 'same'],
    [tick('backup-point'), '/backups/point_in_time', true, 'same'],
  ]],
  ['one leader: copies and places', one, [
    [slide('copies', 5), '/protocol/nodes', 5],
    [slide('partitions', 1), '/protocol/partitions', 1],
    [slide('partitions', 2), '/protocol/partitions', 2],
    [tick('together'), '/protocol/together', [['a', 'b']]],
    [slide('regions', 3), '/regions/2', { name: 'ap-northeast', nodes: 1 }],
    [select('region-0', 'eu-west'), '/clients/0/region', 'eu-west'],
    [slide('distance-0', 8), '/network/distances/0', { between: ['us-east', 'eu-west'], ms: 50 }],
  ]],
  ['one leader: the manager’s region', one_placed, [
    [choose('promotion', 'reachable'), '/protocol/promotion', 'reachable'],
    [select('manager-region', 'eu-west'), '/protocol/manager_region', 'eu-west'],
  ]],
  ['many leaders', many, [
    [choose('conflicts', 'highest_version'), '/protocol/conflicts', 'highest_version'],
    [choose('conflicts', 'siblings'), '/protocol/conflicts', 'siblings'],
    [choose('conflicts', 'merge'), '/protocol/conflicts', 'merge'],
    [choose('writes', 'home'), '/writes/policy', 'home'],
    [slide('regions', 4), '/regions/3', { name: 'us-west', nodes: 2 }],
    [choose('topology', 'ring'), '/protocol/topology', 'ring'],
    [choose('topology', 'star'), '/protocol/topology', 'star'],
    [slide('each-region', 1), '/regions/0', { name: 'us-east', nodes: 1 }],
    [slide('distance', 11), '/network/distance_ms', 150],
    [choose('reads', 'nearest'), '/reads/policy', 'nearest'],
  ]],
  ['no leader', none, [
    [slide('write-quorum', 3), '/protocol/w', 3],
    [slide('read-quorum', 1), '/protocol/r', 1],
    [choose('repair', 'background'), '/protocol/repair', 'background'],
    [choose('repair', 'write_back'), '/protocol/repair', 'write_back'],
    [choose('repair', 'contacted'), '/protocol/repair', 'contacted'],
    [choose('reads-sent-to', 'r'), '/protocol/reads_sent_to', 'r'],
    [choose('quorum', 'sloppy'), '/protocol/quorum', 'sloppy'],
    [slide('hint-expires', 0), '/protocol/hint_expires_ms', 200],
    [slide('doubt-after', 0), '/protocol/doubt_after_ms', 20],
    [slide('anti-entropy', 2), '/protocol/anti_entropy_ms', 200],
    [choose('versions', 'dotted'), '/protocol/versions', 'dotted'],
    [choose('coordinator', 'node'), '/protocol/coordinator', 'node'],
    [choose('reads', 'sticky'), '/reads/policy', 'sticky'],
    [select('legs', 'ymmr'), '/protocol/legs', 'ymmr'],
    [select('legs', 'wan'), '/protocol/legs', 'wan'],
    [slide('spare', 0), '/protocol/nodes', 3],
    [slide('copies', 2), '/protocol/copies', 2],
  ]],
];

test.describe('each knob', { tag: '@once' }, () => {
  for (const [name, document, turns] of GROUPS) {
    test(name, async ({ page }) => {
      await open(page);
      await load(page, document);
      await page.locator('.knobs details').evaluateAll((all) => all.forEach((group) => { group.open = true; }));
      let [before] = await fingerprints(page, document, [SEED]);
      for (const [turn, pointer, value, same] of turns) {
        await page.locator('.knobs details').evaluateAll((all) => all.forEach((group) => { group.open = true; }));
        await turn(page);
        await expect(page.getByRole('alert')).toHaveCount(0);
        const changed = await documentOf(page);
        expect(within(changed, pointer), pointer).toEqual(value);
        const [after] = await fingerprints(page, changed, [SEED]);
        if (!same) expect(after, `${pointer} = ${JSON.stringify(value)} is another run`).not.toBe(before);
        before = after;
      }
    });
  }
});

test.describe('from one kind to another', { tag: '@once' }, () => {
  const kinds = ['single_leader', 'multi_leader', 'leaderless'];
  // All that one kind has and another refuses.
  const awkward = {
    single_leader: { ...calls, reads: { policy: 'session_token', leader: 'lease' }, protocol: { ...one.protocol, fencing: true }, backups: { point_in_time: true }, limits: { time_ms: 4000, operations: 200000 } },
    multi_leader: { ...many, writes: { policy: 'home', homes: { a: 'eu-west' } }, network: { distances: [{ between: ['us-east', 'eu-west'], ms: 9 }] } },
    leaderless: { ...none, clients: [{ name: 'Ann', does: [{ write: { a: 1 }, w: 3 }, { read: ['a'], r: 3 }] }] },
  };
  for (const from of kinds) {
    for (const to of kinds.filter((kind) => kind !== from)) {
      test(`${from} to ${to}`, async ({ page }) => {
        await open(page);
        await load(page, awkward[from]);
        await choose('entrance', to)(page);
        await expect(page.getByRole('alert')).toHaveCount(0);
        const changed = await documentOf(page);
        expect(changed.protocol.kind).toBe(to);
        if (to === 'multi_leader') expect(changed.regions.length).toBeGreaterThan(1);
        await scrub(page, 1);
        expect(await now_us(page)).toBeGreaterThan(0);
      });
    }
  }
});

test('a knob with no meaning here is not there, or says why', { tag: '@once' }, async ({ page }) => {
  await open(page);
  await load(page, none);
  await expect(page.locator('#done input').first()).toBeDisabled();
  await expect(page.locator('#fencing, #stream, #conflicts, #leader-reads')).toHaveCount(0);
  await load(page, many);
  await expect(page.locator('#promotion, #stream, #repair, #write-quorum')).toHaveCount(0);
});

test('the knobs of each kind are for everyone', async ({ page, axe }) => {
  // All knobs of three systems, each looked at by axe.
  test.slow();
  await open(page);
  const fold = page.locator('.fold[aria-controls=knobs]');
  for (const document of [one_placed, many, none]) {
    await load(page, { ...document, backups: {} });
    if (await fold.isVisible() && (await fold.getAttribute('aria-expanded')) === 'false') await fold.click();
    await page.locator('.knobs details').evaluateAll((all) => all.forEach((group) => { group.open = true; }));
    await axe();
    expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(0);
  }
});

test.describe('real systems', { tag: '@once' }, () => {
  test('each can be chosen, is then the one that is chosen, and links to what its makers say', async ({ page }) => {
    await open(page);
    const presets = page.getByLabel('Like a real system');
    const ids = await presets.locator('option').evaluateAll((all) => all.map((option) => option.value).filter((value) => value));
    expect(ids.length).toBeGreaterThanOrEqual(10);
    const claims = new Set();
    for (const id of ids) {
      await presets.selectOption(id);
      await expect(page.getByRole('alert')).toHaveCount(0);
      await expect(presets).toHaveValue(id);
      // Two systems with the same settings are two all the same: each has its own words.
      await now_us(page);
      claims.add(await page.locator('fieldset', { has: presets }).locator('.means').innerText());
      const link = page.getByRole('link', { name: 'What its makers say' });
      expect(await link.getAttribute('href')).toMatch(/^https:\/\//);
      expect(await link.getAttribute('rel')).toBe('noopener noreferrer');
    }
    expect(claims.size).toBe(ids.length);
  });

  test('one of the same kind acts within the run, one of another starts a new one', async ({ page }) => {
    await open(page);
    await load(page, one);
    const presets = page.getByLabel('Like a real system');
    await presets.selectOption('mongodb-w1');
    await scrub(page, 0.3);
    const at_us = await now_us(page);
    await presets.selectOption('mongodb-majority');
    expect(await now_us(page)).toBe(at_us + 1);
    expect((await documentOf(page)).script.at(-1).set['/protocol/ack'].mode).toBe('quorum');
    await presets.selectOption('riak');
    expect(await now_us(page)).toBe(0);
    const document = await documentOf(page);
    expect(document.protocol).toMatchObject({ kind: 'leaderless', versions: 'dotted', quorum: 'sloppy' });
  });
});

test('backups begin when they are switched on', { tag: '@once' }, async ({ page }) => {
  await open(page);
  await load(page, { ...one, script: [] });
  await scrub(page, 0.25);
  await page.locator('.knobs details').evaluateAll((all) => all.forEach((group) => { group.open = true; }));
  await slide('backup-every', 1)(page);
  await scrub(page, 1);
  expect((await stageInWords(page)).join('\n')).toMatch(/backup/i);
  await expect(page.locator('.backups li').first()).toContainText('✓');
});
