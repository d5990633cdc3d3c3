//! Reading what decides how replicas, network and clients behave: `protocol`, `network`, `reads` and
//! the clients' rates.
//!
//! Read once for the start of a run, and again for each `set` of its script.

use serde_json::{Map, Value as Json};

use super::limits;
use super::reader::{At, Object, Read};
use super::{
    Ack, Coordinator, NetworkSettings, ProtocolKind, Rates, ReadPolicy, ReadsSentTo, Settings,
    Structure, Visible,
};
use crate::engine::delay::Delay;

const BOTH_KINDS: [&str; 3] = ["kind", "nodes", "disk_ms"];
const ONE_LEADER_ONLY: [&str; 8] = [
    "partitions",
    "ack",
    "promotion",
    "visible",
    "heartbeat_ms",
    "failure_timeout_ms",
    "resend_ms",
    "apply_ms",
];
const LEADERLESS_ONLY: [&str; 9] = [
    "copies",
    "w",
    "r",
    "coordinator",
    "reads_sent_to",
    "repair",
    "quorum",
    "versions",
    "legs",
];

/// The parts of a document that decide the settings, and nothing else: small, however long the clients'
/// lists and the script are.
pub(super) fn extract(document: &Json) -> Json {
    let mut parts = Map::new();
    for name in ["protocol", "network", "reads"] {
        if let Some(part) = document.get(name) {
            parts.insert(name.to_owned(), part.clone());
        }
    }
    let clients = document.get("clients").and_then(Json::as_array);
    let rates = |client: &Json| match client.get("random") {
        Some(random) => Json::Object(Map::from_iter([("random".to_owned(), random.clone())])),
        None => Json::Object(Map::new()),
    };
    let clients = clients.map(|clients| clients.iter().map(rates).collect());
    parts.insert(
        "clients".to_owned(),
        Json::Array(clients.unwrap_or_default()),
    );
    Json::Object(parts)
}

/// Reads the settings, and the structure but for its number of keys.
pub(super) fn read(root: &Object<'_>) -> Read<(Structure, Settings)> {
    let network = Network::read(root)?;
    let (structure, mut settings) = protocol(root, &network)?;
    settings.reads = reads(root)?;
    settings.rates = rates(root)?;
    Ok((structure, settings))
}

/// The part `network` as it is written.
struct Network {
    replication_lag_ms: f64,
    jitter: f64,
    client_ms: f64,
    peer_ms: f64,
    loss_ppm: u32,
    client_timeout_us: u64,
}

impl Network {
    fn read(root: &Object<'_>) -> Read<Network> {
        let empty = Map::new();
        let network = match root.optional("network") {
            Some(at) => at.object(&[
                "replication_lag_ms",
                "jitter",
                "client_ms",
                "peer_ms",
                "loss_percent",
                "client_timeout_ms",
            ])?,
            None => Object::empty("/network", &empty),
        };
        let lag = |at: At<'_>| at.number(limits::LAG_MS);
        let loss_ppm = |at: At<'_>| Ok((at.number(limits::LOSS_PERCENT)? * 10_000.0 + 0.5) as u32);
        Ok(Network {
            replication_lag_ms: network.or("replication_lag_ms", 50.0, lag)?,
            jitter: network.or("jitter", 2.0, |at| at.number(limits::JITTER))?,
            client_ms: network.or("client_ms", 10.0, lag)?,
            peer_ms: network.or("peer_ms", 5.0, lag)?,
            loss_ppm: network.or("loss_percent", 0, loss_ppm)?,
            client_timeout_us: network.or("client_timeout_ms", 2_000_000, |at| {
                at.ms_as_us(limits::TIMEOUT_MS)
            })?,
        })
    }

    fn jittered(&self, median_ms: f64) -> Delay {
        Delay::LogNormal {
            median_ms,
            p99_over_p50: self.jitter,
        }
    }
}

fn protocol(root: &Object<'_>, network: &Network) -> Read<(Structure, Settings)> {
    let at = root.at("protocol");
    let object = at.any_object("an object with kind, nodes and what the kind has")?;
    let kind = object.at("kind").one_of(&[
        ("single_leader", ProtocolKind::SingleLeader),
        ("leaderless", ProtocolKind::Leaderless),
    ])?;
    let (own, others, other_kind) = match kind {
        ProtocolKind::SingleLeader => (&ONE_LEADER_ONLY[..], &LEADERLESS_ONLY[..], "leaderless"),
        ProtocolKind::Leaderless => (&LEADERLESS_ONLY[..], &ONE_LEADER_ONLY[..], "single_leader"),
    };
    let allowed = [&BOTH_KINDS[..], own].concat();
    object.only(&allowed, |name| {
        let known = others.contains(&name);
        known.then(|| format!("here: it belongs to the kind {other_kind}"))
    })?;
    let nodes = object.or("nodes", 3, |at| at.whole(limits::NODES))? as u8;
    let disk_us = object.or("disk_ms", 1000, |at| {
        at.fractional_ms_as_us(limits::WORK_MS)
    })?;
    // What the other kind would read from its own fields has values too, that nobody looks at.
    let structure = Structure {
        kind,
        nodes,
        partitions: 1,
        copies: nodes,
        coordinator: Coordinator::Proxy,
        keys: 0,
    };
    let settings = Settings {
        ack: Ack::Async,
        visible: Visible::OnAck,
        heartbeat_us: 100_000,
        failure_timeout_us: 400_000,
        resend_us: 2_000_000,
        apply_us: 1000,
        disk_us,
        w: 1,
        r: 1,
        reads_sent_to: ReadsSentTo::All,
        network: NetworkSettings {
            replication: network.jittered(network.replication_lag_ms),
            peer: network.jittered(network.peer_ms),
            client: Delay::Constant {
                ms: network.client_ms,
            },
            w: network.jittered(network.replication_lag_ms),
            a: network.jittered(network.peer_ms),
            r: network.jittered(network.peer_ms),
            s: network.jittered(network.peer_ms),
            loss_ppm: network.loss_ppm,
        },
        reads: ReadPolicy::Leader,
        client_timeout_us: network.client_timeout_us,
        rates: Vec::new(),
    };
    match kind {
        ProtocolKind::SingleLeader => single_leader(&object, structure, settings),
        ProtocolKind::Leaderless => leaderless(&object, structure, settings),
    }
}

fn single_leader(
    protocol: &Object<'_>,
    mut structure: Structure,
    mut settings: Settings,
) -> Read<(Structure, Settings)> {
    let timeout = |at: At<'_>| at.ms_as_us(limits::TIMEOUT_MS);
    let partitions = protocol.or("partitions", 1, |at| at.whole(limits::PARTITIONS))?;
    structure.partitions = partitions as u8;
    settings.ack = protocol.or("ack", Ack::Async, |at| ack(&at, structure.nodes))?;
    protocol.or("promotion", (), |at| at.one_of(&[("majority", ())]))?;
    let visible = match settings.ack {
        Ack::Quorum => Visible::OnCommit,
        _ => Visible::OnAck,
    };
    settings.visible = protocol.or("visible", visible, |at| {
        at.one_of(&[
            ("on_append", Visible::OnAppend),
            ("on_ack", Visible::OnAck),
            ("on_commit", Visible::OnCommit),
        ])
    })?;
    settings.heartbeat_us = protocol.or("heartbeat_ms", settings.heartbeat_us, timeout)?;
    settings.failure_timeout_us =
        protocol.or("failure_timeout_ms", settings.failure_timeout_us, timeout)?;
    if settings.failure_timeout_us <= settings.heartbeat_us {
        // Where only the heartbeat is written, it is what has to change.
        let written = protocol.optional("failure_timeout_ms");
        let (heartbeat_ms, timeout_ms) = (
            settings.heartbeat_us / 1000,
            settings.failure_timeout_us / 1000,
        );
        return Err(match written {
            Some(at) => at.refuse(format_args!(
                "more than heartbeat_ms, which is {heartbeat_ms}"
            )),
            None => protocol.at("heartbeat_ms").refuse(format_args!(
                "less than failure_timeout_ms, which is {timeout_ms} unless given"
            )),
        });
    }
    settings.resend_us = protocol.or("resend_ms", settings.resend_us, timeout)?;
    settings.apply_us = protocol.or("apply_ms", settings.apply_us, |at| {
        at.fractional_ms_as_us(limits::WORK_MS)
    })?;
    Ok((structure, settings))
}

/// Reads the acknowledgement rule. `k` and `timeout_ms` may stand beside any mode, and count under
/// semi-sync alone: so a knob can change the mode and change it back.
fn ack(at: &At<'_>, nodes: u8) -> Read<Ack> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mode {
        Async,
        SemiSync,
        Sync,
        Quorum,
    }
    let ack = at.object(&["mode", "k", "timeout_ms"])?;
    let mode = ack.at("mode").one_of(&[
        ("async", Mode::Async),
        ("semi_sync", Mode::SemiSync),
        ("semi-sync", Mode::SemiSync),
        ("sync", Mode::Sync),
        ("quorum", Mode::Quorum),
    ])?;
    let followers = u64::from(nodes) - 1;
    if mode == Mode::SemiSync && followers == 0 {
        let allowed = "with 1 node there is no follower to wait for; async, sync, quorum";
        return Err(ack.at("mode").refuse(allowed));
    }
    let (k_max, why) = match mode {
        Mode::SemiSync => (followers, " (the followers)"),
        _ => (*limits::NODES.end() - 1, ""),
    };
    let k = ack.or("k", 1, |at| at.whole_of(1..=k_max, why))? as u8;
    let timeout_us = ack.or("timeout_ms", 10_000_000, |at| {
        at.ms_as_us(limits::TIMEOUT_MS)
    })?;
    Ok(match mode {
        Mode::Async => Ack::Async,
        Mode::SemiSync => Ack::SemiSync { k, timeout_us },
        Mode::Sync => Ack::Sync,
        Mode::Quorum => Ack::Quorum,
    })
}

fn leaderless(
    protocol: &Object<'_>,
    mut structure: Structure,
    mut settings: Settings,
) -> Read<(Structure, Settings)> {
    let nodes = u64::from(structure.nodes);
    let copies = protocol.or("copies", nodes, |at| at.whole_of(1..=nodes, " (the nodes)"))?;
    structure.copies = copies as u8;
    let majority = copies / 2 + 1;
    let count = |at: At<'_>| at.whole_of(1..=copies, " (the copies)");
    settings.w = protocol.or("w", majority, count)? as u8;
    settings.r = protocol.or("r", majority, count)? as u8;
    structure.coordinator = protocol.or("coordinator", Coordinator::Proxy, |at| {
        at.one_of(&[("proxy", Coordinator::Proxy), ("node", Coordinator::Node)])
    })?;
    settings.reads_sent_to = protocol.or("reads_sent_to", ReadsSentTo::All, |at| {
        at.one_of(&[("all", ReadsSentTo::All), ("r", ReadsSentTo::R)])
    })?;
    protocol.or("repair", (), |at| at.one_of(&[("off", ())]))?;
    protocol.or("quorum", (), |at| at.one_of(&[("strict", ())]))?;
    protocol.or("versions", (), |at| at.one_of(&[("timestamps", ())]))?;
    if let Some(at) = protocol.optional("legs") {
        let legs = at.object(&["w", "a", "r", "s"])?;
        let network = &mut settings.network;
        for (name, leg) in [
            ("w", &mut network.w),
            ("a", &mut network.a),
            ("r", &mut network.r),
            ("s", &mut network.s),
        ] {
            if let Some(at) = legs.optional(name) {
                *leg = delay(&at)?;
            }
        }
    }
    Ok((structure, settings))
}

fn delay(at: &At<'_>) -> Read<Delay> {
    const KINDS: [&str; 5] = ["constant_ms", "exponential", "lognormal", "pareto", "mix"];
    let object = at.object(&KINDS)?;
    match object.exactly_one(&KINDS)? {
        ("mix", parts) => {
            let parts = parts.list(limits::MIX, "distributions with a weight")?;
            let parts: Read<Vec<_>> = parts.iter().map(part).collect();
            Ok(Delay::Mix(parts?))
        }
        (name, at) => simple_delay(name, &at),
    }
}

/// One part of a mixture: no mixture itself.
fn part(at: &At<'_>) -> Read<(f64, Delay)> {
    let part = at.object(&[
        "weight",
        "constant_ms",
        "exponential",
        "lognormal",
        "pareto",
    ])?;
    let weight = part.at("weight").number(limits::WEIGHT)?;
    let (name, at) = part.exactly_one(&["constant_ms", "exponential", "lognormal", "pareto"])?;
    Ok((weight, simple_delay(name, &at)?))
}

fn simple_delay(name: &str, at: &At<'_>) -> Read<Delay> {
    match name {
        "exponential" => {
            let mean = at.object(&["mean_ms"])?.at("mean_ms");
            let mean_ms = mean.number(limits::DELAY_MS)?;
            Ok(Delay::Exponential { mean_ms })
        }
        "lognormal" => {
            let object = at.object(&["median_ms", "p99_over_p50"])?;
            let median_ms = object.at("median_ms").number(limits::DELAY_MS)?;
            let p99_over_p50 = object.at("p99_over_p50").number(limits::JITTER)?;
            Ok(Delay::LogNormal {
                median_ms,
                p99_over_p50,
            })
        }
        "pareto" => {
            let object = at.object(&["min_ms", "alpha"])?;
            let min_ms = object.at("min_ms").number(limits::DELAY_MS)?;
            let alpha = object.at("alpha").number(limits::ALPHA)?;
            Ok(Delay::Pareto { min_ms, alpha })
        }
        _ => {
            let ms = at.number(limits::DELAY_MS)?;
            Ok(Delay::Constant { ms })
        }
    }
}

fn reads(root: &Object<'_>) -> Read<ReadPolicy> {
    let Some(at) = root.optional("reads") else {
        return Ok(ReadPolicy::Leader);
    };
    at.object(&["policy"])?
        .or("policy", ReadPolicy::Leader, |at| {
            at.one_of(&[
                ("leader", ReadPolicy::Leader),
                ("any", ReadPolicy::Any),
                ("sticky", ReadPolicy::Sticky),
            ])
        })
}

/// How often each client writes and reads; zeros for one with a list of its own.
fn rates(root: &Object<'_>) -> Read<Vec<Rates>> {
    let clients = root.at("clients").list(limits::CLIENTS, "clients")?;
    let rates = |client: &At<'_>| {
        let client = client.any_object("a client")?;
        let Some(random) = client.optional("random") else {
            return Ok(Rates::default());
        };
        let random = random.object(&["writes_per_s", "reads_per_s", "keys"])?;
        let rate = |at: At<'_>| at.number(limits::RATE_PER_S);
        Ok(Rates {
            writes_per_s: random.or("writes_per_s", 0.0, rate)?,
            reads_per_s: random.or("reads_per_s", 0.0, rate)?,
        })
    };
    clients.iter().map(rates).collect()
}
