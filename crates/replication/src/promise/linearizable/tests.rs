use std::slice;

use crate::ids::{ClientId, Dot, Held, KeyId, OpId, Value, Vector, Version, WriteId};
use crate::promise::brute_force::Random;
use crate::promise::linearizable::monitor::{Finding, Linearizable};
use crate::promise::linearizable::{Judgement, linearizable, zones};
use crate::promise::testing::*;
use crate::promise::{Monitor, Promise, State, Watch, real_runs};
use crate::trace::{Action, Kind, Outcome, Record, Seq};

const PROMISE: Promise = Promise::Linearizable;

fn judged(history: &History) -> Judgement {
    linearizable(&history.trace, BALANCE)
}

/// That it is refuted, and by these records alone.
fn assert_refuted(trace: &[Record]) {
    let Judgement::No(evidence) = linearizable(trace, BALANCE) else {
        panic!("not refuted: {trace:#?}");
    };
    assert!(evidence.len() <= 12, "{evidence:?}");
    let alone: Vec<Record> = evidence.iter().map(|seq| trace[seq.index()]).collect();
    assert!(
        matches!(linearizable(&alone, BALANCE), Judgement::No(_)),
        "no proof: {alone:#?}"
    );
}

#[test]
fn a_read_after_a_newer_one_that_shows_the_older_value_refutes_it() {
    let mut history = History::of(one_leader(3));
    let first = history.at(10).wrote(ALICE, BALANCE);
    let second = history.at(20).writes(ALICE, BALANCE);
    history.at(30).read(BOB, BALANCE, F1, second.held());
    assert_eq!(judged(&history), Judgement::Yes);
    history.at(40).read(CAROL, BALANCE, F2, first.held());
    assert_refuted(&history.trace);
}

#[test]
fn reads_that_overlap_a_write_may_show_either_until_one_shows_it() {
    let mut history = History::of(one_leader(3));
    let first = history.at(10).wrote(ALICE, BALANCE);
    let second = history.at(20).writes(ALICE, BALANCE);
    let late = history.at(25).reads(CAROL, &[BALANCE]);
    history.at(30).read(BOB, BALANCE, F1, first.held());
    history.at(40).read(BOB, BALANCE, F1, second.held());
    // Begun before the newer value was seen, it may have come before.
    history.at(50).saw(late, BALANCE, F2, first.held());
    history.at(60).told_done(second);
    assert_eq!(judged(&history), Judgement::Yes);
    history.at(70).read(CAROL, BALANCE, F2, first.held());
    assert_refuted(&history.trace);
}

#[test]
fn nothing_after_something_refutes_it() {
    let mut history = History::of(one_leader(3));
    history.at(5).read(BOB, BALANCE, F1, Held::default());
    history.at(10).wrote(ALICE, BALANCE);
    assert_eq!(judged(&history), Judgement::Yes);
    history.at(20).read(BOB, BALANCE, F1, Held::default());
    assert_refuted(&history.trace);
}

#[test]
fn a_write_of_unknown_outcome_may_surface_at_any_time_or_never() {
    let mut history = History::of(one_leader(3));
    let lost = history.at(10).writes(ALICE, BALANCE);
    history.at(20).told(lost.op, Outcome::Unknown);
    let newer = history.at(30).wrote(BOB, BALANCE);
    history.at(40).read(CAROL, BALANCE, F1, newer.held());
    assert_eq!(judged(&history), Judgement::Yes);
    history.at(50).read(CAROL, BALANCE, F1, lost.held());
    assert_eq!(judged(&history), Judgement::Yes, "it has surfaced");
    history.at(60).read(CAROL, BALANCE, F1, newer.held());
    assert_refuted(&history.trace);
}

#[test]
fn a_refused_write_never_happened() {
    let mut history = History::of(one_leader(3));
    let refused = history.at(10).writes(ALICE, BALANCE);
    history.at(20).told(refused.op, Outcome::Refused);
    history.at(30).read(BOB, BALANCE, F1, Held::default());
    assert_eq!(judged(&history), Judgement::Yes);
    history.at(40).read(BOB, BALANCE, F1, refused.held());
    assert_refuted(&history.trace);
}

#[test]
fn other_keys_do_not_matter_and_siblings_are_no_register() {
    let mut history = History::of(one_leader(3));
    let first = history.at(10).wrote(ALICE, BALANCE);
    let second = history.at(20).wrote(ALICE, BALANCE);
    history.at(30).wrote(BOB, PHOTO);
    history.at(40).read(CAROL, PHOTO, F1, Held::default());
    assert_eq!(judged(&history), Judgement::Yes);
    let read = history.at(50).reads(BOB, &[BALANCE]);
    history.saw(read, BALANCE, F1, first.held());
    history.saw(read, BALANCE, F1, second.held());
    assert_eq!(judged(&history), Judgement::Unknown);
}

#[test]
fn a_merged_value_is_no_register() {
    let mut history = History::of(one_leader(3));
    let write = history.at(10).wrote(ALICE, BALANCE);
    let (node, counter) = (L, 1);
    let dot = Dot { node, counter };
    let mut seen = Vector::default();
    history.at(20).read(
        BOB,
        BALANCE,
        L,
        write.held_as(Version::Dotted { dot, seen }),
    );
    assert_eq!(judged(&history), Judgement::Yes);
    seen.cover(dot);
    history.at(30).read(
        BOB,
        BALANCE,
        L,
        write.held_as(Version::Dotted { dot, seen }),
    );
    assert_eq!(judged(&history), Judgement::Unknown);
}

#[test]
fn who_asks_after_a_write_is_done_must_not_see_what_was_before_it() {
    let mut history = History::of(one_leader(3));
    let first = history.at(100).wrote(ALICE, BALANCE);
    let second = history.at(1_400).writes(ALICE, BALANCE);
    history.appends(L, F2, second, Some(2_000));
    history.at(1_446).told_done(second);
    let read = history.at(1_600).reads(BOB, &[BALANCE]);
    history.at(1_702).served(F2, read, BALANCE, first.held());
    let before = history.trace.len();
    history.at(1_730).saw(read, BALANCE, F2, first.held());
    let violation = history.violation(PROMISE);
    assert_eq!(violation.title, "Bob saw balance as it was before #2");
    assert_eq!(
        violation.sentence,
        "Alice wrote balance = 20 (#2) after #1 was done, and was told “done” at 1.446 s. Bob asked 154 ms later, and \
         F2 answered Bob’s read of balance with 10 (#1): #2 was on the wire to F2, due 298 ms later."
    );
    let watch = history.watched();
    assert_eq!(watch.verdict(PROMISE, before).state, State::Unknown);
    assert_eq!(watch.verdict(PROMISE, before + 1).state, State::Broken);
    assert_eq!(history.verdict(Promise::ReadYourWrites).violations, 0);
}

#[test]
fn nothing_is_what_was_before_everything() {
    let mut history = History::of(one_leader(3));
    history.at(10).wrote(ALICE, BALANCE);
    history.at(20).read(BOB, BALANCE, F1, Held::default());
    assert_eq!(
        history.violation(PROMISE).sentence,
        "Alice wrote balance = 10 (#1) and was told “done” at 10 ms. Bob asked 10 ms later, and F1 answered Bob’s read \
         of balance with nothing: #1 had not been sent to F1 yet."
    );
}

#[test]
fn once_a_write_was_seen_nobody_may_see_what_was_before_it() {
    let mut history = History::of(leaderless(2, 2));
    let [first, second] = [(10, ALICE), (20, BOB)].map(|(ms, client)| {
        let write = history.at(ms).writes(client, BALANCE);
        if client == ALICE {
            let version = write.stamp();
            history.told(write.op, Outcome::Written { version });
        }
        write
    });
    // Bob’s write is still on its way to the others.
    history
        .at(30)
        .read(ALICE, BALANCE, L, second.held_as(second.stamp()));
    history
        .at(40)
        .read(CAROL, BALANCE, F1, first.held_as(first.stamp()));
    assert_eq!(
        history.violation(PROMISE).sentence,
        "Bob wrote balance = 20 (#2) after #1 was done, and Alice saw it at 30 ms. Carol asked 10 ms later, and B \
         answered Carol’s read of balance with 10 (#1): #2 had not been sent to B yet."
    );
}

#[test]
fn a_clock_that_turns_two_writes_round_is_told_as_the_cause() {
    let mut history = History::of(leaderless(2, 2));
    // The earlier write has the later stamp.
    let stamp = |at_us| Version::Stamp {
        at_us,
        coordinator: L,
        counter: 0,
    };
    let first = history.at(10).writes(ALICE, BALANCE);
    let version = stamp(900);
    history.told(first.op, Outcome::Written { version });
    let second = history.at(20).writes(BOB, BALANCE);
    let version = stamp(500);
    history.at(25).told(second.op, Outcome::Written { version });
    history
        .at(45)
        .read(CAROL, BALANCE, F1, first.held_as(stamp(900)));
    assert_eq!(
        history.violation(PROMISE).sentence,
        "Bob wrote balance = 20 (#2) after #1 was done, and was told “done” at 25 ms. Carol asked 20 ms later, and saw \
         balance = 10 (#1), from B: by its timestamp #1 is newer than #2."
    );
}

#[test]
fn a_value_that_comes_back_is_refuted_where_it_comes_back() {
    let mut history = History::of(one_leader(3));
    // Both are open, so each may come first.
    let one = history.at(10).writes(ALICE, BALANCE);
    let other = history.at(15).writes(BOB, BALANCE);
    history.at(20).read(CAROL, BALANCE, L, other.held());
    history.appends(L, F1, other, Some(500));
    history.at(30).read(CAROL, BALANCE, F1, one.held());
    assert_eq!(history.verdict(PROMISE).violations, 0);
    history.at(40).read(CAROL, BALANCE, L, other.held());
    assert_eq!(
        history.violation(PROMISE).sentence,
        "Carol had seen #2, asked again and saw balance = 10 (#1), from F1, at 30 ms. Carol asked 10 ms later, and \
         saw balance = 20 (#2), from L: the protocol takes #2 for newer than #1; #2 was on the wire to F1, due 470 ms \
         after F1 answered."
    );
}

#[test]
fn each_answer_that_breaks_it_is_left_out_of_what_follows() {
    let mut history = History::of(one_leader(3));
    let first = history.at(10).wrote(ALICE, BALANCE);
    let second = history.at(20).wrote(ALICE, BALANCE);
    history.at(30).read(BOB, BALANCE, F1, first.held());
    history.at(40).read(BOB, BALANCE, F1, first.held());
    // The newest is right, and it is not held against it that others were wrong.
    history.at(50).read(CAROL, BALANCE, L, second.held());
    let verdict = history.verdict(PROMISE);
    assert_eq!((verdict.checked, verdict.violations), (3, 2));
    let watch = history.watched();
    assert_sound(watch.violations(), &history.trace, &history.scenario);
}

#[test]
fn nothing_is_tested_before_there_is_something_to_fall_behind() {
    let mut history = History::of(one_leader(3));
    history.at(5).read(BOB, BALANCE, F1, Held::default());
    let write = history.at(10).writes(ALICE, BALANCE);
    history.at(20).read(BOB, BALANCE, F1, write.held());
    assert_eq!(history.verdict(PROMISE).state, State::Unknown);
    history.at(30).read(BOB, BALANCE, F1, write.held());
    let verdict = history.verdict(PROMISE);
    assert_eq!((verdict.state, verdict.checked), (State::Kept, 1));
}

#[test]
fn what_was_refused_must_not_be_seen() {
    let mut history = History::of(one_leader(3));
    let refused = history.at(10).writes(ALICE, BALANCE);
    history.at(20).told(refused.op, Outcome::Refused);
    history.at(40).read(BOB, BALANCE, F1, refused.held());
    assert_eq!(
        history.violation(PROMISE).sentence,
        "Alice wrote balance = 10 (#1) and was refused at 20 ms: it was never done. Bob saw balance = 10 (#1), from F1, \
         at 40 ms."
    );
}

#[test]
fn a_write_has_one_value() {
    let mut history = History::of(one_leader(3));
    let write = history.at(10).wrote(ALICE, BALANCE);
    let mut other = write.held();
    history.at(20).read(BOB, BALANCE, F1, other);
    other.value = Value::Number(77);
    history.at(45).read(CAROL, BALANCE, F2, other);
    assert_eq!(
        history.violation(PROMISE).sentence,
        "Alice wrote balance = 10 (#1). Bob saw balance = 10 (#1), from F1, at 20 ms; 25 ms later Carol saw balance = 77 \
         (#1), from F2: one write, and two values."
    );
}

#[test]
fn an_entry_of_a_lower_epoch_that_was_done_later_is_told_as_such() {
    let mut history = History::of(one_leader(3));
    let mut first = history.at(10).writes(BOB, BALANCE);
    first.position.epoch = 2;
    history.told_done(first);
    history.at(20).wrote(ALICE, BALANCE);
    history.at(45).read(CAROL, BALANCE, F2, first.held());
    assert_eq!(
        history.violation(PROMISE).sentence,
        "Alice wrote balance = 20 (#2) after #1 was done, and was told “done” at 20 ms. Carol asked 25 ms later, and saw \
         balance = 10 (#1), from F2: #1 is of a higher epoch than #2, and so counts as newer."
    );
}

#[test]
fn from_siblings_on_a_key_is_judged_no_more() {
    let mut history = History::of(leaderless(1, 1));
    let [a, b] = [ALICE, BOB].map(|client| history.at(10).writes(client, BALANCE));
    let (one, other) = (a.held_as(a.dotted(&[])), b.held_as(b.dotted(&[])));
    for write in [a, b] {
        let version = write.dotted(&[]);
        history.at(15).told(write.op, Outcome::Written { version });
    }
    history.at(20).read(CAROL, BALANCE, L, one);
    assert_eq!(history.verdict(PROMISE).checked, 1);
    history
        .at(30)
        .read_siblings(CAROL, BALANCE, L, &[one, other]);
    history.at(40).read(CAROL, BALANCE, F1, Held::default());
    let verdict = history.verdict(PROMISE);
    assert_eq!((verdict.checked, verdict.violations), (1, 0));
}

/// What the definition says of the first so many records: each answer that makes it unlinearizable is left out
/// of what follows.
#[derive(Debug, Default, PartialEq, Eq)]
struct Judged {
    checked: u32,
    broken: Vec<Seq>,
}

#[test]
fn it_agrees_with_all_orders_tried_out() {
    let (mut yes, mut no, mut no_again) = (0, 0, 0);
    for seed in 0..100_000 {
        let trace = random_history(seed);
        let judged = found(&trace);
        assert_eq!(judged, by_definition(&trace), "seed {seed}: {trace:#?}");
        match judged.broken.len() {
            0 => yes += u32::from(judged.checked > 0),
            1 => no += 1,
            _ => no_again += 1,
        }
        if seed % 5 == 0 {
            let scenario = one_leader(3);
            let mut watch = Watch::new(&scenario);
            watch.observe(&trace, &scenario);
            let mut violations = watch.violations().to_vec();
            violations.retain(|violation| violation.promise == PROMISE);
            assert_eq!(violations.len(), judged.broken.len());
            assert_sound(&violations, &trace, &scenario);
        }
    }
    assert!(
        yes > 20_000 && no > 15_000 && no_again > 4_000,
        "{yes} {no} {no_again}"
    );
}

/// What the monitor says.
fn found(trace: &[Record]) -> Judged {
    let mut monitor = Linearizable::new(&one_leader(3));
    let mut found = Vec::new();
    for record in trace {
        monitor.observe(slice::from_ref(record), &mut found);
    }
    Judged {
        checked: monitor.checked(),
        broken: found.iter().map(Finding::at).collect(),
    }
}

#[test]
fn it_agrees_with_all_zones_compared() {
    let (mut yes, mut no, mut unknown) = (0, 0, 0);
    for seed in 0..40_000 {
        let mut trace = random_history(seed);
        if seed % 10 == 0 {
            merge_one(&mut trace, seed);
        }
        match (
            linearizable(&trace, BALANCE),
            zones::linearizable(&trace, BALANCE),
        ) {
            (Judgement::Yes, Judgement::Yes) => yes += 1,
            (Judgement::No(_), Judgement::No(_)) => {
                no += 1;
                assert_refuted(&trace);
            }
            (Judgement::Unknown, Judgement::Unknown) => unknown += 1,
            judged => panic!("seed {seed}: {judged:?} of {trace:#?}"),
        }
    }
    assert!(
        yes > 8_000 && no > 8_000 && unknown > 500,
        "{yes} {no} {unknown}"
    );
}

/// Makes one of the values that were seen a merged one.
fn merge_one(trace: &mut [Record], seed: u64) {
    let mut seen: Vec<&mut Held> = trace
        .iter_mut()
        .filter_map(|record| match &mut record.kind {
            Kind::Saw { held, .. } => Some(held),
            _ => None,
        })
        .collect();
    let count = seen.len().max(1);
    if let Some(held) = seen.get_mut(seed as usize % count) {
        let dot = Dot {
            node: L,
            counter: 1,
        };
        let mut seen = Vector::default();
        seen.cover(dot);
        held.version = Some(Version::Dotted { dot, seen });
    }
}

/// An operation as the definition has it.
#[derive(Clone, Copy)]
pub struct Operation {
    pub begins: usize,
    /// `None` where it is open.
    pub ends: Option<usize>,
    /// What it writes; else it is a read.
    pub writes: Option<WriteId>,
    pub saw: Option<WriteId>,
}

/// "No order of the operations on the key, respecting real time, explains what was returned."
fn by_definition(trace: &[Record]) -> Judged {
    let mut judged = Judged::default();
    for (place, record) in trace.iter().enumerate() {
        let now = &trace[..=place];
        let (op, is_answer) = match record.kind {
            Kind::Saw { op, .. } => (op, true),
            Kind::Ended {
                op,
                outcome: Outcome::Refused,
            } => (op, false),
            _ => continue,
        };
        let is_broken = !some_order_explains(&mut operations(now, &judged.broken));
        if is_answer {
            let invoked = trace
                .iter()
                .position(|record| matches!(record.kind, Kind::Invoked { op: of, .. } if of == op));
            let before = operations(&trace[..place], &judged.broken);
            let was_there = |other: &Operation| {
                (other.writes.is_some() || other.saw.is_some())
                    && other.ends < invoked
                    && other.ends.is_some()
            };
            judged.checked += u32::from(is_broken || before.iter().any(was_there));
        }
        if is_broken {
            judged.broken.push(record.seq);
        }
    }
    judged
}

/// The operations of a history, but for the records that are left out. A refused write is none.
pub fn operations(trace: &[Record], without: &[Seq]) -> Vec<Operation> {
    let mut operations: Vec<Operation> = Vec::new();
    for (begins, record) in trace.iter().enumerate() {
        let Kind::Invoked { op, action } = record.kind else {
            continue;
        };
        let later = || {
            let later = trace.iter().enumerate().skip(begins);
            later.filter(|(_, record)| !without.contains(&record.seq))
        };
        let end = later().find_map(|(place, record)| match record.kind {
            Kind::Ended { op: of, outcome } if of == op => Some((place, outcome)),
            _ => None,
        });
        let saw = later().find_map(|(place, record)| match record.kind {
            Kind::Saw { op: of, held, .. } if of == op => Some((place, held.write)),
            _ => None,
        });
        let (ends, writes, saw) = match (action, end, saw) {
            (Action::Write { .. }, Some((_, Outcome::Refused)), _) => continue,
            (Action::Write { write, .. }, end, _) => {
                let done = end.filter(|(_, outcome)| matches!(outcome, Outcome::Written { .. }));
                (done.map(|(place, _)| place), Some(write), None)
            }
            (Action::Read { .. }, _, Some((ends, saw))) => (Some(ends), None, saw),
            (Action::Read { .. }, _, None) => continue,
        };
        operations.push(Operation {
            begins,
            ends,
            writes,
            saw,
        });
    }
    operations
}

/// Tries every order of the operations that respects real time; writes that are open may be left out.
fn some_order_explains(operations: &mut Vec<Operation>) -> bool {
    extends(operations, None)
}

fn extends(left: &mut Vec<Operation>, value: Option<WriteId>) -> bool {
    if left.iter().all(|operation| operation.ends.is_none()) {
        return true;
    }
    for place in 0..left.len() {
        let next = left[place];
        let is_first = !left
            .iter()
            .any(|other| other.ends.is_some_and(|ends| ends < next.begins));
        let fits = next.writes.is_some() || next.saw == value;
        if is_first && fits {
            left.remove(place);
            let extended = extends(left, next.writes.or(value));
            left.insert(place, next);
            if extended {
                return true;
            }
        }
    }
    false
}

/// Three clients read and write one key; what they see is often the newest, and may be anything.
pub fn random_history(seed: u64) -> Vec<Record> {
    let mut random = Random::of(seed);
    let mut history = History::of(one_leader(3));
    let mut doing: [Option<(OpId, Option<Written>)>; 3] = [None; 3];
    let mut writes: Vec<Written> = Vec::new();
    for step in 0..random.between(6, 16) {
        let client = random.below(3) as u8;
        history.at(u64::from(step));
        match doing[usize::from(client)] {
            None if random.percent(45) => {
                let write = history.writes(ClientId(client), BALANCE);
                writes.push(write);
                doing[usize::from(client)] = Some((write.op, Some(write)));
            }
            None => {
                let op = history.reads(ClientId(client), &[BALANCE]);
                doing[usize::from(client)] = Some((op, None));
            }
            Some((op, Some(write))) => {
                doing[usize::from(client)] = None;
                match random.below(8) {
                    0 => history.told(op, Outcome::Unknown),
                    1 => history.told(op, Outcome::Refused),
                    _ => history.told_done(write),
                }
            }
            Some((op, None)) => {
                doing[usize::from(client)] = None;
                let held = match random.below(8) {
                    0 => Held::default(),
                    1..4 if !writes.is_empty() => {
                        writes[random.below(writes.len() as u32) as usize].held()
                    }
                    _ => writes.last().map_or(Held::default(), |write| write.held()),
                };
                if !random.percent(8) {
                    history.saw(op, BALANCE, F1, held);
                }
                history.told(op, Outcome::Answered);
            }
        }
    }
    history.trace
}

#[test]
fn it_takes_its_time_by_the_operations_and_not_by_their_square() {
    let mut history = History::of(one_leader(3));
    for number in 0..20_000 {
        let write = history.at(number).wrote(ALICE, BALANCE);
        history.read(BOB, BALANCE, L, write.held());
    }
    assert_eq!(judged(&history), Judgement::Yes);
}

/// On what the protocols really do: the monitor's first violation of a key is where the whole history so far is
/// refuted, and not a record earlier.
#[test]
fn on_real_runs_the_first_violation_is_where_the_history_is_first_refuted() {
    let (mut broken, mut kept) = (0, 0);
    let runs = real_runs::one_leader_runs().into_iter().step_by(5);
    let runs = runs
        .chain(real_runs::troubled_runs())
        .chain(real_runs::leaderless_runs().into_iter().step_by(2))
        .chain(real_runs::siblings_and_hints_runs().into_iter().step_by(3))
        .chain(real_runs::multi_leader_runs().into_iter().step_by(4));
    for (seed, scenario) in runs.enumerate() {
        let trace = real_runs::trace_of(&scenario, seed as u64);
        for key in (0..3).map(KeyId) {
            match (zones::linearizable(&trace, key), linearizable(&trace, key)) {
                (Judgement::Yes, Judgement::Yes) => kept += 1,
                (Judgement::Unknown, Judgement::Unknown) => {}
                (Judgement::No(_), Judgement::No(proof)) => {
                    broken += 1;
                    let at = proof[proof.len() - 1].index();
                    assert_ne!(zones::linearizable(&trace[..=at], key), Judgement::Yes);
                    assert_eq!(zones::linearizable(&trace[..at], key), Judgement::Yes);
                }
                judged => panic!("run {seed}, {key:?}: {judged:?}"),
            }
        }
    }
    assert!(broken > 30 && kept > 5, "{broken} {kept}");
}
