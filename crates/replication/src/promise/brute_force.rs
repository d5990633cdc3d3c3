//! The monitors against their definitions, spelt out without a thought of speed, on many small random
//! histories. No replica would behave like these: whatever a read can return, it returns.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

use crate::engine::time::SimTime;
use crate::ids::{
    Change, ClientId, Held, KeyId, KeySet, NodeId, OpId, Position, Value, Version, WriteId,
};
use crate::promise::testing::{assert_sound, one_leader};
use crate::promise::{Promise, Watch};
use crate::trace::{Action, Kind, Outcome, Record, Seq};

const HISTORIES: u64 = 20_000;
const CLIENTS: u8 = 3;
const KEYS: u8 = 3;

/// How often a promise was tested, and the records at which it was broken.
#[derive(Debug, Default, PartialEq, Eq)]
struct Judged {
    checked: u32,
    broken: Vec<Seq>,
}

#[test]
fn monitors_agree_with_their_definitions() {
    let scenario = one_leader(3);
    let mut tested = [0; 3];
    let mut broken = [0; 3];
    for seed in 0..HISTORIES {
        let trace = random_history(seed);
        let mut watch = Watch::new(&scenario);
        watch.observe(&trace, &scenario);
        let definitions = [
            (Promise::ReadYourWrites, read_your_writes(&trace)),
            (Promise::MonotonicReads, monotonic_reads(&trace)),
            (Promise::ConsistentPrefix, consistent_prefix(&trace)),
        ];
        for (number, (promise, defined)) in definitions.into_iter().enumerate() {
            let found = watch
                .violations()
                .iter()
                .filter(|violation| violation.promise == promise);
            let judged = Judged {
                checked: watch.verdict(promise, trace.len()).checked,
                broken: found.map(|violation| violation.at).collect(),
            };
            assert_eq!(judged, defined, "{promise:?}, seed {seed}: {trace:#?}");
            tested[number] += judged.checked;
            broken[number] += judged.broken.len();
        }
        if seed % 2 == 0 {
            assert_sound(watch.violations(), &trace, &scenario);
        }
    }
    // Enough of both, or nothing was shown.
    for number in 0..3 {
        assert!(broken[number] > 5_000, "{broken:?}");
        assert!(
            tested[number] as usize > broken[number] + 5_000,
            "{tested:?} {broken:?}"
        );
    }
}

#[test]
fn watching_piece_by_piece_equals_watching_at_once() {
    let scenario = one_leader(3);
    for seed in 0..500 {
        let trace = random_history(seed);
        let mut at_once = Watch::new(&scenario);
        at_once.observe(&trace, &scenario);
        let mut by_piece = Watch::new(&scenario);
        for length in 0..=trace.len() {
            by_piece.observe(&trace[..length], &scenario);
            for promise in Promise::ALL {
                // What is known now is what is said later of now.
                let now = by_piece.verdict(promise, length);
                assert_eq!(
                    now,
                    at_once.verdict(promise, length),
                    "{promise:?}, seed {seed}, record {length}"
                );
            }
        }
        assert_eq!(by_piece.violations(), at_once.violations());
    }
}

/// A session reads its key: the read's invocation, its client and what it saw.
struct Seen {
    place: usize,
    read: usize,
    op: OpId,
    key: KeyId,
    held: Held,
}

/// Everything that sessions saw.
fn all_seen(trace: &[Record]) -> Vec<Seen> {
    let invoked = |op: OpId| {
        trace
            .iter()
            .position(|record| matches!(record.kind, Kind::Invoked { op: of, .. } if of == op))
            .unwrap()
    };
    let seen = trace
        .iter()
        .enumerate()
        .filter_map(|(place, record)| match record.kind {
            Kind::Saw { op, key, held, .. } => Some(Seen {
                place,
                read: invoked(op),
                op,
                key,
                held,
            }),
            _ => None,
        });
    seen.collect()
}

/// A write that was told "done".
struct Done {
    client: ClientId,
    write: WriteId,
    key: KeyId,
    version: Version,
    ended: usize,
}

/// Every write that was told "done", in that order.
fn all_done(trace: &[Record]) -> Vec<Done> {
    let mut all = Vec::new();
    for (ended, record) in trace.iter().enumerate() {
        let Kind::Ended {
            op,
            outcome: Outcome::Written { version },
        } = record.kind
        else {
            continue;
        };
        for record in trace {
            match record.kind {
                Kind::Invoked {
                    op: of,
                    action: Action::Write { write, key, .. },
                } if of == op => {
                    all.push(Done {
                        client: op.client,
                        write,
                        key,
                        version,
                        ended,
                    });
                }
                _ => {}
            }
        }
    }
    all
}

/// "A read returns nothing that equals or supersedes the session's latest write to that key acknowledged
/// before the read was invoked."
fn read_your_writes(trace: &[Record]) -> Judged {
    let done = all_done(trace);
    let mut judged = Judged::default();
    for seen in all_seen(trace) {
        let mut own = done
            .iter()
            .filter(|done| done.client == seen.op.client && done.key == seen.key);
        let Some(latest) = own.rfind(|done| done.ended < seen.read) else {
            continue;
        };
        judged.checked += 1;
        let equals_or_supersedes = |version| version >= latest.version;
        if !seen.held.version.is_some_and(equals_or_supersedes) {
            judged.broken.push(Seq(seen.place as u32));
        }
    }
    judged
}

/// "A read returns nothing that equals or supersedes what the session already saw of that key."
fn monotonic_reads(trace: &[Record]) -> Judged {
    let all = all_seen(trace);
    let mut judged = Judged::default();
    for seen in &all {
        let mut before = all
            .iter()
            .filter(|other| {
                other.op.client == seen.op.client
                    && other.key == seen.key
                    && other.place < seen.place
            })
            .peekable();
        judged.checked += u32::from(before.peek().is_some());
        // "Nothing" is superseded by anything, and equals nothing.
        if before.any(|before| {
            before
                .held
                .version
                .is_some_and(|version| seen.held.version < Some(version))
        }) {
            judged.broken.push(Seq(seen.place as u32));
        }
    }
    judged
}

/// "One view shows a write but not one that happened before it."
fn consistent_prefix(trace: &[Record]) -> Judged {
    let (all, done) = (all_seen(trace), all_done(trace));
    let mut judged = Judged::default();
    for (read, record) in trace.iter().enumerate() {
        let Kind::Invoked {
            op,
            action: Action::Read { .. },
        } = record.kind
        else {
            continue;
        };
        let view: Vec<&Seen> = all.iter().filter(|seen| seen.op == op).collect();
        let mut tested = false;
        let mut broken: Option<usize> = None;
        for one in &view {
            let Some(write) = one.held.write else {
                continue;
            };
            let before = happened_before(write, trace, &all, &done);
            for other in view.iter().filter(|other| other.key != one.key) {
                for (_, _, version) in before.iter().filter(|(_, key, _)| *key == other.key) {
                    tested = true;
                    if other.held.version.is_none_or(|shown| shown < *version) {
                        let both = one.place.max(other.place);
                        broken = Some(broken.map_or(both, |first| first.min(both)));
                    }
                }
            }
        }
        judged.checked += u32::from(tested);
        judged.broken.extend(broken.map(|place| Seq(place as u32)));
        assert!(view.iter().all(|seen| seen.read == read));
    }
    judged.broken.sort();
    judged
}

/// The writes before a write by session order and reads-from: its session's earlier writes that were told
/// "done", what its session had seen, and what was before those.
fn happened_before(
    write: WriteId,
    trace: &[Record],
    all: &[Seen],
    done: &[Done],
) -> Vec<(WriteId, KeyId, Version)> {
    let mut before: Vec<(WriteId, KeyId, Version)> = Vec::new();
    let mut open = vec![write];
    while let Some(write) = open.pop() {
        let (place, client) = trace
            .iter()
            .enumerate()
            .find_map(|(place, record)| match record.kind {
                Kind::Invoked {
                    op,
                    action: Action::Write { write: of, .. },
                } if of == write => Some((place, op.client)),
                _ => None,
            })
            .unwrap();
        let own = done
            .iter()
            .filter(|done| done.client == client && done.ended < place)
            .map(|done| (done.write, done.key, done.version));
        let seen = all
            .iter()
            .filter(|seen| seen.op.client == client && seen.place < place)
            .filter_map(|seen| Some((seen.held.write?, seen.key, seen.held.version?)));
        for found in own.chain(seen) {
            if !before.contains(&found) {
                before.push(found);
                open.push(found.0);
            }
        }
    }
    before
}

/// A client of a random history, and what it is doing.
#[derive(Clone, Copy)]
enum Doing {
    Nothing,
    Writing(OpId, Version),
    Reading(OpId, KeySet),
}

fn random_history(seed: u64) -> Vec<Record> {
    let mut random = Random(ChaCha8Rng::seed_from_u64(seed));
    let mut trace: Vec<Record> = Vec::new();
    let mut writes: Vec<(KeyId, Version)> = Vec::new();
    let mut doing = [Doing::Nothing; CLIENTS as usize];
    let mut operations = 0;
    for step in 0..random.between(10, 70) {
        let client = random.below(u32::from(CLIENTS)) as u8;
        let kind = match doing[usize::from(client)] {
            Doing::Nothing => {
                let op = OpId {
                    client: ClientId(client),
                    number: operations,
                };
                operations += 1;
                if random.percent(45) {
                    // Any order will do, as long as it is one.
                    let position = Position {
                        epoch: random.between(1, 3),
                        index: 1 + random.below(50),
                    };
                    let version = Version::Log(position);
                    if writes.iter().any(|(_, other)| *other == version) {
                        continue;
                    }
                    let key = KeyId(random.below(u32::from(KEYS)) as u8);
                    writes.push((key, version));
                    doing[usize::from(client)] = Doing::Writing(op, version);
                    let write = WriteId(writes.len() as u32);
                    let change = Change::Set(Value::Number(i64::from(write.0)));
                    Kind::Invoked {
                        op,
                        action: Action::Write { write, key, change },
                    }
                } else {
                    let keys = KeySet(1 + random.below((1 << KEYS) - 1));
                    doing[usize::from(client)] = Doing::Reading(op, keys);
                    Kind::Invoked {
                        op,
                        action: Action::Read { keys },
                    }
                }
            }
            Doing::Writing(op, version) => {
                doing[usize::from(client)] = Doing::Nothing;
                let outcome = match random.below(10) {
                    0 => Outcome::Unknown,
                    1 => Outcome::Refused,
                    _ => Outcome::Written { version },
                };
                Kind::Ended { op, outcome }
            }
            Doing::Reading(op, left) if left.is_empty() || random.percent(5) => {
                doing[usize::from(client)] = Doing::Nothing;
                let outcome = if left.is_empty() {
                    Outcome::Answered
                } else {
                    Outcome::Unknown
                };
                Kind::Ended { op, outcome }
            }
            Doing::Reading(op, left) => {
                let keys: Vec<KeyId> = left.iter().collect();
                let key = keys[random.below(keys.len() as u32) as usize];
                doing[usize::from(client)] =
                    Doing::Reading(op, left.iter().filter(|other| *other != key).collect());
                let held = random.held(key, &writes);
                Kind::Saw {
                    op,
                    key,
                    from: NodeId(0),
                    held,
                }
            }
        };
        let seq = Seq(trace.len() as u32);
        trace.push(Record {
            seq,
            at: SimTime(u64::from(step) * 1_000),
            cause: None,
            kind,
        });
    }
    trace
}

struct Random(ChaCha8Rng);

impl Random {
    fn below(&mut self, limit: u32) -> u32 {
        self.0.next_u32() % limit
    }

    fn between(&mut self, least: u32, most: u32) -> u32 {
        least + self.below(most - least + 1)
    }

    fn percent(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }

    /// Nothing, any write to the key, or most often the newest.
    fn held(&mut self, key: KeyId, writes: &[(KeyId, Version)]) -> Held {
        let mut of_key: Vec<(Version, WriteId)> = (1..)
            .zip(writes)
            .filter(|(_, (of, _))| *of == key)
            .map(|(number, (_, version))| (*version, WriteId(number)))
            .collect();
        of_key.sort();
        let choice = match self.below(10) {
            0 => None,
            1..4 if !of_key.is_empty() => Some(of_key[self.below(of_key.len() as u32) as usize]),
            _ => of_key.last().copied(),
        };
        match choice {
            Some((version, write)) => Held {
                version: Some(version),
                value: Value::Number(i64::from(write.0)),
                write: Some(write),
            },
            None => Held::default(),
        }
    }
}
