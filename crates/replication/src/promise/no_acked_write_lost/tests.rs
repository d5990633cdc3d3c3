use crate::ids::NodeId;
use crate::promise::testing::*;
use crate::promise::{Promise, State};
use crate::trace::{Kind, Outcome, Seq};

const PROMISE: Promise = Promise::NoAckedWriteLost;

/// Alice's write is on the leader's disk, and the leader has said "done".
fn on_the_leader(history: &mut History) -> Written {
    let write = history.at(4_000).writes(ALICE, BALANCE);
    history.at(4_010).appended(L, write);
    history.at(4_020).persisted(L, write);
    history.acknowledged(L, write, 1);
    write
}

fn on_disk(history: &mut History, node: NodeId, write: Written) {
    history.appended(node, write);
    history.persisted(node, write);
}

#[test]
fn a_leader_promoted_without_it_loses_it() {
    let mut history = History::of(one_leader(3));
    let write = on_the_leader(&mut history);
    history.appends(L, F1, write, Some(4_500));
    history.at(4_045).told_done(write);
    history.at(4_121).crashed(L);
    let before = history.trace.len();
    history.at(4_350).promoted(F1, 2, 0);
    let violation = history.violation(PROMISE);
    assert_eq!(violation.title, "An acknowledged write is gone");
    assert_eq!(
        violation.sentence,
        "Alice was told “done” for balance = 10 (#1) at 4.045 s by L, which had it on its disk. L crashed at \
         4.121 s. F1 became leader of epoch 2 at 4.350 s, without #1: #1 was on the wire to F1, due 150 ms later."
    );
    let watch = history.watched();
    assert_eq!(watch.verdict(PROMISE, before).state, State::AtRisk);
    assert_eq!(watch.verdict(PROMISE, before + 1).state, State::Broken);
}

#[test]
fn told_by_a_deposed_leader_it_is_lost_from_then_on() {
    let mut history = History::of(one_leader(3));
    let write = on_the_leader(&mut history);
    history.at(4_030).promoted(F1, 2, 0);
    assert_eq!(history.verdict(PROMISE).state, State::Unknown);
    history.at(4_045).told_done(write);
    assert_eq!(
        history.violation(PROMISE).sentence,
        "Alice was told “done” for balance = 10 (#1) at 4.045 s by L, which had it on its disk. But F1 had become \
         leader of epoch 2 at 4.030 s, without #1: #1 had not been sent to F1 yet."
    );
}

#[test]
fn a_write_that_nobody_was_told_of_is_not_lost() {
    let mut history = History::of(one_leader(3));
    let write = on_the_leader(&mut history);
    history.at(4_300).told(write.op, Outcome::Unknown);
    history.at(4_350).promoted(F1, 2, 0);
    assert_eq!(history.verdict(PROMISE).state, State::Unknown);
}

#[test]
fn a_leader_that_has_it_keeps_it_even_where_it_is_not_on_its_disk_yet() {
    for persisted in [true, false] {
        let mut history = History::of(one_leader(3));
        let write = on_the_leader(&mut history);
        history.appended(F1, write);
        if persisted {
            history.persisted(F1, write);
        }
        history.at(4_045).told_done(write);
        history.at(4_121).crashed(L);
        history.at(4_350).promoted(F1, 2, 1);
        assert_eq!(history.verdict(PROMISE).violations, 0);
    }
}

#[test]
fn what_was_only_in_memory_dies_in_a_crash() {
    let mut history = History::of(one_leader(3));
    let write = on_the_leader(&mut history);
    history.appended(F1, write);
    history.at(4_045).told_done(write);
    history.at(4_100).crashed(F1);
    history.at(4_200).restarted(F1);
    history.at(4_350).promoted(F1, 2, 0);
    assert!(
        history
            .violation(PROMISE)
            .sentence
            .ends_with("F1 had crashed at 4.100 s, before #1 was on its disk.")
    );
}

#[test]
fn a_newer_write_to_its_key_does_not_excuse_it() {
    let mut history = History::of(one_leader(3));
    let lost = on_the_leader(&mut history);
    history.at(4_045).told_done(lost);
    history.at(4_350).promoted(F1, 2, 0);
    let mut newer = history.at(4_400).writes(BOB, BALANCE);
    newer.position.epoch = 2;
    on_disk(&mut history, F1, newer);
    history.at(4_500).told_done(newer);
    let verdict = history.verdict(PROMISE);
    assert_eq!(
        (verdict.state, verdict.checked, verdict.violations),
        (State::Broken, 2, 1)
    );
}

#[test]
fn each_write_is_lost_once() {
    let mut history = History::of(one_leader(3));
    let write = on_the_leader(&mut history);
    history.at(4_045).told_done(write);
    history.at(4_350).promoted(F1, 2, 0);
    history.at(4_400).promoted(F2, 3, 0);
    history.at(4_500).discarded(L, write);
    assert_eq!(history.verdict(PROMISE).violations, 1);
}

#[test]
fn a_leader_that_is_promoted_too_late_loses_nothing() {
    let mut history = History::of(one_leader(3));
    let write = on_the_leader(&mut history);
    on_disk(&mut history, F1, write);
    history.at(4_045).told_done(write);
    history.at(4_300).promoted(F1, 3, 1);
    history.at(4_350).promoted(F2, 2, 0);
    assert_eq!(history.verdict(PROMISE).violations, 0);
    history.at(4_400).promoted(F2, 4, 0);
    let sentence = history.violation(PROMISE).sentence;
    assert!(
        sentence.ends_with(
            " F2 became leader of epoch 4 at 4.400 s, without #1: #1 had not been sent to F2 yet."
        ),
        "{sentence}"
    );
}

#[test]
fn an_entry_that_its_last_disk_discards_is_lost() {
    let mut history = History::of(one_leader(3));
    let write = on_the_leader(&mut history);
    history.at(4_045).told_done(write);
    history.at(4_100).discarded(L, write);
    let sentence = history.violation(PROMISE).sentence;
    assert!(
        sentence.ends_with(" L discarded it at 4.100 s, and no disk holds it."),
        "{sentence}"
    );
}

/// How a promise stands once an acknowledged write is on the disks of these replicas, and these are down.
fn state_with(nodes: u8, holders: &[NodeId], down: &[NodeId]) -> State {
    let mut history = History::of(one_leader(nodes));
    let write = history.at(10).writes(ALICE, BALANCE);
    for node in holders {
        on_disk(&mut history, *node, write);
    }
    history.at(20).told_done(write);
    for node in down {
        history.at(30).crashed(*node);
    }
    history.verdict(PROMISE).state
}

#[test]
fn it_is_at_risk_while_a_majority_could_elect_without_it() {
    let [f3, f4] = [NodeId(3), NodeId(4)];
    assert_eq!(state_with(3, &[L], &[]), State::AtRisk);
    assert_eq!(state_with(3, &[L, F1], &[]), State::Kept);
    assert_eq!(state_with(5, &[L, F1], &[]), State::AtRisk);
    assert_eq!(state_with(5, &[L, F1, F2], &[]), State::Kept);
    // With one of those that lack it down, the others are no majority.
    assert_eq!(state_with(5, &[L, F1], &[f3]), State::Kept);
    // A disk holds what it holds while its replica is down.
    assert_eq!(state_with(5, &[L, F1, F2], &[F1, F2]), State::Kept);
    assert_eq!(state_with(2, &[L], &[]), State::AtRisk, "on one disk only");
    assert_eq!(
        state_with(3, &[L], &[F2, f4].map(|_| F2)),
        State::AtRisk,
        "on one disk only"
    );
    assert_eq!(
        state_with(1, &[L], &[]),
        State::Kept,
        "nobody to leave it behind"
    );
}

#[test]
fn risk_passes_once_another_replica_has_it() {
    let mut history = History::of(one_leader(3));
    let write = on_the_leader(&mut history);
    history.at(4_045).told_done(write);
    let at_risk = history.trace.len();
    history.at(4_100).appended(F1, write);
    history.at(4_110).persisted(F1, write);
    let watch = history.watched();
    let states = (at_risk - 1..=at_risk + 2).map(|happened| watch.verdict(PROMISE, happened).state);
    assert_eq!(
        states.collect::<Vec<_>>(),
        [State::Unknown, State::AtRisk, State::AtRisk, State::Kept]
    );
}

#[test]
fn leaderless_one_disk_of_several_is_a_risk_and_a_newer_version_replaces() {
    let mut history = History::of(leaderless(1, 1));
    let write = history.at(10).writes(ALICE, BALANCE);
    history.stored(L, write);
    history.at(20).told(
        write.op,
        Outcome::Written {
            version: write.stamp(),
        },
    );
    assert_eq!(history.verdict(PROMISE).state, State::AtRisk);
    let newer = history.at(30).writes(BOB, BALANCE);
    history.stored(F1, newer);
    assert_eq!(
        history.verdict(PROMISE).state,
        State::Kept,
        "a newer one counts as holding it"
    );
    history.stored(L, newer);
    assert_eq!(history.verdict(PROMISE).violations, 0, "replaced, not lost");
}

#[test]
fn leaderless_what_no_disk_holds_is_lost() {
    let mut history = History::of(leaderless(1, 1));
    let older = history.at(5).writes(BOB, BALANCE);
    history.stored(F1, older);
    let write = history.at(10).writes(ALICE, BALANCE);
    history.stored(L, write);
    history.at(20).told(
        write.op,
        Outcome::Written {
            version: write.stamp(),
        },
    );
    // A replica that lets an older version replace a newer one.
    history.at(30);
    history.stored(L, older);
    assert_eq!(
        history.violation(PROMISE).sentence,
        "Alice was told “done” for balance = 20 (#2) at 20 ms. A put #1, which is older, in its place at 30 ms, and \
         no disk holds it."
    );
}

/// Alice is told "done" for a write of a leaderless system.
fn told(history: &mut History, write: Written) {
    let version = write.stamp();
    history.told(write.op, Outcome::Written { version });
}

#[test]
fn leaderless_each_disk_that_had_to_hold_it_is_told_and_no_other() {
    let mut history = History::of(leaderless(1, 1));
    let (a, b, c) = (L, F1, F2);
    let write = history.at(10).writes(ALICE, BALANCE);
    history.stored(a, write);
    history.at(15).acknowledged(a, write, 0);
    history.at(20);
    told(&mut history, write);
    // C had it for a while, which was not needed; others wrote something else.
    history.at(22).stored(c, write);
    history.at(24).lost_its_disk(c);
    for number in 0..10 {
        let other = history.at(30 + number).writes(BOB, PHOTO);
        for node in [a, b, c] {
            history.stored(node, other);
        }
    }
    history.at(50).stored(b, write);
    history.at(60).lost_its_disk(a);
    history.at(65).restarted(a);
    history.at(70).restored(b, 5);
    let violation = history.violation(PROMISE);
    assert_eq!(
        violation.sentence,
        "Alice was told “done” for balance = 10 (#1) at 20 ms by A, which had it on its disk. A lost its disk at \
         60 ms. B’s disk was replaced at 70 ms by a copy of 5 ms, and no disk holds it."
    );
    assert_eq!(violation.evidence.len(), 7, "{violation:?}");
}

#[test]
fn a_disk_that_was_lost_before_the_client_was_told_is_told_as_the_cause() {
    let mut history = History::of(leaderless(1, 1));
    let write = history.at(10).writes(ALICE, BALANCE);
    history.stored(L, write);
    history.at(15).lost_its_disk(L);
    history.at(20);
    told(&mut history, write);
    assert_eq!(
        history.violation(PROMISE).sentence,
        "Alice was told “done” for balance = 10 (#1) at 20 ms. But A had lost its disk at 15 ms, and no disk held it."
    );
}

#[test]
fn what_was_on_no_disk_when_the_client_was_told_is_lost_at_once() {
    let mut history = History::of(leaderless(1, 1));
    let write = history.at(10).writes(ALICE, BALANCE);
    history.at(15).acknowledged(L, write, 0);
    history.at(20);
    told(&mut history, write);
    assert_eq!(
        history.violation(PROMISE).sentence,
        "Alice was told “done” for balance = 10 (#1) at 20 ms by A. No disk held it."
    );
}

#[test]
fn a_hint_holds_it_until_it_is_dropped() {
    let mut history = History::of(leaderless(1, 1));
    let write = history.at(10).writes(ALICE, BALANCE);
    let (node, home, key, expired) = (F1, L, write.key, true);
    let write_id = write.write;
    let kept = Kind::HintKept {
        node,
        home,
        key,
        write: write_id,
    };
    history.at(12).push(None, kept);
    history.at(20);
    told(&mut history, write);
    assert_eq!(history.verdict(PROMISE).state, State::AtRisk);
    let gone = Kind::HintGone {
        node,
        home,
        key,
        write: write_id,
        expired,
    };
    history.at(30).push(None, gone);
    assert_eq!(
        history.violation(PROMISE).sentence,
        "Alice was told “done” for balance = 10 (#1) at 20 ms. B, which had kept it for A, dropped it for its age at \
         30 ms, and no disk holds it."
    );
}

#[test]
fn who_follows_a_leader_without_it_lacks_it_for_that() {
    let mut history = History::of(one_leader(3));
    let write = on_the_leader(&mut history);
    history.appends(L, F1, write, None);
    history.at(4_030).promoted(F1, 2, 0);
    history.at(4_035).promoted(F2, 3, 0);
    history.at(4_045).told_done(write);
    assert_eq!(
        history.violation(PROMISE).sentence,
        "Alice was told “done” for balance = 10 (#1) at 4.045 s by L, which had it on its disk. But F1 had become \
         leader of epoch 2 at 4.030 s, without #1: #1 had been lost on the way to F1."
    );
}

#[test]
fn a_disk_that_held_it_until_a_leader_took_over_without_it_is_part_of_the_proof() {
    let mut history = History::of(one_leader(3));
    let write = on_the_leader(&mut history);
    on_disk(&mut history, F2, write);
    history.at(4_045).told_done(write);
    history.at(4_100).lost_its_disk(L);
    let on_f2 = history
        .trace
        .iter()
        .rposition(|record| matches!(record.kind, Kind::Persisted { node, .. } if node == F2));
    history.at(4_350).promoted(F1, 2, 0);
    let violation = history.violation(PROMISE);
    assert_eq!(
        violation.sentence,
        "Alice was told “done” for balance = 10 (#1) at 4.045 s by L, which had it on its disk. L crashed at 4.100 s, \
         and its disk was lost. F1 became leader of epoch 2 at 4.350 s, without #1: #1 had not been sent to F1 yet."
    );
    let is_there = |seq: &Seq| Some(seq.index()) == on_f2;
    assert!(violation.evidence.iter().any(is_there), "{violation:?}");
}

#[test]
fn an_entry_whose_last_disk_is_lost_is_lost() {
    let mut history = History::of(one_leader(3));
    let write = on_the_leader(&mut history);
    on_disk(&mut history, F1, write);
    history.at(4_045).told_done(write);
    history.at(4_100).lost_its_disk(L);
    assert_eq!(history.verdict(PROMISE).state, State::AtRisk);
    history.at(4_200).restarted(L);
    history.at(4_300).lost_its_disk(F1);
    assert_eq!(
        history.violation(PROMISE).sentence,
        "Alice was told “done” for balance = 10 (#1) at 4.045 s by L, which had it on its disk. L lost its disk at \
         4.100 s. F1 lost its disk at 4.300 s, and no disk holds it."
    );
}

#[test]
fn a_leader_that_lost_its_disk_left_nothing_behind_by_that() {
    let mut history = History::of(one_leader(3));
    let write = on_the_leader(&mut history);
    on_disk(&mut history, F1, write);
    on_disk(&mut history, F2, write);
    history.at(4_050).promoted(F1, 2, 1);
    history.at(4_100).lost_its_disk(F1);
    // Told only now, by the one before; F1 had it when it was promoted, and F2 has it.
    history.at(4_200).told_done(write);
    assert_eq!(history.verdict(PROMISE).violations, 0);
}

#[test]
fn a_restored_disk_holds_what_is_on_the_copy() {
    let mut history = History::of(one_leader(1));
    let first = history.at(10).writes(ALICE, BALANCE);
    let second = history.at(20).writes(BOB, BALANCE);
    for write in [first, second] {
        on_disk(&mut history, L, write);
    }
    for write in [first, second] {
        history.at(30).told(
            write.op,
            Outcome::Written {
                version: write.version(),
            },
        );
    }
    history.at(40).crashed(L);
    history.restored(L, 15);
    history.persisted(L, first);
    history.restarted(L);
    let verdict = history.verdict(PROMISE);
    assert_eq!((verdict.violations, verdict.checked), (1, 2));
}

/// Told twice, under one idempotency key: one write, which can be lost once.
#[test]
fn a_write_that_is_sent_again_is_lost_once() {
    let mut history = History::of(one_leader(3));
    let write = on_the_leader(&mut history);
    history.at(4_045).told_done(write);
    history.at(4_060).wrote_again(write);
    history.at(4_100).crashed(L);
    history.at(4_350).promoted(F1, 2, 0);
    let verdict = history.verdict(PROMISE);
    assert_eq!((verdict.violations, verdict.checked), (1, 2));
}

#[test]
fn what_was_told_only_when_it_was_sent_again_is_lost_too() {
    let mut history = History::of(one_leader(3));
    let write = on_the_leader(&mut history);
    history.at(4_050).told(write.op, Outcome::Unknown);
    history.at(4_060).wrote_again(write);
    history.at(4_100).crashed(L);
    history.at(4_350).promoted(F1, 2, 0);
    let violation = history.violation(PROMISE);
    let start = "Alice was told “done” for balance = 20 (#2), which is #1 sent again, at 4.060 s";
    assert!(violation.sentence.starts_with(start), "{violation:?}");
}
