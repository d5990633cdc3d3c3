use crate::ids::{NodeId, Version};
use crate::promise::testing::*;
use crate::promise::{Promise, State, Watch, real_runs};
use crate::scenario::Scenario;
use crate::trace::{Carries, Kept, Kind, MessageKind, Outcome, Seq};

const PROMISE: Promise = Promise::NoSilentOverwrite;

/// The leaders of two regions.
const EAST: NodeId = NodeId(0);
const WEST: NodeId = NodeId(1);

pub(super) fn stamp(at_us: i64, coordinator: NodeId) -> Version {
    Version::Stamp {
        at_us,
        coordinator,
        counter: 0,
    }
}

impl History {
    pub(super) fn stores_as(
        &mut self,
        node: NodeId,
        written: Written,
        version: Version,
        newest: bool,
    ) -> Seq {
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
        )
    }

    pub(super) fn meet(&mut self, node: NodeId, there: Written, came: Written, kept: Kept) {
        let (key, there, came) = (there.key, there.write, came.write);
        self.push(
            None,
            Kind::Conflict {
                node,
                key,
                there,
                came,
                kept,
            },
        );
    }

    pub(super) fn done(&mut self, written: Written, version: Version) {
        self.told(written.op, Outcome::Written { version });
    }
}

/// Alice writes in the east, Bob 100 ms later in the west, and Bob’s stamp is this much later; the two
/// meet in the west at 400 ms.
fn two_leaders(later_us: i64) -> (History, [Written; 2], [Version; 2]) {
    let mut history = History::of(many_leaders());
    let ours = history.at(100).writes(ALICE, BALANCE);
    let version = stamp(110_000, EAST);
    history.at(110).stores_as(EAST, ours, version, true);
    history.acknowledged_as(EAST, ours, version);
    let carries = Carries {
        write: Some(ours.write),
        entries: 1,
        ..Default::default()
    };
    history.sends(EAST, WEST, MessageKind::Replicate, carries, Some(400));
    history.at(120).done(ours, version);
    let theirs = history.at(200).writes(BOB, BALANCE);
    let other = stamp(110_000 + later_us, WEST);
    history.at(210).stores_as(WEST, theirs, other, true);
    history.acknowledged_as(WEST, theirs, other);
    history.at(220).done(theirs, other);
    (history, [ours, theirs], [version, other])
}

#[test]
fn two_leaders_that_did_not_know_of_each_other_drop_one() {
    let (mut history, [ours, theirs], [version, _]) = two_leaders(100_000);
    history.at(400).stores_as(WEST, ours, version, false);
    assert_eq!(history.verdict(PROMISE).state, State::Unknown);
    history.meet(WEST, theirs, ours, Kept::There);
    let violation = history.violation(PROMISE);
    assert_eq!(violation.title, "Alice’s #1 was dropped in silence");
    assert_eq!(
        violation.sentence,
        "Alice wrote balance = 10 (#1) and was told “done” at 120 ms, and Bob wrote balance = 20 (#2) and was told \
         “done” at 220 ms; neither had seen the other’s. When west said “done” to #2 at 210 ms, #1 was on the wire \
         to west, due 190 ms later. They met at west at 400 ms: #1 was dropped for #2, which has the later timestamp, \
         and nobody was told."
    );
    // At the other leader it is dropped again: that is the same loss.
    history.at(500).meet(EAST, ours, theirs, Kept::Came);
    let verdict = history.verdict(PROMISE);
    assert_eq!((verdict.checked, verdict.violations), (1, 1));
}

#[test]
fn a_clock_that_is_behind_reverses_them() {
    let (mut history, [ours, theirs], [version, other]) = two_leaders(100_000);
    let mut behind = History::of(many_leaders());
    let (node, by_us) = (WEST, -2_000_000);
    behind.push(None, Kind::Skewed { node, by_us });
    let first = behind.at(100).writes(ALICE, BALANCE);
    behind.acknowledged_as(EAST, first, version);
    behind.at(120).done(first, version);
    behind.at(150).stores_as(WEST, first, version, true);
    let saw = behind.at(180).reads(BOB, &[BALANCE]);
    behind.saw(saw, BALANCE, WEST, first.held_as(version));
    behind.told(saw, Outcome::Answered);
    let second = behind.at(200).writes(BOB, BALANCE);
    let earlier = stamp(-1_800_000, WEST);
    behind.at(210).stores_as(WEST, second, earlier, false);
    behind.acknowledged_as(WEST, second, earlier);
    assert_eq!(behind.verdict(PROMISE).state, State::Unknown);
    behind.at(220).done(second, earlier);
    let violation = behind.violation(PROMISE);
    assert_eq!(violation.title, "Bob’s #2 was dropped in silence");
    assert_eq!(
        violation.sentence,
        "Alice wrote balance = 10 (#1) and was told “done” at 120 ms. 80 ms later Bob wrote balance = 20 (#2), which \
         got the earlier timestamp all the same, and was told “done” too. The clock of west, which stamped #2, was \
         2.000 s behind. They met at west at 210 ms: #2 was dropped for #1, which has the later timestamp, and nobody \
         was told."
    );
    // In the order of time the later one may replace the earlier.
    history.at(400).stores_as(WEST, ours, version, false);
    history.at(410).stores_as(EAST, theirs, other, true);
    assert_eq!(history.verdict(PROMISE).state, State::Unknown);
}

#[test]
fn who_had_seen_the_other_replaces_it() {
    let met = |bob_reads: bool| {
        let mut history = History::of(many_leaders());
        let ours = history.at(100).writes(ALICE, BALANCE);
        let version = stamp(110_000, EAST);
        history.at(120).done(ours, version);
        if bob_reads {
            history
                .at(150)
                .read(BOB, BALANCE, EAST, ours.held_as(version));
        }
        let theirs = history.at(200).writes(BOB, BALANCE);
        history.at(220).done(theirs, stamp(210_000, WEST));
        history.at(400).meet(WEST, theirs, ours, Kept::There);
        history.verdict(PROMISE).state
    };
    assert_eq!(met(true), State::Unknown);
    assert_eq!(met(false), State::Broken);
}

#[test]
fn what_its_own_writer_has_replaced_is_not_dropped_any_more() {
    let (mut history, [ours, theirs], _) = two_leaders(100_000);
    let again = history.at(250).writes(ALICE, BALANCE);
    let latest = stamp(250_000, EAST);
    history.stores_as(EAST, again, latest, true);
    history.at(260).done(again, latest);
    history.at(400).meet(WEST, theirs, ours, Kept::There);
    assert_eq!(history.verdict(PROMISE).state, State::Unknown);
    // But then Bob’s is.
    history.at(500).meet(WEST, theirs, again, Kept::Came);
    assert_eq!(
        history.violation(PROMISE).title,
        "Bob’s #2 was dropped in silence"
    );
}

#[test]
fn whoever_was_told_nothing_was_promised_nothing() {
    for outcome in [Outcome::Unknown, Outcome::Refused] {
        let mut history = History::of(many_leaders());
        let ours = history.at(100).writes(ALICE, BALANCE);
        let theirs = history.at(200).writes(BOB, BALANCE);
        history.at(220).done(theirs, stamp(210_000, WEST));
        history.at(400).meet(WEST, theirs, ours, Kept::There);
        history.at(900).told(ours.op, outcome);
        assert_eq!(history.verdict(PROMISE).state, State::Unknown);
    }
}

#[test]
fn who_is_told_later_is_harmed_from_then_on() {
    let mut history = History::of(many_leaders());
    let ours = history.at(100).writes(ALICE, BALANCE);
    let theirs = history.at(200).writes(BOB, BALANCE);
    history.at(220).done(theirs, stamp(210_000, WEST));
    history.at(400).meet(WEST, theirs, ours, Kept::There);
    history.at(900).done(ours, stamp(110_000, EAST));
    let violation = history.violation(PROMISE);
    assert_eq!(violation.at.index(), history.trace.len() - 1);
}

#[test]
fn siblings_and_merged_values_keep_it() {
    for kept in [Kept::Both, Kept::Merged] {
        let (mut history, [ours, theirs], _) = two_leaders(100_000);
        history.at(400).meet(WEST, theirs, ours, kept);
        history.at(500).meet(EAST, ours, theirs, kept);
        let verdict = history.verdict(PROMISE);
        assert_eq!((verdict.state, verdict.checked), (State::Kept, 1));
    }
}

/// Alice and Bob write through these coordinators, and are told "done" at these moments; the two meet at B.
fn two_coordinators(coordinators: [NodeId; 2], told: [u64; 2]) -> History {
    let mut history = History::of(leaderless(2, 2));
    let ours = history.at(100).writes(ALICE, BALANCE);
    let version = stamp(105_000, coordinators[0]);
    history.at(110).stores_as(F1, ours, version, true);
    let mut ends = vec![(told[0], ours, version)];
    if told[0] < 200 {
        let (at, write, version) = ends.remove(0);
        history.at(at).done(write, version);
    }
    let theirs = history.at(200).writes(BOB, BALANCE);
    let other = stamp(205_000, coordinators[1]);
    history.at(210).stores_as(F1, theirs, other, true);
    ends.push((told[1], theirs, other));
    ends.sort_by_key(|(at, ..)| *at);
    for (at, write, version) in ends {
        history.at(at).done(write, version);
    }
    history
}

#[test]
fn two_coordinators_at_once_drop_one() {
    let history = two_coordinators([L, F2], [300, 350]);
    assert_eq!(
        history.violation(PROMISE).sentence,
        "Alice wrote balance = 10 (#1) and was told “done” at 300 ms, and Bob wrote balance = 20 (#2) and was told \
         “done” at 350 ms; neither had seen the other’s. They met at B at 210 ms: #1 was dropped for #2, which has the \
         later timestamp, and nobody was told."
    );
}

#[test]
fn what_was_over_before_may_be_replaced() {
    let history = two_coordinators([L, F2], [150, 350]);
    assert_eq!(history.verdict(PROMISE).state, State::Unknown);
}

#[test]
fn one_coordinator_puts_writes_in_an_order() {
    let history = two_coordinators([F2, F2], [300, 350]);
    assert_eq!(history.verdict(PROMISE).state, State::Unknown);
}

#[test]
fn one_coordinator_whose_clock_was_set_back_drops_what_comes_later() {
    let mut history = History::of(leaderless(2, 2));
    let ours = history.at(100).writes(ALICE, BALANCE);
    let version = stamp(105_000, F2);
    history.at(110).stores_as(F1, ours, version, true);
    history.acknowledged_as(F2, ours, version);
    history.at(150).done(ours, version);
    let (node, by_us) = (F2, -150_000);
    history.at(160).push(None, Kind::Skewed { node, by_us });
    let theirs = history.at(200).writes(BOB, BALANCE);
    let other = stamp(55_000, F2);
    history.at(210).stores_as(F1, theirs, other, false);
    history.acknowledged_as(F2, theirs, other);
    history.at(250).done(theirs, other);
    let sentence = history.violation(PROMISE).sentence;
    let clock = "The clock of C, which stamped #2, was 150 ms behind.";
    assert!(sentence.contains(clock), "{sentence}");
}

#[test]
fn a_version_that_claims_to_have_seen_what_its_writer_had_not_drops_it() {
    let mut history = History::of(leaderless(2, 2));
    let ours = history.at(100).writes(ALICE, BALANCE);
    let version = ours.dotted(&[]);
    history.at(110).stores_as(F1, ours, version, true);
    let theirs = history.at(150).writes(BOB, BALANCE);
    history.at(200).done(ours, version);
    let claims = theirs.dotted(&[ours]);
    history.at(210).stores_as(F1, theirs, claims, true);
    history.at(250).done(theirs, claims);
    let sentence = history.violation(PROMISE).sentence;
    assert!(
        sentence.contains("#1 was dropped for #2, which claims to have seen it"),
        "{sentence}"
    );
}

#[test]
fn under_one_leader_nothing_counts() {
    let mut history = History::of(one_leader(3));
    let [ours, theirs] = [ALICE, BOB].map(|client| history.at(100).writes(client, BALANCE));
    for write in [ours, theirs] {
        history.at(120).persisted(L, write);
        history.told_done(write);
    }
    assert_eq!(history.verdict(PROMISE).state, State::Unknown);
}

/// How many writes met one that they did not know of, and how many were dropped; all violations are sound.
fn judged(scenario: &Scenario, seed: u64) -> (u32, u32) {
    let trace = real_runs::trace_of(scenario, seed);
    let mut watch = Watch::new(scenario);
    watch.observe(&trace, scenario);
    let mut own = watch.violations().to_vec();
    own.retain(|violation| violation.promise == PROMISE);
    own.truncate(100);
    assert_sound(&own, &trace, scenario);
    let verdict = watch.verdict(PROMISE, trace.len());
    (verdict.checked, verdict.violations)
}

#[test]
fn runs_drop_writes_in_silence_where_one_of_two_must_win_and_nowhere_else() {
    let mut runs: Vec<(Scenario, &str)> = Vec::new();
    for scenario in real_runs::multi_leader_runs() {
        let rule = scenario.document["protocol"]["conflicts"].as_str();
        let expected = match rule.unwrap() {
            "siblings" | "merge" => "kept",
            _ => "broken",
        };
        runs.push((scenario, expected));
    }
    for scenario in real_runs::leaderless_runs() {
        let proxy = scenario.document["protocol"]["coordinator"] == "proxy";
        let expected = if proxy { "calm" } else { "broken" };
        runs.push((scenario, expected));
    }
    for scenario in real_runs::siblings_and_hints_runs() {
        let dotted = scenario.document["protocol"]["versions"] == "dotted";
        let proxy = scenario.document["protocol"]["coordinator"] == "proxy";
        let expected = match () {
            () if dotted => "kept",
            () if proxy => "calm",
            () => "broken",
        };
        runs.push((scenario, expected));
    }
    runs.extend(
        real_runs::one_leader_runs()
            .into_iter()
            .map(|scenario| (scenario, "calm")),
    );
    let (mut met, mut dropped) = ([0; 3], [0; 3]);
    for (number, (scenario, expected)) in runs.iter().enumerate().step_by(3) {
        let place = ["calm", "kept", "broken"]
            .iter()
            .position(|other| other == expected);
        let (checked, violations) = judged(scenario, number as u64);
        met[place.unwrap()] += checked;
        dropped[place.unwrap()] += violations;
        if *expected != "broken" {
            assert_eq!(violations, 0, "{:?}", scenario.document["protocol"]);
        }
    }
    assert_eq!(
        met[0], 0,
        "what one proxy or one leader has taken is in an order"
    );
    assert!(met[1] > 50, "{met:?} {dropped:?}");
    assert!(dropped[2] > 50, "{met:?} {dropped:?}");
}
