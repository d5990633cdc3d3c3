//! For the tests of the monitors: histories written by hand.

use serde_json::json;

use crate::engine::time::SimTime;
use crate::ids::{
    Change, ClientId, Dot, Held, KeyId, NodeId, OpId, PartitionId, Place, Position, Value, Vector,
    Version, WriteId,
};
use crate::promise::{Promise, Verdict, Violation, Watch};
use crate::scenario::Scenario;
use crate::trace::{Action, Carries, Kind, MessageKind, Outcome, Record, Seq};

pub use crate::promise::soundness::{assert_sound, is_one_answer};

pub const ALICE: ClientId = ClientId(0);
pub const BOB: ClientId = ClientId(1);
pub const CAROL: ClientId = ClientId(2);
pub const BALANCE: KeyId = KeyId(0);
pub const PHOTO: KeyId = KeyId(1);
pub const L: NodeId = NodeId(0);
pub const F1: NodeId = NodeId(1);
pub const F2: NodeId = NodeId(2);

/// One leader and two followers, each key in a partition of its own.
pub fn one_leader(nodes: u8) -> Scenario {
    scenario(
        json!({ "kind": "single_leader", "nodes": nodes, "partitions": 2, "ack": { "mode": "async" } }),
    )
}

/// Three replicas called A, B and C, and a proxy.
pub fn leaderless(w: u8, r: u8) -> Scenario {
    scenario(
        json!({ "kind": "leaderless", "nodes": 3, "copies": 3, "w": w, "r": r, "coordinator": "proxy" }),
    )
}

/// Two regions, each with a leader.
pub fn many_leaders() -> Scenario {
    let scenario = scenario(json!({ "kind": "leaderless" }));
    let regions = ["east", "west"].map(|name| json!({ "name": name, "nodes": 1 }));
    let changes = [
        ("/protocol", json!({ "kind": "multi_leader" })),
        ("/regions", json!(regions)),
        ("/clients/0/region", json!("east")),
        ("/clients/1/region", json!("west")),
        ("/clients/2/region", json!("west")),
    ];
    let scenario = scenario.with_all(changes);
    scenario.unwrap_or_else(|error| panic!("{error}"))
}

fn scenario(protocol: serde_json::Value) -> Scenario {
    let does = json!([{ "read": ["balance", "photo", "likes"] }]);
    let clients = ["Alice", "Bob", "Carol"].map(|name| json!({ "name": name, "does": does }));
    let document =
        json!({ "version": 1, "title": "By hand", "protocol": protocol, "clients": clients });
    Scenario::from_document(document).unwrap_or_else(|error| panic!("{error}"))
}

/// A history written by hand. Times are in milliseconds.
pub struct History {
    pub scenario: Scenario,
    pub trace: Vec<Record>,
    now: SimTime,
    operations: u32,
    writes: u32,
}

/// A write of such a history: its value is its number times 10, its log position (1, its number).
#[derive(Clone, Copy)]
pub struct Written {
    pub op: OpId,
    pub write: WriteId,
    pub key: KeyId,
    pub position: Position,
}

impl Written {
    pub fn version(self) -> Version {
        Version::Log(self.position)
    }

    /// The same write as a leaderless system's.
    pub fn stamp(self) -> Version {
        Version::Stamp {
            at_us: i64::from(self.write.0),
            coordinator: NodeId(3),
            counter: 0,
        }
    }

    /// The same write under version vectors, each client's of a node of its own: it had seen these.
    pub fn dotted(self, had_seen: &[Written]) -> Version {
        let dot = |written: &Written| Dot {
            node: NodeId(written.op.client.0),
            counter: written.write.0 as u16,
        };
        let mut seen = Vector::default();
        had_seen.iter().for_each(|written| seen.cover(dot(written)));
        let dot = dot(&self);
        Version::Dotted { dot, seen }
    }

    pub fn held(self) -> Held {
        self.held_as(self.version())
    }

    pub fn held_as(self, version: Version) -> Held {
        Held {
            version: Some(version),
            value: value(self.write),
            write: Some(self.write),
        }
    }
}

fn value(write: WriteId) -> Value {
    Value::Number(i64::from(write.0) * 10)
}

impl History {
    pub fn of(scenario: Scenario) -> Self {
        History {
            scenario,
            trace: Vec::new(),
            now: SimTime::ZERO,
            operations: 0,
            writes: 0,
        }
    }

    /// What follows happens then.
    pub fn at(&mut self, ms: u64) -> &mut Self {
        self.now = SimTime(ms * 1000);
        self
    }

    pub fn push(&mut self, cause: Option<Seq>, kind: Kind) -> Seq {
        let seq = Seq(self.trace.len() as u32);
        self.trace.push(Record {
            seq,
            at: self.now,
            cause,
            kind,
        });
        seq
    }

    pub fn writes(&mut self, client: ClientId, key: KeyId) -> Written {
        self.writes += 1;
        let (op, write) = (self.op(client), WriteId(self.writes));
        let change = Change::Set(value(write));
        self.push(
            None,
            Kind::Invoked {
                op,
                action: Action::Write { write, key, change },
            },
        );
        Written {
            op,
            write,
            key,
            position: Position {
                epoch: 1,
                index: self.writes,
            },
        }
    }

    pub fn told_done(&mut self, written: Written) {
        self.told(
            written.op,
            Outcome::Written {
                version: written.version(),
            },
        );
    }

    pub fn told(&mut self, op: OpId, outcome: Outcome) {
        self.push(None, Kind::Ended { op, outcome });
    }

    /// The same write is sent again under its idempotency key, and the leader says "done" for it.
    pub fn wrote_again(&mut self, earlier: Written) -> Written {
        let again = self.writes(earlier.op.client, earlier.key);
        let recognised = Kind::Recognised {
            node: L,
            op: again.op,
            write: again.write,
            earlier: earlier.write,
        };
        self.push(None, recognised);
        let version = earlier.version();
        self.told(again.op, Outcome::Written { version });
        again
    }

    /// A write from its invocation to its end, now.
    pub fn wrote(&mut self, client: ClientId, key: KeyId) -> Written {
        let written = self.writes(client, key);
        self.told_done(written);
        written
    }

    pub fn reads(&mut self, client: ClientId, keys: &[KeyId]) -> OpId {
        let op = self.op(client);
        self.push(
            None,
            Kind::Invoked {
                op,
                action: Action::Read {
                    keys: keys.iter().copied().collect(),
                },
            },
        );
        op
    }

    pub fn served(&mut self, node: NodeId, op: OpId, key: KeyId, held: Held) {
        self.push(
            None,
            Kind::Served {
                node,
                op,
                key,
                held,
            },
        );
    }

    pub fn saw(&mut self, op: OpId, key: KeyId, from: NodeId, held: Held) {
        self.push(
            None,
            Kind::Saw {
                op,
                key,
                from,
                held,
            },
        );
    }

    /// A read of one key from its invocation to its end, now.
    pub fn read(&mut self, client: ClientId, key: KeyId, from: NodeId, held: Held) {
        let op = self.reads(client, &[key]);
        self.served(from, op, key, held);
        self.saw(op, key, from, held);
        self.told(op, Outcome::Answered);
    }

    /// The same, of siblings.
    pub fn read_siblings(&mut self, client: ClientId, key: KeyId, from: NodeId, held: &[Held]) {
        let op = self.reads(client, &[key]);
        held.iter().for_each(|held| self.saw(op, key, from, *held));
        self.told(op, Outcome::Answered);
    }

    /// A copy stores a write.
    pub fn stored(&mut self, node: NodeId, written: Written) {
        let (key, version, write) = (written.key, written.stamp(), written.write);
        let newest = true;
        self.push(
            None,
            Kind::Stored {
                node,
                key,
                version,
                write,
                newest,
            },
        );
    }

    /// A leader's message with one entry. It arrives at a moment, in milliseconds, or never.
    pub fn appends(
        &mut self,
        from: NodeId,
        to: NodeId,
        written: Written,
        arrives: Option<u64>,
    ) -> Seq {
        let carries = Carries {
            op: None,
            from: Some(written.position),
            upto: Some(written.position),
            write: Some(written.write),
            entries: 1,
            partition: Some(self.scenario.partition_of(written.key)),
            key: None,
        };
        self.sends(from, to, MessageKind::Append, carries, arrives)
    }

    /// A coordinator's message to a copy.
    pub fn stores(&mut self, to: NodeId, written: Written, arrives: Option<u64>) -> Seq {
        let carries = Carries {
            op: Some(written.op),
            write: Some(written.write),
            ..Carries::default()
        };
        self.sends(NodeId(3), to, MessageKind::Store, carries, arrives)
    }

    pub fn sends(
        &mut self,
        from: NodeId,
        to: NodeId,
        message: MessageKind,
        carries: Carries,
        arrives: Option<u64>,
    ) -> Seq {
        let arrives = arrives.map(|ms| SimTime(ms * 1000));
        let flight_us = arrives.map_or(1000, |at| at.since_us(self.now));
        let (from, to) = (Place::Node(from), Place::Node(to));
        self.push(
            None,
            Kind::Sent {
                from,
                to,
                message,
                carries,
                arrives,
                flight_us,
            },
        )
    }

    /// A copy's response to what was delivered to it.
    pub fn responds(
        &mut self,
        cause: Seq,
        from: NodeId,
        to: NodeId,
        carries: Carries,
        arrives: u64,
    ) -> Seq {
        let sent = self.sends(from, to, MessageKind::Fetched, carries, Some(arrives));
        self.trace[sent.index()].cause = Some(cause);
        sent
    }

    pub fn appended(&mut self, node: NodeId, written: Written) {
        let (partition, position) = (self.scenario.partition_of(written.key), written.position);
        self.push(
            None,
            Kind::Appended {
                node,
                partition,
                position,
                write: Some(written.write),
            },
        );
    }

    pub fn persisted(&mut self, node: NodeId, written: Written) {
        let (partition, position) = (self.scenario.partition_of(written.key), written.position);
        self.push(
            None,
            Kind::Persisted {
                node,
                partition,
                position,
                write: Some(written.write),
            },
        );
    }

    pub fn discarded(&mut self, node: NodeId, written: Written) {
        let (partition, position) = (self.scenario.partition_of(written.key), written.position);
        self.push(
            None,
            Kind::Discarded {
                node,
                partition,
                position,
                write: Some(written.write),
            },
        );
    }

    pub fn acknowledged(&mut self, node: NodeId, written: Written, epoch: u32) {
        self.acknowledges(node, written, written.version(), epoch);
    }

    /// The same without a leader, of any version.
    pub fn acknowledged_as(&mut self, node: NodeId, written: Written, version: Version) {
        self.acknowledges(node, written, version, 0);
    }

    fn acknowledges(&mut self, node: NodeId, written: Written, version: Version, epoch: u32) {
        let (op, write) = (written.op, written.write);
        let partition = self.scenario.partition_of(written.key);
        self.push(
            None,
            Kind::Acknowledged {
                node,
                op,
                write,
                partition,
                version,
                epoch,
            },
        );
    }

    /// A replica becomes leader of the first partition, with entries up to this index of the first epoch.
    pub fn promoted(&mut self, node: NodeId, epoch: u32, last: u32) {
        let last = Position {
            epoch: u32::from(last > 0),
            index: last,
        };
        self.push(
            None,
            Kind::Promoted {
                node,
                partition: PartitionId(0),
                epoch,
                last,
            },
        );
    }

    pub fn crashed(&mut self, node: NodeId) {
        let disk_lost = false;
        self.push(None, Kind::Crashed { node, disk_lost });
    }

    pub fn lost_its_disk(&mut self, node: NodeId) {
        let disk_lost = true;
        self.push(None, Kind::Crashed { node, disk_lost });
    }

    /// A replica's disk is replaced by a copy of some moment; what that holds is to follow.
    pub fn restored(&mut self, node: NodeId, as_of_ms: u64) {
        let as_of = SimTime(as_of_ms * 1000);
        self.push(None, Kind::Restored { node, as_of });
    }

    pub fn restarted(&mut self, node: NodeId) {
        self.push(None, Kind::Restarted { node });
    }

    pub fn watched(&self) -> Watch {
        let mut watch = Watch::new(&self.scenario);
        watch.observe(&self.trace, &self.scenario);
        watch
    }

    /// How a promise stands at the end.
    pub fn verdict(&self, promise: Promise) -> Verdict {
        self.watched().verdict(promise, self.trace.len())
    }

    /// The one violation, with what is asked of every violation asked of it.
    pub fn violation(&self, promise: Promise) -> Violation {
        let watch = self.watched();
        assert_sound(watch.violations(), &self.trace, &self.scenario);
        let mut of_promise = watch
            .violations()
            .iter()
            .filter(|violation| violation.promise == promise);
        let violation = of_promise.next().expect("a violation").clone();
        assert_eq!(of_promise.next(), None, "one violation");
        violation
    }

    fn op(&mut self, client: ClientId) -> OpId {
        self.operations += 1;
        OpId {
            client,
            number: self.operations - 1,
        }
    }
}
