use serde_json::json;

use crate::engine::time::SimTime;
use crate::ids::{NodeId, PartitionId, Place, Places, Position, Version};
use crate::promise::testing::*;
use crate::promise::{Promise, State, Verdict};
use crate::scenario::Scenario;
use crate::trace::{Kind, MessageKind, Seq};

const PROMISE: Promise = Promise::Convergence;

/// Three replicas called A, B and C, which compare what they have.
pub(super) fn with_anti_entropy() -> Scenario {
    let scenario = leaderless(1, 1).with("/protocol/anti_entropy_ms", json!(100));
    scenario.unwrap_or_else(|error| panic!("{error}"))
}

impl History {
    /// All is quiet, and has been for two seconds.
    pub(super) fn rests(&mut self, ms: u64) -> Seq {
        let since = SimTime((ms - 2_000) * 1_000);
        self.at(ms).push(None, Kind::Rested { since })
    }

    pub(super) fn stored_as(
        &mut self,
        node: NodeId,
        written: Written,
        version: Version,
        newest: bool,
    ) {
        let (key, write) = (written.key, written.write);
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

    pub(super) fn cuts(&mut self, from: NodeId, to: NodeId) {
        let (from, to) = (only(from), only(to));
        let both_ways = false;
        self.push(
            None,
            Kind::Cut {
                from,
                to,
                both_ways,
            },
        );
    }
}

fn only(node: NodeId) -> Places {
    Places::from_iter([Place::Node(node)])
}

fn state(verdict: Verdict) -> (State, u32, u32) {
    (verdict.state, verdict.checked, verdict.violations)
}

#[test]
fn copies_that_differ_when_all_is_quiet_break_it_from_then_on() {
    let mut history = History::of(with_anti_entropy());
    let write = history.at(100).writes(ALICE, BALANCE);
    history.stores(F1, write, None);
    for node in [L, F2] {
        history.at(110).stored(node, write);
    }
    let before = history.trace.len();
    history.rests(2_110);
    let violation = history.violation(PROMISE);
    assert_eq!(violation.title, "B stays different from A and C");
    assert_eq!(
        violation.sentence,
        "By 2.110 s nothing had changed for 2.000 s, with all replicas up and no link between them cut. A and C held \
         balance = 10 (#1), B did not: #1 had been lost on the way to B."
    );
    let watch = history.watched();
    assert_eq!(watch.verdict(PROMISE, before).state, State::Unknown);
    assert_eq!(watch.verdict(PROMISE, before + 1).state, State::Broken);
}

#[test]
fn copies_that_are_equal_by_then_keep_it_in_whatever_order_it_came() {
    let mut history = History::of(with_anti_entropy());
    let [one, other] = [ALICE, BOB].map(|client| history.at(100).writes(client, BALANCE));
    for node in [L, F1] {
        history.stored(node, one);
        history.stored(node, other);
    }
    history.stored(F2, other);
    history.stored_as(F2, one, one.stamp(), false);
    history.rests(3_000);
    assert_eq!(state(history.verdict(PROMISE)), (State::Kept, 1, 0));
}

#[test]
fn what_one_can_not_expect_to_converge_is_not_tested() {
    let differs = |befalls: fn(&mut History), scenario: Scenario| {
        let mut history = History::of(scenario);
        let write = history.at(100).writes(ALICE, BALANCE);
        history.stored(L, write);
        befalls(history.at(200));
        history.rests(3_000);
        state(history.verdict(PROMISE))
    };
    let unknown = (State::Unknown, 0, 0);
    let broken = (State::Broken, 1, 1);
    let on = with_anti_entropy;
    assert_eq!(differs(|_| {}, on()), broken);
    assert_eq!(differs(|_| {}, leaderless(1, 1)), unknown, "no repair");
    assert_eq!(differs(|history| history.crashed(F1), on()), unknown);
    let back = |history: &mut History| {
        history.crashed(F1);
        history.restarted(F1);
    };
    assert_eq!(differs(back, on()), broken);
    let paused = |history: &mut History| {
        history.push(None, Kind::Paused { node: F2 });
    };
    assert_eq!(differs(paused, on()), unknown);
    assert_eq!(differs(|history| history.cuts(L, F1), on()), unknown);
    let healed = |history: &mut History| {
        history.cuts(L, F1);
        let (from, to) = (only(F1), only(L));
        history.push(None, Kind::Healed { from, to });
    };
    assert_eq!(differs(healed, on()), broken);
    // What the disk of one that crashed while it was paused had done, it has not said.
    let crashed_while_paused = |history: &mut History| {
        for node in [F1, F2] {
            history.push(None, Kind::Paused { node });
            history.crashed(node);
            history.restarted(node);
        }
    };
    assert_eq!(differs(crashed_while_paused, on()), unknown);
}

#[test]
fn nothing_written_tests_nothing() {
    let mut history = History::of(with_anti_entropy());
    history.rests(2_000);
    assert_eq!(history.verdict(PROMISE).state, State::Unknown);
}

#[test]
fn what_differs_still_is_no_second_violation_and_what_differs_anew_is() {
    let mut history = History::of(with_anti_entropy());
    let write = history.at(100).writes(ALICE, BALANCE);
    history.stored(L, write);
    history.rests(3_000);
    history.rests(6_000);
    assert_eq!(state(history.verdict(PROMISE)), (State::Broken, 2, 1));
    let other = history.at(6_100).writes(BOB, PHOTO);
    history.stored(F1, other);
    history.rests(9_000);
    assert_eq!(state(history.verdict(PROMISE)), (State::Broken, 3, 2));
    let watch = history.watched();
    assert_sound(watch.violations(), &history.trace, &history.scenario);
}

#[test]
fn siblings_must_be_the_same_ones() {
    let mut history = History::of(with_anti_entropy());
    let [one, other] = [ALICE, BOB].map(|client| history.at(100).writes(client, BALANCE));
    let both = history.at(200).writes(CAROL, BALANCE);
    for node in [L, F1, F2] {
        history.stored_as(node, one, one.dotted(&[]), true);
    }
    for node in [L, F1] {
        history.stored_as(node, other, other.dotted(&[]), true);
    }
    history.rests(3_000);
    assert_eq!(state(history.verdict(PROMISE)), (State::Broken, 1, 1));
    for node in [L, F1, F2] {
        history.stored_as(node, both, both.dotted(&[one, other]), true);
    }
    history.rests(6_000);
    assert_eq!(state(history.verdict(PROMISE)), (State::Broken, 2, 1));
}

/// Two coordinators gave out one stamp: each copy keeps what came first.
#[test]
fn a_tie_is_a_difference() {
    let mut history = History::of(with_anti_entropy());
    let [one, other] = [ALICE, BOB].map(|client| history.at(100).writes(client, BALANCE));
    history.stored(L, one);
    history.stored_as(L, other, one.stamp(), false);
    for node in [F1, F2] {
        history.stored_as(node, other, one.stamp(), true);
        history.stored_as(node, one, one.stamp(), false);
    }
    history.rests(3_000);
    let violation = history.violation(PROMISE);
    assert_eq!(violation.title, "Others stay different from A");
}

/// A sum that was made in sight of another write is not that write.
#[test]
fn of_what_is_merged_every_part_must_be_there() {
    let scenario = many_leaders().with("/protocol/conflicts", json!("merge"));
    let mut history = History::of(scenario.unwrap_or_else(|error| panic!("{error}")));
    let [one, other] = [ALICE, BOB].map(|client| history.at(100).writes(client, BALANCE));
    history.stored_as(L, one, one.dotted(&[]), true);
    history.stored_as(L, other, other.dotted(&[one]), true);
    history.stored_as(F1, other, other.dotted(&[one]), true);
    history.rests(3_000);
    assert_eq!(state(history.verdict(PROMISE)), (State::Broken, 1, 1));
    history.at(3_100).stored_as(F1, one, one.dotted(&[]), true);
    history.rests(6_000);
    assert_eq!(state(history.verdict(PROMISE)), (State::Broken, 2, 1));
}

#[test]
fn logs_must_be_the_same_but_for_what_was_discarded_and_no_ops() {
    let mut history = History::of(one_leader(3));
    let [one, other] = [BALANCE, BALANCE].map(|key| history.at(100).writes(ALICE, key));
    for node in [L, F1, F2] {
        history.persisted(node, one);
    }
    history.persisted(L, other);
    let (node, partition) = (F1, PartitionId(0));
    let position = Position { epoch: 2, index: 2 };
    let write = None;
    history.at(200).promoted(F1, 2, 1);
    history.push(
        None,
        Kind::Persisted {
            node,
            partition,
            position,
            write,
        },
    );
    history.rests(3_000);
    let violation = history.violation(PROMISE);
    assert!(
        violation.sentence.ends_with(
            "L held balance = 20 (#2), F1 and another copy did not: F1 had become leader of epoch 2 at 200 ms without #2."
        ),
        "{}",
        violation.sentence
    );
    history.at(3_100).discarded(L, other);
    history.rests(6_000);
    assert_eq!(state(history.verdict(PROMISE)), (State::Broken, 2, 1));
}

/// The truncation may not have reached the disk, and then the entry is there again.
#[test]
fn what_was_discarded_before_a_crash_may_be_there_again() {
    let mut history = History::of(one_leader(2));
    let [one, other] = [BALANCE, BALANCE].map(|key| history.at(100).writes(ALICE, key));
    for node in [L, F1] {
        history.persisted(node, one);
    }
    history.at(200).discarded(F1, one);
    history.crashed(F1);
    history.at(300).restarted(F1);
    history.rests(3_000);
    assert_eq!(history.verdict(PROMISE).state, State::Unknown);
    // The next thing on the disk says that the truncation is there too.
    history.at(3_100).persisted(F1, other);
    history.persisted(L, other);
    history.rests(6_000);
    assert_eq!(state(history.verdict(PROMISE)), (State::Broken, 1, 1));
}

#[test]
fn a_stream_that_can_t_be_applied_or_is_evaluated_anew_promises_nothing() {
    let call = json!([{ "write": { "balance": { "call": "NOW()" } } }]);
    let scenario = one_leader(2).with("/clients/0/does", call);
    let mut history = History::of(scenario.unwrap_or_else(|error| panic!("{error}")));
    let write = history.at(100).writes(ALICE, BALANCE);
    history.persisted(L, write);
    let (node, partition, position) = (F1, PartitionId(0), write.position);
    history.push(
        None,
        Kind::Stopped {
            node,
            partition,
            position,
        },
    );
    history.rests(3_000);
    assert_eq!(history.verdict(PROMISE).state, State::Unknown);
    history.at(3_100).persisted(F1, write);
    history.rests(6_000);
    assert_eq!(history.verdict(PROMISE).state, State::Kept);
    let (key, value) = (BALANCE, write.held().value);
    history.at(6_100).push(
        None,
        Kind::Evaluated {
            node,
            partition,
            position,
            key,
            value,
        },
    );
    history.lost_its_disk(F1);
    history.restarted(F1);
    history.rests(9_000);
    assert_eq!(state(history.verdict(PROMISE)), (State::Kept, 1, 0));
}

#[test]
fn hints_that_expired_and_disks_that_were_lost_or_replaced_are_told_as_causes() {
    let cause = |befalls: fn(&mut History, Written)| {
        let mut history = History::of(with_anti_entropy());
        let write = history.at(100).writes(ALICE, BALANCE);
        for node in [L, F2] {
            history.stored(node, write);
        }
        befalls(&mut history, write);
        history.rests(3_000);
        let sentence = history.violation(PROMISE).sentence;
        sentence.rsplit_once("did not").unwrap().1.to_owned()
    };
    assert_eq!(
        cause(|history, write| {
            let (node, home, key, write) = (L, F1, write.key, write.write);
            let expired = true;
            history.at(700).push(
                None,
                Kind::HintGone {
                    node,
                    home,
                    key,
                    write,
                    expired,
                },
            );
        }),
        ": A, which had kept #1 for B, had dropped it for its age at 700 ms."
    );
    assert_eq!(
        cause(|history, write| {
            history.stored(F1, write);
            history.at(150).lost_its_disk(F1);
            history.at(250).restarted(F1);
        }),
        ": B had lost its disk at 150 ms, and #1 with it."
    );
    assert_eq!(
        cause(|history, write| {
            history.stored(F1, write);
            history.at(150).crashed(F1);
            history.restored(F1, 90);
            history.restarted(F1);
        }),
        ": B’s disk had been replaced at 150 ms by a copy of 90 ms, without #1."
    );
    assert_eq!(
        cause(|history, write| {
            let (from, to) = (F1, L);
            let carries = Default::default();
            history.sends(from, to, MessageKind::Pong, carries, Some(120));
            let _ = write;
        }),
        "."
    );
}

/// Repair that a script turns on belongs to the proof.
#[test]
fn repair_may_be_turned_on_and_off() {
    let set = |ms: u64, every: serde_json::Value| json!({ "at_ms": ms, "set": { "/protocol/anti_entropy_ms": every } });
    let script = json!([set(1_000, json!(100)), set(4_000, json!(null))]);
    let scenario = leaderless(1, 1).with("/script", script);
    let mut history = History::of(scenario.unwrap_or_else(|error| panic!("{error}")));
    let write = history.at(100).writes(ALICE, BALANCE);
    history.stored(L, write);
    history.at(1_000).push(None, Kind::Changed { script: 0 });
    history.rests(3_000);
    let violation = history.violation(PROMISE);
    assert_eq!(violation.evidence.len(), 4, "{violation:?}");
    let other = history.at(3_100).writes(BOB, PHOTO);
    history.stored(L, other);
    history.at(4_000).push(None, Kind::Changed { script: 1 });
    history.rests(7_000);
    assert_eq!(state(history.verdict(PROMISE)), (State::Broken, 1, 1));
}
