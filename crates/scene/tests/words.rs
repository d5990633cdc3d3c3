//! What is said.

mod common;

use common::{
    FAILOVER, MANAGED, QUORUM, SLOPPY, STALE_READ, TWO_LEADERS, Watched, interactions, shipped,
};
use expect_test::{Expect, expect};
use replication::engine::time::SimTime;
use replication::promise::Promise;
use replication::scenario::{Ack, ProtocolKind, ReadPolicy};
use replication::trace::Seq;
use scene::timeline::MarkerKind;
use scene::{
    ack_words, caption, discarded_writes, event_words, foremost_event, is_quiet, next_event,
    previous_event, promise_rows, quorum_words, reads_words, state_caption, text_twin,
    verdict_words, what_they_see,
};

fn check(actual: impl AsRef<str>, expect: Expect) {
    expect.assert_eq(actual.as_ref());
}

/// The sentences of the last `count` records at or before the cursor that have one, newest last, with their times in
/// microseconds.
fn recent_events(watched: &Watched, count: usize) -> Vec<(u64, String)> {
    let run = watched.run();
    let happened = run
        .records()
        .iter()
        .rev()
        .filter(|record| record.at <= run.now());
    let told = happened
        .filter_map(|record| Some((record.at.0, event_words(run, &watched.index, record.seq)?)));
    let mut told: Vec<_> = told.take(count).collect();
    told.reverse();
    told
}

#[test]
fn every_record_that_is_not_quiet_has_a_sentence() {
    for (name, scenario) in shipped().into_iter().chain(interactions()) {
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
fn what_was_thrown_away_is_listed_with_what_its_client_had_been_told() {
    let story = |name: &str| {
        let found = shipped().into_iter().find(|(file, _)| file.contains(name));
        Watched::of(found.expect("a shipped story").1)
    };
    let list = |watched: &Watched| {
        let writes = discarded_writes(watched.run(), &watched.index);
        writes
            .into_iter()
            .map(|write| write.words)
            .collect::<Vec<_>>()
            .join("\n")
    };
    assert_eq!(list(&story("leader-crash-async").at_ms(5_000)), "");
    check(
        list(&story("leader-crash-async").at_ms(10_000)),
        expect!["#2, order: L threw it away. Alice had been told “done”."],
    );
    check(
        list(&story("leader-crash-quorum").at_ms(10_000)),
        expect!["#2, order: L threw it away. Alice never heard what became of it."],
    );
}

#[test]
fn what_is_sent_again_to_a_follower_that_has_stopped_is_not_why_it_lacks_it() {
    let found = shipped()
        .into_iter()
        .find(|(file, _)| file.contains("other-storage-version"));
    let watched = Watched::of(found.expect("a shipped story").1).at_ms(6_000);
    let violations = watched.run().violations();
    assert_eq!(violations.len(), 6);
    for violation in violations {
        let told = "F2 had stopped at 2.840 s";
        assert!(violation.sentence.contains(told), "{}", violation.sentence);
    }
}

#[test]
fn a_write_without_an_answer_that_stands_is_told_beside_the_last_that_was_acknowledged() {
    let note = |name: &str, at_ms: u64| {
        let found = shipped().into_iter().find(|(file, _)| file.contains(name));
        let watched = Watched::of(found.expect("a shipped story").1).at_ms(at_ms);
        let screens = what_they_see(watched.run(), &watched.index);
        let row = &screens[0].rows[0];
        let said = state_caption(watched.run(), &watched.index, None).text;
        format!("{}: {}\n{said}", row.truth, row.truth_note)
    };
    check(
        note("sync-one-dead-follower", 60_000),
        expect![[r#"
            12A: #1, the last that was acked; #3, which was not, is on 2 of 3 copies
        "#]],
    );
    // Once somebody has seen it, nobody may be shown anything older.
    check(
        note("failed-but-there", 7_700),
        expect![[r#"
            paid: #2, never acked, but seen, on 3 of 3 copies
            All copies have #2 after it, which was never acknowledged."#]],
    );
    check(
        note("the-lost-done", 1_500),
        expect![[r#"
            40: #3, “done” said and not heard, on 3 of 3 copies
        "#]],
    );
    check(
        note("statement-diverges", 4_000),
        expect![[r#"
        1021331228: #1, acked, on 3 of 3 copies, as 3 different values
    "#]],
    );
    // What stands in its place on some copies is no copy of it.
    check(
        note("trap-two-writes", 1_050),
        expect![[r#"
            Alice: #1, acked, on 3 of 5 copies; 2 have a newer one
        "#]],
    );
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
            let caption = caption(watched.run(), &watched.index, None);
            assert!(!caption.headline.is_empty(), "{name} at {ms} ms");
            // What is going on may be one sentence, and then it is the headline.
            let is_state = caption == state_caption(watched.run(), &watched.index, None);
            assert!(is_state || !caption.text.is_empty(), "{name} at {ms} ms");
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
fn a_violation_that_is_lit_is_what_is_told_unless_a_line_tells_of_it() {
    let story = |name: &str| shipped().into_iter().find(|(file, _)| file.contains(name));
    let headlines = |name: &str| {
        let mut watched = Watched::of(story(name).expect("a shipped story").1).at_ms(20_000);
        let lit = watched.run().violations().to_vec();
        let at_ms = |at: Seq| watched.run().records()[at.index()].at.0 / 1_000 + 1;
        let moments: Vec<u64> = lit.iter().map(|violation| at_ms(violation.at)).collect();
        let mut said = Vec::new();
        for (violation, ms) in lit.iter().zip(moments) {
            watched.seek_ms(ms);
            let told = caption(watched.run(), &watched.index, Some(violation));
            said.push((violation.title.clone() + ".", told.headline));
        }
        said
    };
    // Nobody narrates what breaks there: each is told by its own title, the second of a promise, too.
    let untold = headlines("star-hub");
    assert!(untold.len() > 1);
    for (title, headline) in untold {
        assert_eq!(headline, title);
    }
    let told = headlines("double-transfer");
    assert!(
        told[0]
            .1
            .starts_with("A follower that is behind answers her")
    );
}

#[test]
fn what_was_told_makes_room_once_something_else_has_begun_and_it_could_be_read() {
    let told = r#"{
        "version": 1, "title": "Three writes",
        "protocol": { "kind": "single_leader", "nodes": 2, "ack": { "mode": "async" } },
        "network": { "replication_lag_ms": 200 },
        "clients": [ { "name": "Alice", "does": [
            { "write": { "x": 1 } },
            { "wait_ms": 300, "write": { "x": 2 } },
            { "wait_ms": 3000, "write": { "x": 3 } }
        ] } ],
        "narration": [
            { "on": "start", "say": "Watch." },
            { "on": "acknowledged", "say": "Alice has her “done”." },
            { "on": "end", "say": "That was it." }
        ]
    }"#;
    let mut watched = Watched::new(told);
    let mut said = String::new();
    // #2 follows soon: what is told of #1 stays for three times 200 ms, and no longer.
    for ms in [0, 100, 500, 590, 700, 3000, 60_000] {
        watched.seek_ms(ms);
        said += &format!(
            "{ms}: {}\n",
            caption(watched.run(), &watched.index, None).headline
        );
    }
    check(
        said,
        expect![[r#"
        0: Watch.
        100: Alice has her “done”.
        500: Alice has her “done”.
        590: Alice has her “done”.
        700: The leader said “done” for #2 368 ms ago.
        3000: The leader said “done” for #2 2.6 s ago.
        60000: That was it.
    "#]],
    );
}

#[test]
fn without_narration_the_state_is_told() {
    let mut watched = Watched::new(STALE_READ);
    let mut said = String::new();
    for ms in [0, 10, 200, 990, 1100, 2000] {
        watched.seek_ms(ms);
        said += &format!(
            "{ms}: {}\n",
            caption(watched.run(), &watched.index, None).text
        );
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
fn who_can_not_be_told_all_is_told_what_people_hear_and_what_befalls_machines() {
    let mut watched = Watched::new(FAILOVER).at_ms(2_030);
    let first = foremost_event(watched.run(), &watched.index, None).expect("something happened");
    let mut said = Vec::new();
    let mut since = first.0;
    for ms in [2_050, 2_200, 2_400, 2_600, 2_600] {
        watched.seek_ms(ms);
        match foremost_event(watched.run(), &watched.index, Some(since)) {
            Some((upto, words)) => {
                assert!(upto > since);
                since = upto;
                said.push(words);
            }
            None => said.push("–".to_owned()),
        }
    }
    check(
        said.join("\n"),
        expect![[r#"
        Alice is told “done” for #2.
        L crashes; its memory is gone.
        F2 becomes leader, in epoch 2.
        The acknowledgement from F2 to L found L down.
        –"#]],
    );
}

#[test]
fn a_failover_is_told_step_by_step() {
    let mut watched = Watched::new(FAILOVER);
    watched.seek_ms(9_000);
    let log = recent_events(&watched, 22);
    let lines: Vec<String> = log
        .into_iter()
        .map(|(us, words)| format!("{} {words}\n", scene::quantity::moment(us)))
        .collect();
    check(
        lines.concat(),
        expect![[r#"
            2.032 s L says “done” for #2.
            2.032 s L now shows everything up to #2.
            2.042 s Alice is told “done” for #2.
            2.100 s L crashes; its memory is gone.
            2.361 s F2 has not heard from its leader for too long, and asks for epoch 2.
            2.366 s The request for a vote from F2 to L found L down.
            2.377 s F2 becomes leader, in epoch 2.
            2.378 s F2 persisted its leader’s first entry.
            2.378 s F2 now shows everything up to entry 2 of the log.
            2.419 s The acknowledgement from F1 to L found L down.
            2.512 s The acknowledgement from F2 to L found L down.
            3.086 s F1 persisted its leader’s first entry.
            3.086 s The message with a new leader’s first entry from F2 to L found L down.
            3.087 s F1 now shows everything up to entry 2 of the log.
            3.091 s F2 knows everything up to entry 2 of the log to be on a majority.
            4.968 s The message with #1 from F2 to L found L down.
            5.000 s L starts again from its disk.
            6.056 s L discards #2: its new leader does not have it.
            6.057 s L persisted its leader’s first entry.
            6.058 s L now shows everything up to entry 2 of the log.
            6.060 s F2 hears that L has everything up to entry 2 of the log.
            8.133 s All is quiet: nothing has changed for 2.0 s.
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
            In truth balance is 40: #2, acked, on 1 of 3 copies.
            On the wire: #2 to F1 and #2 to F2.

            At 2.400 s.
            Alice has written #2.
            L is down and would show order paid (#2).
            F1 is 1 entry and 23 ms behind and shows order open (#1).
            F2 leads in epoch 2 and shows order open (#1).
            In truth order is paid: #2, acked, on 1 of 3 copies, to be discarded.
            On the wire: #2 to F1 and #2 to F2.

            At 3.500 s.
            Alice has written #2.
            L is down and would show order paid (#2).
            F1 is caught up and shows order open (#1).
            F2 leads in epoch 2 and shows order open (#1).
            In truth order is paid: #2, acked, on 1 of 3 copies, to be discarded.

            At 1.260 s.
            Alice waits for “done” for #4.
            Bob reads photo.
            A shows photo 4 (#4).
            B shows photo 3 (#3).
            C shows photo 4 (#4).
            D shows photo 4 (#4).
            E shows photo 3 (#3).
            proxy coordinates, has 2 of 3 for #4 and has 0 of 2 for a read.
            In truth photo is 3: #3, acked, on 2 of 5 copies; 3 have a newer one.
            On the wire: #4 to B and #4 to E.
        "#]],
    );
}

#[test]
fn at_its_end_a_run_says_what_became_of_its_promises() {
    let end = |json: &str| verdict_words(Watched::new(json).at_ms(20_000).run());
    check(
        end(FAILOVER),
        expect!["It broke 1 of the 4 promises that it tested: no acknowledged write lost."],
    );
    check(
        end(QUORUM),
        expect!["It kept all 5 promises that it tested."],
    );
    let start = Watched::new(QUORUM);
    check(verdict_words(start.run()), expect!["It tested no promise."]);
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
            ✓ Monotonic writes: kept so far · 1 checked
            – Writes follow reads: not tested yet
            – Consistent prefix: not tested yet
            – Causal consistency: not tested yet
            – Linearizable: not tested yet
            – Bounded staleness: not tested yet
            ✗ No acknowledged write lost: 1 of 2 writes lost
            – No silent overwrite: not tested yet
            ✓ One leader at a time: kept so far · 2 checked
            ✓ Convergence: kept so far · 1 checked
            Alice’s order: –; in truth paid (#2, acked, on no disk any more)
        "#]],
    );
}

#[test]
fn the_scrubber_marks_what_turned() {
    let watched = Watched::new(FAILOVER).at_ms(9_000);
    assert_eq!(scene::length_us(watched.run()), 9_000_000);
    let markers = scene::markers(watched.run(), &watched.index);
    let kinds: Vec<MarkerKind> = markers.iter().map(|marker| marker.kind).collect();
    for kind in [
        MarkerKind::Crash,
        MarkerKind::Promotion,
        MarkerKind::Restart,
        MarkerKind::Violation(Promise::NoAckedWriteLost),
    ] {
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
    assert!(markers.is_sorted_by_key(|marker| marker.at_us));
    let back = watched.at_ms(100);
    assert_eq!(
        scene::markers(back.run(), &back.index),
        markers,
        "wherever the cursor is"
    );
}

#[test]
fn what_would_stand_on_another_mark_is_counted_by_it() {
    let crowded = FAILOVER.replace(
        r#""script": ["#,
        r#""script": [ { "at_ms": 1000, "crash": "F2" }, { "at_ms": 1010, "restart": "F2" },
          { "at_ms": 1020, "crash": "F2" }, { "at_ms": 1030, "restart": "F2" }, { "at_ms": 1050, "crash": "F2" },"#,
    );
    // Those less than a two-hundredth of the nine seconds apart.
    let watched = Watched::new(&crowded).at_ms(9_000);
    let markers = scene::markers(watched.run(), &watched.index);
    let of = |kind| {
        let its = markers.iter().filter(move |marker| marker.kind == kind);
        its.map(|marker| marker.words.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(
        of(MarkerKind::Crash),
        [
            "1.000 s: F2 crashes; its memory is gone. (and 1 more)",
            "1.050 s: F2 crashes; its memory is gone.",
            "2.100 s: L crashes; its memory is gone."
        ]
    );
    assert_eq!(
        of(MarkerKind::Restart),
        [
            "1.010 s: F2 starts again from its disk. (and 1 more)",
            "5.000 s: L starts again from its disk."
        ]
    );
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

#[test]
fn every_interaction_has_a_caption_all_the_way() {
    for (name, scenario) in interactions() {
        let mut watched = Watched::of(scenario);
        for ms in (0..6_000).step_by(90) {
            watched.seek_ms(ms);
            let caption = caption(watched.run(), &watched.index, None);
            let all = format!("{} {}", caption.headline, caption.text);
            assert!(caption.headline.ends_with('.'), "{name} at {ms} ms: {all}");
            assert!(!all.trim_end().contains("  "), "{name} at {ms} ms: {all}");
            for line in text_twin(watched.run(), &watched.index) {
                assert!(
                    line.ends_with('.') && !line.contains("  "),
                    "{name}: {line}"
                );
            }
        }
    }
}

#[test]
fn what_is_going_on_is_told_first() {
    let mut said = String::new();
    for (json, times) in [
        (TWO_LEADERS, [900, 1450, 2300].as_slice()),
        (SLOPPY, &[300, 600, 1500]),
        (MANAGED, &[800, 1100, 2000, 2900]),
    ] {
        let mut watched = Watched::new(json);
        for ms in times {
            watched.seek_ms(*ms);
            said += &format!(
                "{ms}: {}\n",
                caption(watched.run(), &watched.index, None).text
            );
        }
    }
    check(
        said,
        expect![[r#"
            900: Virginia and Tokyo are cut off from each other; each goes on saying “done” for what reaches it.
            1450: The value of title is Blue (#2) in Virginia and Red (#3) in Tokyo: they have not all heard of one another yet.
            2300: Two versions of title stand side by side: Blue (#2) and Red (#3).
            300: D keeps a hint for C until it is back: #1. The proxy said “done” for #1 99 ms ago. C does not have it yet.
            600: D keeps a hint for C until it is back: #2. The proxy said “done” for #2 188 ms ago. C does not have it yet.
            1500: The proxy said “done” for #2 1.0 s ago. All copies have it and show it.
            800: F1’s clock is 200 ms behind. The leader said “done” for #4 323 ms ago. All copies have it and show it.
            1100: us-east and us-west are cut off from each other.
            2000: L does not know it yet, and believes that it still leads in epoch 1.
            2900: The manager has not noticed yet, or asks the others how far they are.
        "#]],
    );
}

#[test]
fn the_stage_of_other_systems_in_plain_lines() {
    let mut lines = Vec::new();
    for (json, ms) in [
        (TWO_LEADERS, 1450),
        (TWO_LEADERS, 3200),
        (SLOPPY, 600),
        (MANAGED, 2900),
    ] {
        let watched = Watched::new(json).at_ms(ms);
        lines.extend(text_twin(watched.run(), &watched.index));
        lines.push(String::new());
    }
    check(
        lines.join("\n"),
        expect![[r#"
            At 1.450 s.
            Alice has written #2.
            Bob has written #3.
            Virginia leads its region, is 1 write and 600 ms behind and shows title Blue (#2).
            Virginia 1 is 1 write and 600 ms behind and shows title Blue (#2).
            Tokyo leads its region, is 1 write and 639 ms behind and shows title Red (#3). Also, its clock is 20 ms ahead.
            Tokyo 1 is 1 write and 639 ms behind and shows title Red (#3).
            In truth title is Blue and Red: #2 and #3, acked, both stand, on 2 of 4 copies.
            On the wire: #2 to Tokyo.

            At 3.200 s.
            Alice saw Blue (#2) and Red (#3).
            Bob saw Blue (#2) and Red (#3).
            Virginia leads its region, is caught up and shows title Blue (#2) and Red (#3).
            Virginia 1 is caught up and shows title Blue (#2) and Red (#3).
            Tokyo leads its region, is caught up and shows title Blue (#2) and Red (#3). Also, its clock is 20 ms ahead.
            Tokyo 1 is caught up and shows title Blue (#2) and Red (#3).
            In truth title is Blue and Red: #2 and #3, acked, both stand, on 4 of 4 copies.

            At 0.600 s.
            Ann has written #2.
            A shows cart eggs (#2).
            B shows cart eggs (#2).
            C is down and would show cart nothing.
            D holds no copy. Also, it keeps #1 and #2 for C.
            E holds no copy.
            proxy coordinates.
            In truth cart is eggs: #2, acked, on 2 of 3 copies.

            At 2.900 s.
            Alice reads issues and pulls, and carries the token (1,6).
            Bob waits for “done” for #5, and carries the token (1,4).
            L shows issues 7 (#7) and pulls 2 (#2). Also, its log begins after entry 3.
            F1 shows issues 7 (#7) and pulls 2 (#2). Also, its clock is 200 ms behind.
            F2 is down and would show issues nothing and pulls nothing. Also, its disk is lost.
            F3 is paused and shows issues 4 (#4) and pulls 2 (#2).
            F4 shows issues 4 (#4) and pulls 2 (#2).
            manager watches the leader and holds nothing.
            In truth issues is 7: #7, acked, on 2 of 5 copies.
            In truth pulls is 2: #2, acked, on 4 of 5 copies.
            Slow: F1 to F4 (+300 ms) and F4 to F1 (+300 ms).
            3 backups are kept, of 1.500 s, 2.000 s and 2.500 s.
        "#]],
    );
}

#[test]
fn what_happens_in_other_systems_is_told_step_by_step() {
    let mut lines = Vec::new();
    for (json, from_us, count) in [
        (TWO_LEADERS, 690_000, 40),
        (SLOPPY, 0, 40),
        (MANAGED, 890_000, 60),
    ] {
        let watched = Watched::new(json).at_ms(3_000);
        let log = recent_events(&watched, 400);
        let log = log.into_iter().filter(|(us, _)| *us >= from_us).take(count);
        lines.extend(log.map(|(us, words)| format!("{} {words}\n", scene::quantity::moment(us))));
        lines.push("\n".to_owned());
    }
    check(
        lines.concat(),
        expect![[r#"
            0.700 s Tokyo’s clock is 20 ms ahead from now on.
            0.800 s Virginia and Tokyo are cut off from each other.
            0.811 s Alice sets title to Blue (#2).
            0.822 s Virginia stored #2.
            0.822 s Virginia says “done” for #2.
            0.832 s Alice is told “done” for #2.
            0.850 s Bob sets title to Red (#3).
            0.858 s Virginia 1 stored #2.
            0.861 s Tokyo stored #3.
            0.861 s Tokyo says “done” for #3.
            0.871 s Bob is told “done” for #3.
            0.888 s Tokyo 1 stored #3.
            0.905 s The message with #2 from Virginia to Tokyo was lost: the link is cut.
            0.958 s The message with #3 from Tokyo to Virginia was lost: the link is cut.
            1.212 s The message with #2 from Virginia to Tokyo was lost: the link is cut.
            1.257 s The message with #3 from Tokyo to Virginia was lost: the link is cut.
            1.400 s All links work again.
            1.629 s Tokyo stored #2.
            1.629 s At Tokyo, #3 and #2 of title are in conflict, as neither had seen the other: both stay, side by side.
            1.644 s Virginia stored #3.
            1.644 s At Virginia, #2 and #3 of title are in conflict, as neither had seen the other: both stay, side by side.
            1.656 s Tokyo 1 stored #2.
            1.678 s Virginia 1 stored #3.
            2.332 s Alice reads title.
            2.342 s Virginia looked up title: Blue (#2).
            2.342 s Virginia looked up title: Red (#3).
            2.352 s Alice sees title: Blue (#2), from Virginia.
            2.352 s Alice sees title: Red (#3), from Virginia.
            2.371 s Bob reads title.
            2.381 s Tokyo looked up title: Blue (#2).
            2.381 s Tokyo looked up title: Red (#3).
            2.391 s Bob sees title: Blue (#2), from Tokyo.
            2.391 s Bob sees title: Red (#3), from Tokyo.

            0.000 s C crashes; its memory is gone.
            0.000 s Ann sets cart to milk (#1).
            0.060 s The message with #1 from proxy to C found C down.
            0.061 s A stored #1.
            0.061 s B stored #1.
            0.101 s proxy hears that A has #1.
            0.101 s proxy hears that B has #1.
            0.110 s proxy takes C for gone.
            0.161 s D keeps #1 for C, which seems to be away.
            0.201 s proxy says “done” for #1.
            0.211 s Ann is told “done” for #1.
            0.311 s Ann sets cart to eggs (#2).
            0.372 s A stored #2.
            0.372 s B stored #2.
            0.372 s D keeps #2 for C, which seems to be away.
            0.412 s proxy hears that A has #2.
            0.412 s proxy hears that B has #2.
            0.412 s proxy says “done” for #2.
            0.422 s Ann is told “done” for #2.
            0.900 s C starts again from its disk.
            0.990 s proxy hears that C is back.
            0.992 s C stored #1.
            0.992 s C stored #2.
            1.033 s D has handed #1 over to C.
            1.033 s D has handed #2 over to C.
            1.841 s All is quiet: nothing has changed for 808 ms.

            0.900 s us-east and us-west are cut off from each other.
            0.910 s Bob reads issues and pulls.
            0.920 s F3 looked up issues: 4 (#4).
            0.920 s F3 looked up pulls: 2 (#2).
            0.930 s Bob sees issues: 4 (#4), from F3.
            0.930 s Bob sees pulls: 2 (#2), from F3.
            0.930 s Bob sets pulls to 5 (#5).
            0.938 s Alice reads issues and pulls.
            0.948 s L looked up issues: 4 (#4).
            0.948 s L looked up pulls: 2 (#2).
            0.957 s The request to write #5 from Bob to L was lost: the link is cut.
            0.958 s Alice sees issues: 4 (#4), from L.
            0.958 s Alice sees pulls: 2 (#2), from L.
            0.961 s Alice sets issues to 6 (#6).
            0.972 s L persisted #6.
            0.972 s L forgets its log up to entry 2: who needs that gets a snapshot.
            1.000 s F3 is paused: what reaches it waits.
            1.000 s Backup 2 is made.
            1.003 s The message with #6 from L to F2 was lost: the link is cut.
            1.006 s The message with #6 from L to F3 was lost: the link is cut.
            1.019 s The message with #6 from L to F4 was lost: the link is cut.
            1.020 s F1 persisted #6.
            1.021 s F1 now shows everything up to #6.
            1.025 s L says “done” for #6.
            1.025 s L now shows everything up to #6.
            1.035 s Alice is told “done” for #6.
            1.181 s Alice sets issues to 7 (#7).
            1.192 s L persisted #7.
            1.192 s L forgets its log up to entry 3: who needs that gets a snapshot.
            1.226 s F1 persisted #7.
            1.227 s F1 now shows everything up to #7.
            1.230 s L says “done” for #7.
            1.230 s L now shows everything up to #7.
            1.230 s The message with #7 from L to F3 was lost: the link is cut.
            1.236 s The message with #7 from L to F2 was lost: the link is cut.
            1.240 s Alice is told “done” for #7.
            1.241 s The message with #7 from L to F4 was lost: the link is cut.
            1.246 s The manager has not heard from the leader for too long, and asks the others how far they are.
            1.256 s manager hears how far F2 is.
            1.257 s manager hears how far F4 is.
            1.271 s The question how far it is from manager to F1 was lost: the link is cut.
            1.271 s The question how far it is from manager to L was lost: the link is cut.
            1.350 s F2 becomes leader, in epoch 2.
            1.350 s F2 forgets its log up to entry 2: who needs that gets a snapshot.
            1.351 s F2 persisted its leader’s first entry.
            1.384 s F4 persisted its leader’s first entry.
            1.385 s F4 now shows everything up to entry 5 of the log.
            1.391 s F2 now shows everything up to entry 5 of the log.
            1.395 s The message with a new leader’s first entry from F2 to F1 was lost: the link is cut.
            1.395 s The message with a new leader’s first entry from F2 to L was lost: the link is cut.
            1.448 s Alice reads issues and pulls.
            1.474 s The request to read from Alice to F3 was lost: the link is cut.
            1.500 s Backup 3 is made.
            2.000 s Backup 4 is made.
            2.500 s Backup 5 is made.
            2.600 s All links work again.
            2.694 s L hears of epoch 2 and no longer leads.
            2.800 s F2 crashes, and its disk is lost too.
            2.850 s Messages between F4 and F1 take 300 ms longer.
            2.930 s Bob’s write #5 got no answer in time: it may have happened, and it still may.

        "#]],
    );
}

#[test]
fn backups_are_listed() {
    let watched = Watched::new(MANAGED).at_ms(2900);
    let strip = scene::backup_strip(watched.run(), &watched.index).expect("backups are made");
    let times: Vec<&str> = strip.rows.iter().map(|row| row.at.as_str()).collect();
    assert_eq!(times, ["1.500 s", "2.000 s", "2.500 s"]);
    assert_eq!(
        strip.words,
        "3 backups are kept, of 1.500 s, 2.000 s and 2.500 s."
    );
    let watched = Watched::new(STALE_READ).at_ms(2900);
    assert_eq!(scene::backup_strip(watched.run(), &watched.index), None);
}
