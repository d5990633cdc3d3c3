// Scenarios of every kind and size, with all that can be the matter with them at once.

const REGIONS = ['us-east', 'us-west', 'Frankfurt', 'Singapore', 'São Paulo', 'Tokyo'];
const CLIENTS = ['Alice', 'Bob', 'Carol', 'Dave', 'Erin', 'Frank'];
const LETTERS = [...'ABCDEFGHIJKL'];

/** One leader and its followers, in one or several regions, with several partitions where they are asked for. */
export function oneLeader({ nodes, clients, regions = 1, partitions = 1 }) {
  const protocol = { kind: 'single_leader', partitions, ack: { mode: nodes > 1 ? 'semi_sync' : 'async' } };
  return scenario({ nodes, clients, regions, protocol, script: faults(nodes, 'L', `F${nodes - 1}`), network: { replication_lag_ms: 150 } });
}

/** A leader in each region, joined all to all, in a ring or as a star. */
export function manyLeaders({ nodes, clients, regions, topology }) {
  const protocol = { kind: 'multi_leader', topology, conflicts: 'siblings' };
  const script = [
    { at_ms: 700, cut: REGIONS[0], from: REGIONS[1] },
    { at_ms: 800, skew: REGIONS[regions - 1], by_ms: 200 },
  ];
  return scenario({ nodes, clients, regions, protocol, script, network: { replication_lag_ms: 150, distance_ms: 70 } });
}

/** Equal replicas; a proxy, or one of themselves, coordinates. */
export function noLeader({ nodes, clients, coordinator }) {
  const copies = Math.min(nodes, 3);
  const quorum = Math.floor(copies / 2) + 1;
  const protocol = {
    kind: 'leaderless', copies, w: quorum, r: quorum, coordinator, quorum: nodes > copies ? 'sloppy' : 'strict', versions: 'dotted',
  };
  return scenario({ nodes, clients, regions: 1, protocol, script: faults(nodes, 'A', LETTERS[nodes - 1]), network: { peer_ms: 120 } });
}

function scenario({ nodes, clients, regions, protocol, script, network }) {
  const share = (i) => Math.floor(nodes / regions) + (i < nodes % regions ? 1 : 0);
  const where = regions > 1
    ? { regions: REGIONS.slice(0, regions).map((name, i) => ({ name, nodes: share(i) })) }
    : {};
  return {
    version: 1,
    title: `A system of ${nodes} nodes and ${clients} clients`,
    story: 'Everything at once.',
    seed: 5,
    ...where,
    protocol: regions > 1 ? protocol : { ...protocol, nodes },
    network: { client_ms: 60, loss_percent: 5, ...network },
    ...(protocol.kind === 'single_leader' ? { reads: { policy: 'any' } } : {}),
    clients: CLIENTS.slice(0, clients).map((name, i) => ({
      name,
      ...(regions > 1 ? { region: REGIONS[i % regions] } : {}),
      random: { writes_per_s: 2, reads_per_s: 2, keys: ['balance', 'a rather long name', 'thread'] },
    })),
    script,
    limits: { time_ms: 4000 },
  };
}

function faults(nodes, first, last) {
  const script = [{ at_ms: 500, skew: first, by_ms: -200 }];
  if (nodes > 1) {
    script.push({ at_ms: 600, slow: first, from: last, by_ms: 300 });
    script.push({ at_ms: 1500, cut: first, from: last });
    script.push({ at_ms: 2400, crash: first });
  }
  if (nodes > 2) script.push({ at_ms: 900, pause: last });
  return script;
}
