// The shipped wasm gives the fingerprints of the native core, bit for bit, over all modes.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test, expect } from '../fixtures.mjs';
import { fingerprints, open } from '../helpers.mjs';

const ROOT = new URL('../../../', import.meta.url);
const NATIVE = process.env.REPLICASCOPE ?? fileURLToPath(new URL('target/debug/replicascope', ROOT));
const SEEDS = [0, 1, 2, 3, 4, 5, 77, 2 ** 53 - 1];

// Every shipped scenario as it is, and the first under every other mode and weather.
function documents() {
  const folder = new URL('scenarios/', ROOT);
  const shipped = readdirSync(folder).filter((name) => name.endsWith('.json')).sort();
  const read = (name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8'));
  const variants = [];
  for (const mode of ['async', 'semi_sync', 'sync', 'quorum']) {
    for (const visible of ['on_append', 'on_ack', 'on_commit']) {
      for (const loss_percent of [0, 7]) {
        const document = read('leader-crash-async.json');
        Object.assign(document.protocol, { ack: { mode, timeout_ms: 500 }, visible, nodes: 5, partitions: 2 });
        Object.assign(document.network, { jitter: 6, loss_percent });
        document.clients.push({ name: 'Busy', random: { writes_per_s: 9, reads_per_s: 9, keys: ['order', 'stock'] } });
        variants.push([`leader-crash ${mode} ${visible} loss ${loss_percent}`, document]);
      }
    }
  }
  for (const coordinator of ['proxy', 'node']) {
    for (const reads_sent_to of ['all', 'r']) {
      const document = read('quorum-overlap.json');
      const pareto = { pareto: { min_ms: 1.05, alpha: 1.51 } };
      const mix = { mix: [{ weight: 0.38, ...pareto }, { weight: 0.62, exponential: { mean_ms: 5.5 } }] };
      Object.assign(document.protocol, { nodes: 5, coordinator, reads_sent_to, legs: { w: mix, r: { constant_ms: 3 } } });
      variants.push([`quorum ${coordinator} ${reads_sent_to}`, document]);
    }
  }
  return [...shipped.map((name) => [name, read(name)]), ...variants];
}

// Every option that a mechanism has, some of them together, under faults of every kind.
function options() {
  const regions = [{ name: 'us-east', nodes: 2 }, { name: 'eu-west', nodes: 2 }, { name: 'ap-northeast', nodes: 1 }];
  const names = ['us-east', 'eu-west', 'ap-northeast'];
  const busy = (changes) => names.map((region, i) => ({
    name: `Client ${i}`,
    region,
    random: { writes_per_s: 9, reads_per_s: 9, keys: ['a', 'b', 'c'], changes, ...(changes === 'items' ? { items: ['milk', 'eggs'] } : {}) },
  }));
  const weather = { replication_lag_ms: 60, jitter: 6, loss_percent: 4, duplicate_percent: 6, reorder_percent: 10 };
  const faults = (nodes) => [
    { at_ms: 500, pause: nodes[0] }, { at_ms: 800, resume: nodes[0] }, { at_ms: 900, skew: nodes[1], by_ms: -200 },
    { at_ms: 1000, crash: nodes[0], lose_disk: true }, { at_ms: 1700, restart: nodes[0] }, { at_ms: 2000, cut: 'eu-west' },
    { at_ms: 2600, heal: 'all' }, { at_ms: 2700, slow: nodes[2], by_ms: 300 }, { at_ms: 2900, cut: nodes[1], from: nodes[2], one_way: true },
    { at_ms: 3300, heal: nodes[1] }, { at_ms: 3500, restore: nodes[2] },
  ];
  const scenario = (protocol, nodes, { changes = 'write', ...more } = {}) => ({
    version: 1, title: 'Options', seed: 1, regions, protocol, network: weather, clients: busy(changes), script: faults(nodes),
    backups: { every_ms: 400, keep: 3 }, limits: { time_ms: 5000 }, ...more,
  });
  const one = (protocol, more) => scenario({ kind: 'single_leader', partitions: 2, ...protocol }, ['L', 'F1', 'F2', 'F3', 'F4'], more);
  const none = (protocol, more) => scenario({ kind: 'leaderless', copies: 3, w: 2, r: 2, ...protocol }, ['A', 'B', 'C', 'D', 'E'], more);
  const many = (protocol, more) => scenario({ kind: 'multi_leader', ...protocol }, ['us-east', 'us-east 1', 'eu-west', 'eu-west 1', 'ap-northeast'], more);
  const functions = { name: 'Dan', does: ['NOW()', 'RAND()', 'UUID()', 'NEXT_ID()'].map((call) => ({ wait_ms: 300, write: { a: { call } } })) };
  const reads = ['leader', 'any', 'sticky', 'nearest', 'leader_after_write', 'session_token', 'lag_budget'];
  return [
    ...reads.map((policy, i) => [`reads ${policy}`, one({ fencing: i % 2 === 0 }, { reads: { policy, leader: ['local', 'confirmed'][i % 2] } })]),
    ...['statement', 'write_ahead_log', 'logical'].map((stream) => [
      `stream ${stream}`,
      one({ stream, upgraded: ['F3'], log_keeps: 5 }, { clients: [...busy('write'), functions], backups: { every_ms: 400, point_in_time: true } }),
    ]),
    ...[{ first: 1 }, { any: 2, when: 'applied' }, { first: 2, of: ['F2', 'F3', 'F1'], when: 'received' }].map((ack) => [
      `standbys ${JSON.stringify(ack)}`,
      one({ ack: { mode: 'standbys', ...ack }, promotion: 'reachable', manager_region: 'eu-west', fencing: { lease_ms: 200 } }, { reads: { policy: 'any', leader: 'lease' } }),
    ]),
    ...['off', 'background', 'contacted', 'write_back'].map((repair, i) => [
      `repair ${repair}`,
      none({ repair, quorum: ['strict', 'sloppy'][i % 2], coordinator: ['proxy', 'node'][i >> 1], versions: ['timestamps', 'dotted'][(i + (i >> 1)) % 2] }),
    ]),
    ...['lnkd_ssd', 'lnkd_disk', 'ymmr', 'wan'].map((legs) => [`legs ${legs}`, none({ legs, anti_entropy_ms: 300, quorum: 'sloppy', hint_expires_ms: 500 })]),
    ...['last_write_wins', 'highest_version', 'siblings', 'merge'].map((conflicts, i) => [
      `conflicts ${conflicts}`,
      many({ conflicts, topology: ['all_to_all', 'ring', 'star'][i % 3] }, { changes: ['write', 'write', 'items', 'add'][i], writes: { policy: ['local', 'home'][i % 2] } }),
    ]),
  ];
}

async function compare(page, [name, document], seeds) {
  const text = JSON.stringify(document);
  const native = seeds.map((seed) => {
    const printed = execFileSync(NATIVE, ['run', '-', '--seed', String(seed), '--json'], { input: text, encoding: 'utf8' });
    return JSON.parse(printed).fingerprint;
  });
  expect(await fingerprints(page, document, seeds), name).toEqual(native);
  // Where everyone follows a list and no delay is drawn, there is nothing for a seed to change.
  if (document.clients.some((client) => client.random)) {
    expect(new Set(native).size, `${name}: another seed is another run`).toBeGreaterThan(1);
  }
}

test('wasm and native runs have the same fingerprints @once', async ({ page }) => {
  test.setTimeout(120_000);
  await open(page);
  const all = documents();
  for (const document of all) await compare(page, document, SEEDS);
  expect(all.length * SEEDS.length).toBeGreaterThanOrEqual(200);
});

test('so they have under every option, and under faults @once', async ({ page }) => {
  test.setTimeout(120_000);
  await open(page);
  for (const document of options()) await compare(page, document, SEEDS.slice(0, 4));
});
