// The shipped wasm gives the fingerprints of the native core, bit for bit, over all modes.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test, expect } from '../fixtures.mjs';
import { open } from '../helpers.mjs';

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

test('wasm and native runs have the same fingerprints @once', async ({ page }) => {
  test.setTimeout(120_000);
  await open(page);
  let pairs = 0;
  for (const [name, document] of documents()) {
    const text = JSON.stringify(document);
    const native = SEEDS.map((seed) => {
      const printed = execFileSync(NATIVE, ['run', '-', '--seed', String(seed), '--json'], { input: text, encoding: 'utf8' });
      return JSON.parse(printed).fingerprint;
    });
    const wasm = await page.evaluate(async ([text, seeds]) => {
      const script = globalThis.document.querySelector('script[data-js]').dataset.js;
      const core = await import(new URL(script, globalThis.document.baseURI));
      return seeds.map((seed) => core.fingerprint(text, seed));
    }, [text, SEEDS]);
    expect(wasm, name).toEqual(native);
    expect(new Set(native).size, `${name}: another seed is another run`).toBeGreaterThan(1);
    pairs += SEEDS.length;
  }
  expect(pairs).toBeGreaterThanOrEqual(200);
});
