//! A run as a history: what its clients did and saw, one JSON object a line, for any judge of histories.
//!
//! The first line gives `version_order`: for each key its values in the order of the protocol itself, as
//! far as clients were told it. Then come the operations, writes in the order
//! in which they began and reads in the order in which they were answered:
//! `{"session":"A","op":"write","key":"x","value":1,"invoke":0,"return":1}`. Times are nanoseconds of
//! the run: what happens in one microsecond stands there one after the other; an unknown outcome, and one that is still open, has `"return":null`; what was refused did
//! provably nothing and isn't there. A view of several keys is one read for each.
//!
//! Writes are told apart by their values. Where those of a key repeat or are not known, as those of
//! additions are not, all of its values carry the number of their write: `"40 (#2)"`. A key that is no
//! register, since it has siblings or merged values, or since each copy made a value of its own of one
//! statement, is left out.

use serde_json::{Map, Value as Json, json};

use crate::ids::{Change, Held, KeyId, KeySet, OpId, Value, Version, WriteId, covers};
use crate::ordered::{Ordered, sort_by_key};
use crate::scenario::{Names, Scenario};
use crate::trace::{Action, Kind, Outcome, Record};

/// A history, and what it doesn't tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// One JSON object a line.
    pub text: String,
    /// The keys that are no registers.
    pub left_out: Vec<KeyId>,
}

/// A write, as far as the trace tells of it.
#[derive(Clone, Copy, Debug)]
struct Write {
    write: WriteId,
    key: KeyId,
    /// Whether it sets its key to a value.
    sets: bool,
    /// What the key was with it; `None` where nobody saw that.
    value: Option<Value>,
    /// Once a client was told it.
    version: Option<Version>,
}

/// What a line tells.
#[derive(Clone, Copy, Debug)]
struct Operation {
    op: OpId,
    key: KeyId,
    wrote: bool,
    /// What was written or seen; `None` is the beginning, when there was nothing.
    write: Option<WriteId>,
    invoked: u64,
    returned: Option<u64>,
}

/// The history of these records, which are the first ones of a run.
pub fn history(scenario: &Scenario, records: &[Record]) -> History {
    let mut told = Told::default();
    records.iter().for_each(|record| told.take(record));
    let keys = (0..scenario.structure.keys).map(KeyId);
    let left_out: Vec<KeyId> = keys.filter(|key| told.no_register.contains(*key)).collect();
    let plain: Vec<bool> = (0..scenario.structure.keys)
        .map(|key| told.has_plain_values(KeyId(key)))
        .collect();
    let value = |write: Option<WriteId>| match write.and_then(|write| told.write(write)) {
        Some(write) => write.in_json(&scenario.names, plain[usize::from(write.key.0)]),
        None => Json::Null,
    };
    let mut orders = Map::new();
    for key in (0..scenario.structure.keys).map(KeyId) {
        let order = told.version_order(key);
        if !left_out.contains(&key) && !order.is_empty() {
            let values = order.into_iter().map(|write| value(Some(write)));
            orders.insert(scenario.names.key(key).to_owned(), values.collect());
        }
    }
    let mut text = json!({ "version_order": orders }).to_string();
    text.push('\n');
    for operation in told.operations.iter().flatten() {
        if left_out.contains(&operation.key) {
            continue;
        }
        let line = json!({
            "session": scenario.names.client(operation.op.client),
            "op": if operation.wrote { "write" } else { "read" },
            "key": scenario.names.key(operation.key),
            "value": value(operation.write),
            "invoke": operation.invoked,
            "return": operation.returned,
        });
        text += &line.to_string();
        text.push('\n');
    }
    History { text, left_out }
}

/// What the records told.
#[derive(Default)]
struct Told {
    /// From #1.
    writes: Vec<Write>,
    /// In the order in which they were told; `None` is one that was refused, or had been sent before.
    operations: Vec<Option<Operation>>,
    /// When an open operation began, and a write's place among the operations.
    open: Ordered<OpId, (u64, Option<usize>)>,
    /// The keys that had versions side by side.
    no_register: KeySet,
    /// The moment of the last thing that a client did or saw.
    latest: Option<u64>,
}

impl Told {
    /// When a record stands in the history, in nanoseconds.
    fn moment(&mut self, record: &Record) -> u64 {
        let from = record.at.0 * 1_000;
        if record.kind.client().is_some() {
            let next = self.latest.map_or(from, |latest| from.max(latest + 1));
            self.latest = Some(next);
        }
        self.latest.unwrap_or(from)
    }

    fn take(&mut self, record: &Record) {
        let at = self.moment(record);
        match record.kind {
            Kind::Invoked { op, action } => {
                let place = match action {
                    Action::Read { .. } => None,
                    Action::Write { write, key, change } => {
                        let value = match change {
                            Change::Set(value) => Some(value),
                            _ => None,
                        };
                        self.writes.push(Write {
                            write,
                            key,
                            sets: value.is_some(),
                            value,
                            version: None,
                        });
                        self.operations.push(Some(Operation {
                            op,
                            key,
                            wrote: true,
                            write: Some(write),
                            invoked: at,
                            returned: None,
                        }));
                        Some(self.operations.len() - 1)
                    }
                };
                self.open.insert(op, (at, place));
            }
            Kind::Saw { op, key, held, .. } => {
                if matches!(held.version, Some(Version::Dotted { .. })) {
                    self.no_register.insert(key);
                }
                self.learn(key, held);
                // What arrives after its client gave up is seen by nobody.
                if let Some((invoked, _)) = self.open.get(op) {
                    self.operations.push(Some(Operation {
                        op,
                        key,
                        wrote: false,
                        write: held.write,
                        invoked: *invoked,
                        returned: Some(at),
                    }));
                }
            }
            Kind::Served { key, held, .. } => self.learn(key, held),
            // It wrote nothing: the write that was sent before stands in the history.
            Kind::Recognised { op, .. } => {
                // Its client may have given up waiting by now.
                let is_it = |other: &Option<Operation>| {
                    other.is_some_and(|other| other.op == op && other.wrote)
                };
                if let Some(place) = self.operations.iter().rposition(is_it) {
                    self.operations[place] = None;
                }
            }
            Kind::Ended { op, outcome } => {
                let Some((_, Some(place))) = self.open.remove(op) else {
                    return;
                };
                match (outcome, &mut self.operations[place]) {
                    (Outcome::Written { version }, Some(operation)) => {
                        operation.returned = Some(at);
                        let write = operation.write.and_then(|write| self.place(write));
                        if let Some(write) = write {
                            self.writes[write].version = Some(version);
                        }
                    }
                    (Outcome::Refused, refused) => *refused = None,
                    _ => {}
                }
            }
            _ => {}
        }
    }

    /// A value that some replica showed, and the write that made it.
    fn learn(&mut self, key: KeyId, held: Held) {
        if let Some(place) = held.write.and_then(|write| self.place(write)) {
            let write = &mut self.writes[place];
            write.version = write.version.or(held.version);
            let value = *write.value.get_or_insert(held.value);
            // A statement that each copy carries out for itself: no one value stands for the write.
            if value != held.value {
                self.no_register.insert(key);
            }
        }
    }

    fn place(&self, write: WriteId) -> Option<usize> {
        let found = self
            .writes
            .binary_search_by_key(&write, |write| write.write);
        found.ok()
    }

    fn write(&self, write: WriteId) -> Option<&Write> {
        self.place(write).map(|place| &self.writes[place])
    }

    fn writes_to(&self, key: KeyId) -> impl Iterator<Item = &Write> {
        self.writes.iter().filter(move |write| write.key == key)
    }

    /// Whether the values of a key tell its writes apart.
    fn has_plain_values(&self, key: KeyId) -> bool {
        let mut values: Vec<Value> = Vec::new();
        for write in self.writes_to(key) {
            match write.value {
                Some(value @ (Value::Number(_) | Value::Text(_))) if write.sets => {
                    values.push(value)
                }
                _ => return false,
            }
        }
        let rank = |value: &Value| match value {
            Value::Number(number) => (0, *number as u64),
            Value::Text(text) => (1, u64::from(text.0)),
            _ => (2, 0),
        };
        sort_by_key(&mut values, rank);
        values.windows(2).all(|pair| pair[0] != pair[1])
    }

    /// The writes to a key whose versions are known, in the protocol's order.
    fn version_order(&self, key: KeyId) -> Vec<WriteId> {
        let mut order: Vec<&Write> = Vec::new();
        for write in self.writes_to(key).filter(|write| write.version.is_some()) {
            let is_older = |other: &&Write| covers(write.version, other.version);
            order.insert(order.partition_point(is_older), write);
        }
        order.into_iter().map(|write| write.write).collect()
    }
}

impl Write {
    /// What stands for its value; `plain` where the values of its key tell its writes apart.
    fn in_json(&self, names: &Names, plain: bool) -> Json {
        match self.value {
            Some(Value::Number(number)) if plain => number.into(),
            Some(value) if plain => names.value(value).into(),
            Some(value) => format!("{} (#{})", names.value(value), self.write.0).into(),
            None => format!("#{}", self.write.0).into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::time::SimTime;
    use crate::run;
    use std::sync::Arc;

    fn told(document: Json) -> (Vec<Json>, History) {
        let scenario = Arc::new(Scenario::from_document(document).unwrap());
        let mut run = run::open(Arc::clone(&scenario), scenario.seed);
        run.seek(SimTime(u64::MAX));
        let told = history(&scenario, run.records());
        let lines = told
            .text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        (lines.collect(), told)
    }

    fn of(protocol: Json, does: Json) -> Json {
        json!({
            "version": 1, "title": "t", "story": "s", "seed": 1, "protocol": protocol,
            "network": { "replication_lag_ms": 10, "client_ms": 5 },
            "clients": [{ "name": "Ann", "does": does }],
            "limits": { "time_ms": 5000 },
        })
    }

    fn one_leader() -> Json {
        json!({ "kind": "single_leader", "nodes": 3 })
    }

    #[test]
    fn a_write_and_a_read_are_a_line_each_after_the_order_of_versions() {
        let does = json!([
            { "write": { "x": 1 } }, { "wait_ms": 100, "write": { "x": 2 } }, { "wait_ms": 100, "read": ["x"] },
        ]);
        let (lines, _) = told(of(one_leader(), does));
        assert_eq!(lines[0], json!({ "version_order": { "x": [1, 2] } }));
        assert_eq!(lines.len(), 4);
        assert_eq!(lines[1]["value"], 1);
        assert_eq!(
            (&lines[3]["op"], &lines[3]["value"]),
            (&json!("read"), &json!(2))
        );
        assert!(lines[1]["return"].as_u64() < lines[2]["invoke"].as_u64());
    }

    #[test]
    fn values_that_do_not_tell_writes_apart_carry_their_numbers() {
        let does = json!([
            { "write": { "x": 1 } }, { "wait_ms": 100, "add": { "x": 1 } }, { "wait_ms": 100, "add": { "x": -1 } },
            { "wait_ms": 100, "read": ["x"] },
        ]);
        let (lines, _) = told(of(one_leader(), does));
        let values: Vec<&Json> = lines[1..].iter().map(|line| &line["value"]).collect();
        assert_eq!(values, ["1 (#1)", "#2", "1 (#3)", "1 (#3)"]);
    }

    #[test]
    fn a_key_of_which_one_write_made_several_values_is_left_out() {
        let mut protocol = one_leader();
        protocol["stream"] = json!("statement");
        let read = json!({ "wait_ms": 100, "read": ["ticket", "x"] });
        let does = json!([
            { "write": { "ticket": { "call": "UUID()" } } }, { "write": { "x": 1 } }, read, read, read, read, read,
        ]);
        let mut document = of(protocol, does);
        document["reads"] = json!({ "policy": "any" });
        let (lines, told) = told(document);
        assert_eq!(told.left_out, [KeyId(0)]);
        assert_eq!(lines[0], json!({ "version_order": { "x": [1] } }));
        assert!(lines[1..].iter().all(|line| line["key"] == "x"));
        assert_eq!(lines.len(), 1 + 1 + 5);
    }

    #[test]
    fn nothing_is_null_and_an_unknown_outcome_does_not_return() {
        let mut document = of(
            json!({ "kind": "leaderless", "nodes": 3, "copies": 3, "w": 2, "r": 2 }),
            json!([{ "read": ["x"] }, { "wait_ms": 100, "write": { "x": 1 } }]),
        );
        document["script"] = json!([
            { "at_ms": 60, "crash": "B" }, { "at_ms": 60, "crash": "C" },
        ]);
        let (lines, _) = told(document);
        assert_eq!(lines[1]["value"], Json::Null);
        assert_eq!(
            (&lines[2]["op"], &lines[2]["return"]),
            (&json!("write"), &Json::Null)
        );
    }

    #[test]
    fn a_key_with_siblings_is_left_out() {
        let protocol = json!({
            "kind": "leaderless", "nodes": 3, "copies": 3, "w": 2, "r": 2, "versions": "dotted",
        });
        let (lines, told) = told(of(
            protocol,
            json!([{ "write": { "x": 1 } }, { "wait_ms": 50, "read": ["x"] }]),
        ));
        assert_eq!(told.left_out, [KeyId(0)]);
        assert_eq!(lines, [json!({ "version_order": {} })]);
    }
}
