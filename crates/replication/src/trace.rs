//! What happened: one [`Record`] for each thing, with its cause.
//!
//! Monitors, screens and measurements read records and nothing else.

use std::hash::{Hash, Hasher};

use serde::Serialize;
use siphasher::sip::SipHasher13;

use crate::engine::time::SimTime;
use crate::ids::{
    Change, ClientId, Held, KeyId, KeySet, NodeId, OpId, PartitionId, Place, Position, Version,
    WriteId,
};

/// A record's place in its trace, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub struct Seq(pub u32);

impl Seq {
    /// Its place as an index.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// One thing that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub struct Record {
    /// Its place in the trace.
    pub seq: Seq,
    /// When, in true time.
    pub at: SimTime,
    /// What made it happen: for a delivery the sending, for what a delivery sets off the delivery.
    pub cause: Option<Seq>,
    /// What.
    pub kind: Kind,
}

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub enum Action {
    /// Changes one key.
    Write {
        /// The number on its chip.
        write: WriteId,
        /// The key.
        key: KeyId,
        /// What it does to it. Leaderless systems only set: there a client adds to what it last saw.
        change: Change,
    },
    /// Reads the keys in one view.
    Read {
        /// The keys, at least one.
        keys: KeySet,
    },
}

/// How an operation ended, for its client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub enum Outcome {
    /// A write that was told "done".
    Written {
        /// The version that it became.
        version: Version,
    },
    /// A read whose values all arrived; the [`Kind::Saw`] records before it say which.
    Answered,
    /// Provably nothing was done.
    Refused,
    /// No answer in time: it may have happened, and may still.
    Unknown,
}

/// What kind of message it is: its shape on the stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub enum MessageKind {
    /// Client to leader or coordinator: please write.
    Write,
    /// Client to replica or coordinator: please read.
    Read,
    /// "Done."
    Done,
    /// What a read returns.
    Answer,
    /// "I am not the leader."
    NotLeader,
    /// Client to any replica: who leads?
    Ask,
    /// The reply to [`MessageKind::Ask`].
    Told,
    /// Leader to follower: log entries.
    Append,
    /// Follower to leader: persisted up to here; or: please send from here.
    Ack,
    /// Leader to follower: I am alive.
    Heartbeat,
    /// Candidate to all: promise this epoch.
    VoteRequest,
    /// Promised, and this is how far my log goes.
    Vote,
    /// To the most caught-up voter: lead this epoch.
    Appoint,
    /// Coordinator to copy: store this (the leg W).
    Store,
    /// Copy to coordinator: stored (the leg A).
    Stored,
    /// Coordinator to copy: what have you got (the leg R)?
    Fetch,
    /// Copy to coordinator: this (the leg S).
    Fetched,
}

/// What a message carries, as far as a screen or a proof needs to know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub struct Carries {
    /// The operation that it serves.
    pub op: Option<OpId>,
    /// The lowest-numbered log index or, leaderless, nothing: see `write`.
    pub from: Option<Position>,
    /// The last log position carried or acknowledged.
    pub upto: Option<Position>,
    /// The last write carried, acknowledged or returned.
    pub write: Option<WriteId>,
    /// How many log entries it carries.
    pub entries: u16,
    /// Whose log.
    pub partition: Option<PartitionId>,
}

/// A part of a replica's life that a screen shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub enum Kind {
    // What clients do.
    /// A client begins an operation.
    Invoked {
        /// The operation.
        op: OpId,
        /// What it does.
        action: Action,
    },
    /// A value reaches the client: a violation exists from this moment.
    Saw {
        /// The read.
        op: OpId,
        /// The key.
        key: KeyId,
        /// The replica whose value it is.
        from: NodeId,
        /// What it saw.
        held: Held,
    },
    /// The operation is over for its client.
    Ended {
        /// The operation.
        op: OpId,
        /// How.
        outcome: Outcome,
    },

    // What the network does.
    /// A message leaves.
    Sent {
        /// Where from.
        from: Place,
        /// Where to.
        to: Place,
        /// Its kind.
        message: MessageKind,
        /// What it carries.
        carries: Carries,
        /// When it will arrive; `None` for one that is lost on the way.
        arrives: Option<SimTime>,
        /// How long the way is, in microseconds, for a lost one too: it ends half-way.
        flight_us: u64,
    },
    /// A message arrives. Its cause is the sending.
    Delivered,
    /// A message is lost. Its cause is the sending.
    Lost,
    /// A message reaches a replica that is down. Its cause is the sending.
    Undelivered,

    // What replicas do.
    /// An entry is in a leader's or follower's memory; persisting it has begun.
    Appended {
        /// Where.
        node: NodeId,
        /// Which log.
        partition: PartitionId,
        /// Where in it.
        position: Position,
        /// Which write; `None` for a new leader's no-op.
        write: Option<WriteId>,
    },
    /// An entry is on a replica's disk: from now on it "has it".
    Persisted {
        /// Where.
        node: NodeId,
        /// Which log.
        partition: PartitionId,
        /// Where in it.
        position: Position,
        /// Which write; `None` for a no-op.
        write: Option<WriteId>,
    },
    /// Reads at this replica now show the log up to here.
    Applied {
        /// Where.
        node: NodeId,
        /// Which log.
        partition: PartitionId,
        /// Up to and with this entry.
        position: Position,
    },
    /// The leader counts everything up to here as held by a majority.
    Committed {
        /// The leader.
        node: NodeId,
        /// Which log.
        partition: PartitionId,
        /// Up to and with this entry.
        position: Position,
    },
    /// An entry is removed from a log, since the leader of a higher epoch does not have it.
    Discarded {
        /// Where.
        node: NodeId,
        /// Which log.
        partition: PartitionId,
        /// Where it was.
        position: Position,
        /// Which write; `None` for a no-op.
        write: Option<WriteId>,
    },
    /// A version is on a leaderless replica's disk, or a newer one was already.
    Stored {
        /// Where.
        node: NodeId,
        /// The key.
        key: KeyId,
        /// The version that was sent to be stored.
        version: Version,
        /// Which write.
        write: WriteId,
        /// Whether it replaced what was there; `false` where something newer was there already.
        newest: bool,
    },
    /// A replica looks the key up for a read: what it holds at this instant.
    Served {
        /// Where.
        node: NodeId,
        /// The read.
        op: OpId,
        /// The key.
        key: KeyId,
        /// What it shows.
        held: Held,
    },
    /// A leader or coordinator has what its rule asks for, and says "done".
    Acknowledged {
        /// Who says so.
        node: NodeId,
        /// The operation.
        op: OpId,
        /// Which write.
        write: WriteId,
        /// Which log.
        partition: PartitionId,
        /// Its version.
        version: Version,
        /// The epoch in which the leader says so; 0 where there is no leader.
        epoch: u32,
    },
    /// Semi-sync: the followers took too long; from now on the leader alone is enough.
    FellBack {
        /// The leader.
        node: NodeId,
        /// Which log.
        partition: PartitionId,
    },
    /// Semi-sync: enough followers have caught up; they are waited for again.
    BackInSync {
        /// The leader.
        node: NodeId,
        /// Which log.
        partition: PartitionId,
    },
    /// A replica has not heard from its leader for too long, and stands for election.
    Suspected {
        /// Who suspects.
        node: NodeId,
        /// Which log.
        partition: PartitionId,
        /// The epoch that it asks for.
        epoch: u32,
    },
    /// A replica becomes leader.
    Promoted {
        /// Who.
        node: NodeId,
        /// Of which log.
        partition: PartitionId,
        /// Its epoch.
        epoch: u32,
        /// The last entry that it has.
        last: Position,
    },
    /// A leader hears of a higher epoch and stops leading.
    SteppedDown {
        /// Who.
        node: NodeId,
        /// Of which log.
        partition: PartitionId,
        /// The epoch that it heard of.
        epoch: u32,
    },

    // What is done to them, by the script or by hand.
    /// A replica stops; its memory is gone.
    Crashed {
        /// Who.
        node: NodeId,
    },
    /// A replica starts again from its disk.
    Restarted {
        /// Who.
        node: NodeId,
    },
    /// A setting changes; the script says which.
    Changed {
        /// The entry of the scenario's script, in order of time.
        script: u16,
    },
}

impl Kind {
    /// The client whose doing or seeing this is, if it is one's.
    pub fn client(&self) -> Option<ClientId> {
        match self {
            Kind::Invoked { op, .. } | Kind::Saw { op, .. } | Kind::Ended { op, .. } => {
                Some(op.client)
            }
            _ => None,
        }
    }
}

/// Takes records as they happen.
pub trait Sink {
    /// Takes one.
    fn record(&mut self, record: &Record);
}

/// Forgets them: for replaying what is already known.
impl Sink for () {
    fn record(&mut self, _: &Record) {}
}

/// Keeps them.
impl Sink for Vec<Record> {
    fn record(&mut self, record: &Record) {
        self.push(*record);
    }
}

/// A hash over every field of every record: equal where two runs were equal.
pub fn fingerprint(records: &[Record]) -> String {
    let mut hasher = Portable(SipHasher13::new());
    records.iter().for_each(|record| record.hash(&mut hasher));
    format!("{:016x}", hasher.finish())
}

/// The first place at which two traces differ, or `None` where they are equal.
pub fn first_divergence(a: &[Record], b: &[Record]) -> Option<Seq> {
    let common = a
        .iter()
        .zip(b)
        .take_while(|(one, other)| one == other)
        .count();
    (common < a.len().max(b.len())).then_some(Seq(common as u32))
}

/// Hashes the same on every machine: derived code hashes an enum's tag as an `isize`, which is
/// shorter in wasm.
struct Portable<H>(H);

impl<H: Hasher> Hasher for Portable<H> {
    fn finish(&self) -> u64 {
        self.0.finish()
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
    }

    fn write_u8(&mut self, value: u8) {
        self.write(&[value]);
    }

    fn write_u16(&mut self, value: u16) {
        self.write(&value.to_le_bytes());
    }

    fn write_u32(&mut self, value: u32) {
        self.write(&value.to_le_bytes());
    }

    fn write_u64(&mut self, value: u64) {
        self.write(&value.to_le_bytes());
    }

    fn write_i64(&mut self, value: i64) {
        self.write(&value.to_le_bytes());
    }

    fn write_isize(&mut self, value: isize) {
        self.write_i64(value as i64);
    }

    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value as Json, json};

    use super::*;
    use crate::run;
    use crate::scenario::Scenario;

    /// Both protocols, with crashes and losses: between them their records are of every kind but two.
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
            Json::Bool(flag) => vec![json!(!flag)],
            // Units of one enum stand in for one another.
            Json::String(_) => [
                "Read",
                "Ack",
                "Done",
                "Unknown",
                "Refused",
                "Absent",
                "Lost",
                "Delivered",
            ]
            .map(|name| json!(name))
            .to_vec(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn each_field_of_a_record_changes_the_fingerprint() {
        let mut kinds = std::collections::BTreeMap::new();
        for record in samples() {
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
        assert!(kinds.len() >= 20, "only {kinds:?}");
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
}
