//! The protocol part of a scenario, as the knobs change it.

use replication::run::Run;
use replication::scenario::{Ack, ProtocolKind, Scenario};
use serde_json::{Map, Value as Json, json};

/// After how long semi-sync falls back where nothing says it, in milliseconds: soon enough to be seen.
pub const TIMEOUT_MS: u64 = 1_000;

/// The name of an acknowledgement mode in files.
pub fn ack_name(ack: Ack) -> &'static str {
    match ack {
        Ack::Async => "async",
        Ack::SemiSync { .. } => "semi_sync",
        Ack::Sync => "sync",
        Ack::Quorum => "quorum",
    }
}

/// The semi-sync settings in force, or those that would be: how many followers, and the timeout in
/// milliseconds.
pub fn semi_sync(run: &dyn Run) -> (u64, u64) {
    if let Ack::SemiSync { k, timeout_us } = run.settings().ack {
        return (k.into(), timeout_us / 1000);
    }
    let written = |name: &str| {
        run.scenario()
            .document
            .pointer("/protocol/ack")?
            .get(name)?
            .as_u64()
    };
    (
        written("k").unwrap_or(1),
        written("timeout_ms").unwrap_or(TIMEOUT_MS),
    )
}

/// An acknowledgement rule.
pub fn ack(mode: &str, k: u64, timeout_ms: u64) -> Json {
    json!({ "mode": mode, "k": k, "timeout_ms": timeout_ms })
}

/// The other kind of protocol, over as many replicas.
pub fn of_kind(scenario: &Scenario, kind: ProtocolKind) -> Json {
    let nodes = scenario.structure.nodes;
    match kind {
        ProtocolKind::SingleLeader => {
            json!({ "kind": "single_leader", "nodes": nodes, "ack": { "mode": "async" } })
        }
        ProtocolKind::Leaderless => {
            let majority = nodes / 2 + 1;
            json!({ "kind": "leaderless", "nodes": nodes, "copies": nodes, "w": majority, "r": majority, "coordinator": "proxy" })
        }
    }
}

/// The protocol with another number of copies, and whatever may not exceed it cut down to it.
pub fn of_size(scenario: &Scenario, copies: u64) -> Json {
    let written = scenario
        .document
        .get("protocol")
        .and_then(Json::as_object)
        .cloned();
    let mut protocol = written.unwrap_or_default();
    match scenario.structure.kind {
        ProtocolKind::SingleLeader => {
            protocol.insert("nodes".to_owned(), copies.into());
            if let Some(ack) = protocol.get_mut("ack").and_then(Json::as_object_mut) {
                cut(ack, "k", copies.saturating_sub(1).max(1));
            }
        }
        ProtocolKind::Leaderless => {
            // Spare replicas, which hold no copy of a key, stay as many as they are.
            let spare = u64::from(scenario.structure.nodes - scenario.structure.copies);
            protocol.insert("nodes".to_owned(), (copies + spare).into());
            protocol.insert("copies".to_owned(), copies.into());
            cut(&mut protocol, "w", copies);
            cut(&mut protocol, "r", copies);
        }
    }
    Json::Object(protocol)
}

/// The protocol with another number of partitions.
pub fn of_partitions(scenario: &Scenario, partitions: u64) -> Json {
    let written = scenario
        .document
        .get("protocol")
        .and_then(Json::as_object)
        .cloned();
    let mut protocol = written.unwrap_or_default();
    protocol.insert("partitions".to_owned(), partitions.into());
    Json::Object(protocol)
}

fn cut(fields: &mut Map<String, Json>, name: &str, most: u64) {
    if fields
        .get(name)
        .and_then(Json::as_u64)
        .is_some_and(|value| value > most)
    {
        fields.insert(name.to_owned(), most.into());
    }
}
