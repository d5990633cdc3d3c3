//! For the tests of the monitors: histories written by hand, and what is asked of every violation.

use serde_json::json;

use crate::engine::time::SimTime;
use crate::ids::{
    Change, ClientId, Held, KeyId, NodeId, OpId, PartitionId, Place, Position, Value, Version,
    WriteId,
};
use crate::promise::{Promise, Verdict, Violation, Watch, words};
use crate::scenario::Scenario;
use crate::trace::{Action, Carries, Kind, MessageKind, Outcome, Record, Seq};

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
        let (op, write, version) = (written.op, written.write, written.version());
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
        self.push(None, Kind::Crashed { node });
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

/// Every violation is proved by its evidence alone, and without any of the records that prove it no
/// longer is; and its sentence says nothing that its evidence doesn't.
pub fn assert_sound(violations: &[Violation], trace: &[Record], scenario: &Scenario) {
    for violation in violations {
        let evidence: Vec<Record> = violation
            .evidence
            .iter()
            .map(|seq| trace[seq.index()])
            .collect();
        assert!(
            violation.evidence.is_sorted_by(|a, b| a < b),
            "in order, each once: {violation:?}"
        );
        assert!(violation.evidence.contains(&violation.at), "{violation:?}");
        assert!(
            proves(&evidence, violation, scenario),
            "evidence is no proof: {violation:?} {evidence:#?}"
        );
        for (place, record) in evidence.iter().enumerate() {
            if is_proof(violation.promise, record) {
                let mut without = evidence.clone();
                without.remove(place);
                assert!(
                    !proves(&without, violation, scenario),
                    "{record:?} isn't needed: {violation:?}"
                );
            }
        }
        assert_told_from(&evidence, violation, scenario);
    }
}

/// Whether new monitors, fed with these records alone, find the violation.
fn proves(records: &[Record], violation: &Violation, scenario: &Scenario) -> bool {
    let mut watch = Watch::new(scenario);
    watch.observe(records, scenario);
    watch
        .violations()
        .iter()
        .any(|found| (found.promise, found.at) == (violation.promise, violation.at))
}

/// Whether a record of the evidence belongs to the proof; the others show the cause.
fn is_proof(promise: Promise, record: &Record) -> bool {
    match promise {
        Promise::ReadYourWrites | Promise::MonotonicReads | Promise::ConsistentPrefix => {
            matches!(
                record.kind,
                Kind::Invoked { .. } | Kind::Saw { .. } | Kind::Ended { .. }
            )
        }
        Promise::NoAckedWriteLost => {
            matches!(
                record.kind,
                Kind::Invoked { .. } | Kind::Ended { .. } | Kind::Promoted { .. }
            )
        }
        Promise::OneLeaderAtATime => matches!(record.kind, Kind::Acknowledged { .. }),
    }
}

/// Every name and number in the title and the sentence occurs in the evidence; times may be differences.
fn assert_told_from(evidence: &[Record], violation: &Violation, scenario: &Scenario) {
    let known = Known::of(evidence, scenario);
    let names = &scenario.names;
    for text in [&violation.title, &violation.sentence] {
        assert!(!text.is_empty(), "{violation:?}");
        let is_edge = |c: char| c != '#' && !c.is_alphanumeric();
        let tokens: Vec<&str> = text
            .split(|c: char| c.is_whitespace() || c == '’')
            .map(|token| token.trim_matches(is_edge))
            .filter(|token| !token.is_empty())
            .collect();
        for (place, token) in tokens.iter().enumerate() {
            let told = if names
                .nodes
                .iter()
                .chain(&names.clients)
                .chain(&names.keys)
                .any(|name| name == token)
            {
                known.names.iter().any(|name| name == token)
            } else if token.starts_with('#') {
                known.chips.iter().any(|chip| chip == token)
            } else if token.starts_with(|c: char| c.is_ascii_digit()) {
                match tokens.get(place + 1) {
                    Some(unit @ (&"ms" | &"s")) => known.spans.contains(&format!("{token} {unit}")),
                    _ => known.numbers.iter().any(|number| number == token),
                }
            } else {
                true
            };
            assert!(
                told,
                "“{token}” isn't in the evidence of: {text}\n{evidence:#?}"
            );
        }
    }
}

/// What may be named, given some records.
#[derive(Default)]
struct Known {
    names: Vec<String>,
    chips: Vec<String>,
    numbers: Vec<String>,
    spans: Vec<String>,
}

impl Known {
    fn of(evidence: &[Record], scenario: &Scenario) -> Self {
        let mut known = Known::default();
        let mut moments = Vec::new();
        for record in evidence {
            moments.push(record.at.0);
            match record.kind {
                Kind::Invoked { op, action } => {
                    known.client(op, scenario);
                    match action {
                        Action::Write { write, key, change } => {
                            known.chip(write);
                            known.key(key, scenario);
                            match change {
                                Change::Set(value) => {
                                    known.numbers.push(scenario.names.value(value))
                                }
                                Change::Add(by) => {
                                    known.numbers.push(by.unsigned_abs().to_string())
                                }
                            }
                        }
                        Action::Read { keys } => {
                            keys.iter().for_each(|key| known.key(key, scenario))
                        }
                    }
                }
                Kind::Saw {
                    op,
                    key,
                    from: node,
                    held,
                }
                | Kind::Served {
                    op,
                    key,
                    node,
                    held,
                } => {
                    known.client(op, scenario);
                    known.node(node, scenario);
                    known.key(key, scenario);
                    known.numbers.push(scenario.names.value(held.value));
                    held.write.into_iter().for_each(|write| known.chip(write));
                }
                Kind::Ended { op, .. } => known.client(op, scenario),
                Kind::Sent {
                    from,
                    to,
                    carries,
                    arrives,
                    ..
                } => {
                    for place in [from, to] {
                        if let Place::Node(node) = place {
                            known.node(node, scenario);
                        }
                    }
                    carries
                        .write
                        .into_iter()
                        .for_each(|write| known.chip(write));
                    moments.extend(arrives.map(|at| at.0));
                }
                Kind::Appended { node, write, .. }
                | Kind::Persisted { node, write, .. }
                | Kind::Discarded { node, write, .. } => {
                    known.node(node, scenario);
                    write.into_iter().for_each(|write| known.chip(write));
                }
                Kind::Stored { node, write, .. } => {
                    known.node(node, scenario);
                    known.chip(write);
                }
                Kind::Acknowledged {
                    node,
                    op,
                    write,
                    epoch,
                    ..
                } => {
                    known.node(node, scenario);
                    known.client(op, scenario);
                    known.chip(write);
                    known.numbers.push(epoch.to_string());
                }
                Kind::Promoted { node, epoch, .. } => {
                    known.node(node, scenario);
                    known.numbers.push(epoch.to_string());
                }
                Kind::Crashed { node } | Kind::Restarted { node } => known.node(node, scenario),
                _ => {}
            }
        }
        for earlier in moments.iter().chain([&0]) {
            known.spans.extend(
                moments
                    .iter()
                    .map(|later| words::span(later.saturating_sub(*earlier)).to_string()),
            );
        }
        known
    }

    fn client(&mut self, op: OpId, scenario: &Scenario) {
        self.names.push(scenario.names.client(op.client).to_owned());
    }

    fn node(&mut self, node: NodeId, scenario: &Scenario) {
        self.names.push(scenario.names.node(node).to_owned());
    }

    fn key(&mut self, key: KeyId, scenario: &Scenario) {
        self.names.push(scenario.names.key(key).to_owned());
    }

    fn chip(&mut self, write: WriteId) {
        self.chips.push(words::chip(write).to_string());
    }
}
