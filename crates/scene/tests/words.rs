//! What is said.

mod common;

use common::{FAILOVER, QUORUM, STALE_READ, Watched, shipped};
use expect_test::{Expect, expect};
use replication::engine::time::SimTime;
use replication::promise::Promise;
use replication::scenario::{Ack, ProtocolKind, ReadPolicy};
use scene::timeline::MarkerKind;
use scene::{
    ack_words, caption, event_words, is_quiet, next_event, previous_event, promise_rows,
    quorum_words, reads_words, recent_events, text_twin, timeline, what_they_see,
};

fn check(actual: impl AsRef<str>, expect: Expect) {
    expect.assert_eq(actual.as_ref());
}

#[test]
fn every_record_that_is_not_quiet_has_a_sentence() {
    for (name, scenario) in shipped() {
        let watched = Watched::of(scenario).at_ms(9_000);
        let run = watched.run();
        for record in run.records() {
            let words = event_words(run, &watched.index, record.seq);
            let quiet = is_quiet(record, run.records());
            assert_eq!(words.is_none(), quiet, "{name}: {record:?}");
            if let Some(words) = words {
                assert!(words.ends_with('.'), "{name}: {words}");
                assert!(!words.contains("  "), "{name}: {words}");
            }
        }
    }
}

#[test]
fn stepping_forth_and_back_comes_to_the_same_moments() {
    let watched = Watched::new(FAILOVER).at_ms(9_000);
    let (run, index) = (watched.run(), &watched.index);
    let mut forth = Vec::new();
    let mut at = SimTime::ZERO;
    while let Some(next) = next_event(run, index, at) {
        assert!(next > at);
        forth.push(next);
        at = next;
    }
    assert!(forth.len() > 20);
    let mut back = vec![at];
    while let Some(previous) =
        previous_event(run, index, at).filter(|previous| *previous > SimTime::ZERO)
    {
        assert!(previous < at);
        back.push(previous);
        at = previous;
    }
    back.reverse();
    assert_eq!(forth, back);
}

#[test]
fn there_is_always_a_caption() {
    for (name, scenario) in shipped() {
        let mut watched = Watched::of(scenario);
        for ms in (0..10_000).step_by(170) {
            watched.seek_ms(ms);
            let caption = caption(watched.run(), &watched.index);
            assert!(!caption.headline.is_empty(), "{name} at {ms} ms");
            assert!(!caption.text.is_empty(), "{name} at {ms} ms");
            for screen in what_they_see(watched.run(), &watched.index) {
                assert!(!screen.rows.is_empty(), "{name}: {}", screen.name);
            }
            assert_eq!(
                promise_rows(watched.run(), &watched.index).len(),
                Promise::ALL.len()
            );
        }
    }
}

#[test]
fn without_narration_the_state_is_told() {
    let mut watched = Watched::new(STALE_READ);
    let mut said = String::new();
    for ms in [0, 10, 200, 990, 1100, 2000] {
        watched.seek_ms(ms);
        said += &format!("{ms}: {}\n", caption(watched.run(), &watched.index).text);
    }
    check(
        said,
        expect![[r#"
            0: No write has been told “done” yet.
            10: No write has been told “done” yet.
            200: The leader said “done” for #1 174 ms ago. F1 and F2 do not have it yet.
            990: The leader said “done” for #2 13 ms ago. F1 and F2 do not have it yet.
            1100: The leader said “done” for #2 123 ms ago. F1 and F2 do not have it yet.
            2000: The leader said “done” for #2 1.0 s ago. All copies have it and show it.
        "#]],
    );
}

#[test]
fn a_failover_is_told_step_by_step() {
    let mut watched = Watched::new(FAILOVER);
    watched.seek_ms(9_000);
    let log = recent_events(watched.run(), &watched.index, 22);
    let lines: Vec<String> = log
        .into_iter()
        .map(|(_, us, words)| format!("{} {words}\n", scene::quantity::moment(us)))
        .collect();
    check(
        lines.concat(),
        expect![[r#"
            2.021 s Alice sets order to paid (#2).
            2.032 s L persisted #2.
            2.032 s L says “done” for #2.
            2.032 s L now shows everything up to #2.
            2.042 s Alice is told “done” for #2.
            2.100 s L crashes; its memory is gone.
            2.361 s F2 has not heard from its leader for too long, and asks for epoch 2.
            2.366 s The request for a vote from F2 to L found L down.
            2.377 s F2 becomes leader, in epoch 2.
            2.378 s F2 persisted its leader’s first entry.
            2.419 s The acknowledgement from F1 to L found L down.
            2.512 s The acknowledgement from F2 to L found L down.
            3.086 s F1 persisted its leader’s first entry.
            3.086 s A message of the log from F2 to L found L down.
            3.087 s F1 now shows everything up to entry 2.
            3.091 s F2 knows everything up to entry 2 to be on a majority.
            4.968 s The message with #1 from F2 to L found L down.
            5.000 s L starts again from its disk.
            6.056 s L discards #2: its new leader does not have it.
            6.057 s L persisted its leader’s first entry.
            6.058 s L now shows everything up to entry 2.
            6.060 s F2 hears that L has everything up to entry 2.
        "#]],
    );
}

#[test]
fn the_stage_in_plain_lines() {
    let mut lines = Vec::new();
    for (json, ms) in [
        (STALE_READ, 1100),
        (FAILOVER, 2400),
        (FAILOVER, 3500),
        (QUORUM, 1260),
    ] {
        let watched = Watched::new(json).at_ms(ms);
        lines.extend(text_twin(watched.run(), &watched.index));
        lines.push(String::new());
    }
    check(
        lines.join("\n"),
        expect![[r#"
            At 1.100 s.
            Alice has written #2.
            Bob has done nothing yet.
            L leads in epoch 1 and shows balance 40 (#2).
            F1 is 1 entry and 124 ms behind and shows balance 100 (#1).
            F2 is 1 entry and 124 ms behind and shows balance 100 (#1).
            The newest acknowledged value of balance is 40: #2, acked, on 1 of 3 copies.
            On the wire: #2 to F1 and #2 to F2.

            At 2.400 s.
            Alice has written #2.
            L is down and has on its disk order paid (#2).
            F1 is 1 entry and 23 ms behind and shows order open (#1).
            F2 leads in epoch 2 and shows order open (#1).
            The newest acknowledged value of order is paid: #2, acked, on 1 of 3 copies, to be discarded.
            On the wire: #2 to F1 and #2 to F2.

            At 3.500 s.
            Alice has written #2.
            L is down and has on its disk order paid (#2).
            F1 is in sync and shows order open (#1).
            F2 leads in epoch 2 and shows order open (#1).
            The newest acknowledged value of order is paid: #2, acked, on 1 of 3 copies, to be discarded.

            At 1.260 s.
            Alice waits for “done” for #4.
            Bob reads photo.
            A shows photo 4 (#4).
            B shows photo 3 (#3).
            C shows photo 4 (#4).
            D shows photo 4 (#4).
            E shows photo 3 (#3).
            proxy coordinates, has 2 of 3 for #4 and has 0 of 2 for a read.
            The newest acknowledged value of photo is 3: #3, acked, on 5 of 5 copies.
            On the wire: #4 to B and #4 to E.
        "#]],
    );
}

#[test]
fn promises_and_screens_at_the_end_of_a_failover() {
    let watched = Watched::new(FAILOVER).at_ms(9_000);
    let mut said = String::new();
    for row in promise_rows(watched.run(), &watched.index) {
        said += &format!("{} {}: {}\n", row.mark, row.title, row.note);
    }
    for screen in what_they_see(watched.run(), &watched.index) {
        for row in screen.rows {
            let sees = row.sees.unwrap_or_else(|| "–".to_owned());
            said += &format!(
                "{}’s {}: {sees}; in truth {} ({})\n",
                screen.name, row.key, row.truth, row.truth_note
            );
        }
    }
    check(
        said,
        expect![[r#"
            – Read your writes: not tested yet
            – Monotonic reads: not tested yet
            – Consistent prefix: not tested yet
            ✗ No acknowledged write lost: 1 of 2 writes lost
            ✓ One leader at a time: kept so far · 2 checked
            Alice’s order: –; in truth paid (#2, acked, on no disk any more)
        "#]],
    );
}

#[test]
fn the_scrubber_marks_what_turned() {
    let watched = Watched::new(FAILOVER).at_ms(9_000);
    let timeline = timeline(watched.run(), &watched.index);
    assert_eq!(timeline.length_us, 9_000_000);
    assert_eq!(timeline.now_us, 9_000_000);
    let kinds: Vec<MarkerKind> = timeline.markers.iter().map(|marker| marker.kind).collect();
    for kind in [
        MarkerKind::Crash,
        MarkerKind::Promotion,
        MarkerKind::Restart,
        MarkerKind::Violation(Promise::NoAckedWriteLost),
    ] {
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
    assert!(timeline.markers.is_sorted_by_key(|marker| marker.at_us));
}

#[test]
fn settings_in_words() {
    let one_leader = Watched::new(STALE_READ);
    let leaderless = Watched::new(QUORUM);
    let structure = one_leader.run().scenario().structure.clone();
    let mut said = String::new();
    for ack in [
        Ack::Async,
        Ack::SemiSync {
            k: 1,
            timeout_us: 10_000_000,
        },
        Ack::Sync,
        Ack::Quorum,
    ] {
        said += &format!("{}\n", ack_words(ack, &structure));
    }
    for policy in [ReadPolicy::Leader, ReadPolicy::Any, ReadPolicy::Sticky] {
        said += &format!("{}\n", reads_words(policy, ProtocolKind::SingleLeader));
    }
    let structure = &leaderless.run().scenario().structure;
    for (w, r) in [(3, 2), (3, 3), (1, 1), (5, 1)] {
        let mut settings = leaderless.run().settings().clone();
        (settings.w, settings.r) = (w, r);
        said += &format!("{}\n", quorum_words(&settings, structure));
    }
    check(
        said,
        expect![[r#"
            The leader alone has it on its disk. Fast; if the leader dies before a follower has it, a write that was told “done” can be lost.
            The leader and at least 1 follower have it on their disks. If that takes longer than 10 s, the leader falls back to async until enough have caught up, as MySQL’s does; PostgreSQL’s never falls back: it waits.
            The leader and both followers have it on their disks. One dead follower stops all writes.
            A majority, 2 of 3 nodes with the leader, has it on disk. Writes go on while one node is down, and a leader elected by a majority has every write that was told “done”, as long as no disk is lost.
            Every read goes to the leader. It shows the newest write that it may show, unless it has been replaced and does not know it yet.
            Each read goes to a replica drawn by chance, the leader included. Followers lag: a read may miss one’s own write, and a later read may show less than an earlier one.
            Each client keeps to one replica until that does not answer. It may be behind, so one’s own write may be missing; but it does not go back, unless a failover discards what it showed.
            W + R = 5 ≤ N = 5: a read can hear only from copies that the last acknowledged write has not reached. Keeping it is another matter, and W’s alone: it survives the loss of W − 1 = 2 disks.
            W + R = 6 > N = 5: every read hears from at least one copy that has the last acknowledged write. Keeping it is another matter, and W’s alone: it survives the loss of W − 1 = 2 disks.
            W + R = 2 ≤ N = 5: a read can hear only from copies that the last acknowledged write has not reached. Keeping it is another matter: with W = 1 it may be on one disk only, and go with it.
            W + R = 6 > N = 5: every read hears from at least one copy that has the last acknowledged write. Keeping it is another matter, and W’s alone: it survives the loss of W − 1 = 4 disks. One copy that is down stops all writes.
        "#]],
    );
}
