use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::*;
use crate::ids::{Dot, Function, ItemId, ItemSet, Vector};
use crate::run;
use crate::scenario::Scenario;

/// How many kinds of record there are.
const KINDS: usize = 48;

/// Runs with crashes and losses: their records are of most kinds.
fn samples() -> Vec<Record> {
    let clients = json!([
        { "name": "Ann", "random": { "writes_per_s": 20, "reads_per_s": 20, "keys": ["a", "b"] } },
        { "name": "Bob", "does": [ { "write": { "a": "text" } }, { "read": ["a", "b"] }, { "add": { "b": 2 } } ] },
    ]);
    let document = |protocol: Json, script: Json| {
        json!({ "version": 1, "title": "all kinds", "protocol": protocol, "clients": clients, "script": script,
            "reads": { "policy": "any" }, "limits": { "time_ms": 9000 },
            "network": { "replication_lag_ms": 300, "jitter": 4, "loss_percent": 5, "client_timeout_ms": 400 } })
    };
    let crashes = json!([ { "at_ms": 2000, "crash": "F1" }, { "at_ms": 2900, "restart": "F1" },
        { "at_ms": 4000, "crash": "leader" }, { "at_ms": 6000, "restart": "leader" }, { "at_ms": 100, "set": { "/network/jitter": 3 } } ]);
    let documents = [
        document(
            json!({ "kind": "single_leader", "ack": { "mode": "semi_sync", "timeout_ms": 300 } }),
            crashes,
        ),
        document(json!({ "kind": "leaderless" }), json!([])),
    ];
    let mut records = Vec::new();
    for document in documents {
        let scenario = Scenario::from_document(document).expect("a good document");
        let mut run = run::open(Arc::new(scenario), 5);
        run.seek(SimTime(u64::MAX));
        records.extend_from_slice(run.records());
    }
    records
}

/// Records of the kinds, and with the parts, that those runs don't have.
fn by_hand() -> Vec<Record> {
    let (node, of, home) = (NodeId(1), NodeId(2), NodeId(2));
    let (partition, key, write) = (PartitionId(1), KeyId(1), WriteId(7));
    let client = ClientId(1);
    let op = OpId { client, number: 3 };
    let (epoch, index) = (2, 9);
    let position = Position { epoch, index };
    let mut seen = Vector::default();
    seen.cover(Dot { node, counter: 4 });
    let dot = Dot {
        node: of,
        counter: 5,
    };
    let versions = [
        Version::Log(position),
        Version::Stamp {
            at_us: -5,
            coordinator: node,
            counter: 1,
        },
        Version::Revision { count: 3, node },
        Version::Dotted { dot, seen },
    ];
    let values = [
        Value::Absent,
        Value::Number(-4),
        Value::Text(crate::ids::TextId(1)),
        Value::Set(ItemSet(5)),
    ];
    let changes = [
        Change::Set(Value::Set(ItemSet(6))),
        Change::Add(-2),
        Change::Insert(ItemId(2)),
        Change::Remove(ItemId(3)),
        Change::Call(Function::Now),
        Change::Call(Function::NextId),
    ];
    let from: Places = [Place::Node(node), Place::Client(client)]
        .into_iter()
        .collect();
    let to: Places = [Place::Node(of)].into_iter().collect();
    let mut kinds = vec![
        Kind::Ended {
            op,
            outcome: Outcome::PositionLost,
        },
        Kind::Sent {
            from: Place::Node(node),
            to: Place::Client(client),
            message: MessageKind::Answer,
            carries: Carries {
                op: Some(op),
                from: Some(position),
                upto: Some(position),
                write: Some(write),
                entries: 2,
                partition: Some(partition),
                key: Some(key),
            },
            arrives: Some(SimTime(9)),
            flight_us: 8,
        },
        Kind::Lost { cut: true },
        Kind::Discarded {
            node,
            partition,
            position,
            write: Some(write),
        },
        Kind::Suspected {
            node,
            partition,
            epoch,
        },
        Kind::SteppedDown {
            node,
            partition,
            epoch,
        },
        Kind::FellBack { node, partition },
        Kind::BackInSync { node, partition },
        Kind::Changed { script: 2 },
        Kind::Serving {
            node,
            partition,
            epoch,
        },
        Kind::LeaseLost { node, partition },
        Kind::LeaseRegained { node, partition },
        Kind::Trimmed {
            node,
            partition,
            position,
        },
        Kind::Installed {
            node,
            partition,
            position,
        },
        Kind::Standby {
            node,
            partition,
            of,
            connected: true,
        },
        Kind::Stopped {
            node,
            partition,
            position,
        },
        Kind::Doubted {
            node,
            of,
            gone: true,
        },
        Kind::HintKept {
            node,
            home,
            key,
            write,
        },
        Kind::HintGone {
            node,
            home,
            key,
            write,
            expired: true,
        },
        Kind::Evicted {
            client,
            node,
            lag_us: 12,
        },
        Kind::LetBack { client, node },
        Kind::Crashed {
            node,
            disk_lost: true,
        },
        Kind::Paused { node },
        Kind::Resumed { node },
        Kind::Skewed { node, by_us: -3 },
        Kind::Cut {
            from,
            to,
            both_ways: true,
        },
        Kind::Healed { from, to },
        Kind::Slowed { from, to, by_us: 6 },
        Kind::BackedUp {
            number: 2,
            worked: true,
        },
        Kind::Restored {
            node,
            as_of: SimTime(4),
        },
        Kind::NothingToRestore { node },
        Kind::Rested { since: SimTime(7) },
        Kind::Recognised {
            node,
            op,
            write: WriteId(9),
            earlier: WriteId(2),
        },
    ];
    kinds.extend(versions.map(|version| Kind::Stored {
        node,
        key,
        version,
        write,
        newest: true,
    }));
    kinds.extend(values.map(|value| Kind::Evaluated {
        node,
        partition,
        position,
        key,
        value,
    }));
    kinds.extend(changes.map(|change| Kind::Invoked {
        op,
        action: Action::Write { write, key, change },
    }));
    let kept = [Kept::There, Kept::Came, Kept::Both, Kept::Merged];
    kinds.extend(kept.map(|kept| Kind::Conflict {
        node,
        key,
        there: WriteId(6),
        came: write,
        kept,
    }));
    let record = |kind| Record {
        seq: Seq(5),
        at: SimTime(10),
        cause: Some(Seq(4)),
        kind,
    };
    kinds.into_iter().map(record).collect()
}

/// Every way to change one scalar of a document.
fn changed(document: &Json) -> Vec<Json> {
    match document {
        Json::Object(fields) => fields
            .iter()
            .flat_map(|(name, field)| {
                changed(field).into_iter().map(move |field| {
                    let mut fields = fields.clone();
                    fields.insert(name.clone(), field);
                    Json::Object(fields)
                })
            })
            .chain((!fields.is_empty()).then_some(Json::Null))
            .collect(),
        Json::Number(number) => vec![
            json!(number.as_i64().expect("integers only") ^ 1),
            Json::Null,
        ],
        Json::Array(items) => (0..items.len())
            .flat_map(|place| {
                changed(&items[place]).into_iter().map(move |item| {
                    let mut items = items.clone();
                    items[place] = item;
                    Json::Array(items)
                })
            })
            .collect(),
        Json::Bool(flag) => vec![json!(!flag)],
        // Units of one enum stand in for one another.
        Json::String(_) => [
            "Read",
            "Ack",
            "Done",
            "Unknown",
            "Refused",
            "Absent",
            "PositionLost",
            "Now",
            "Uuid",
            "There",
            "Both",
            "Delivered",
            "Undelivered",
        ]
        .map(|name| json!(name))
        .to_vec(),
        _ => Vec::new(),
    }
}

#[test]
fn each_field_of_a_record_changes_the_fingerprint() {
    let mut kinds = std::collections::BTreeMap::new();
    for record in samples().into_iter().chain(by_hand()) {
        let document = serde_json::to_value(record).expect("records are plain data");
        let name = document["kind"]
            .as_object()
            .and_then(|kind| kind.keys().next().cloned())
            .unwrap_or_else(|| document["kind"].to_string());
        let seen: &mut u32 = kinds.entry(name).or_default();
        // Many of each, so that options are met both ways.
        if *seen >= 40 {
            continue;
        }
        *seen += 1;
        let before = fingerprint(&[record]);
        let mut fields_changed = 0;
        for document in changed(&document) {
            let Ok(other) = serde_json::from_value::<Record>(document) else {
                continue;
            };
            if other != record {
                fields_changed += 1;
                assert_ne!(fingerprint(&[other]), before, "{record:?} and {other:?}");
            }
        }
        assert!(
            fields_changed >= 3,
            "seq, at and cause at least: {record:?}"
        );
    }
    assert_eq!(kinds.len(), KINDS, "{kinds:?}");
}

#[test]
fn two_traces_part_at_their_first_difference() {
    let one = samples();
    let mut other = one.clone();
    other[7].at = SimTime(123_456_789);
    assert_eq!(first_divergence(&one, &one), None);
    assert_eq!(first_divergence(&one, &other), Some(Seq(7)));
    assert_eq!(first_divergence(&one, &one[..9]), Some(Seq(9)));
}
