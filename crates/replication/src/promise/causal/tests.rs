use crate::ids::{Held, KeyId, Version, WriteId};
use crate::promise::brute_force::{
    ALL_VERSIONS, Judged, Versions, all_done, all_seen, happened_before, random_history,
};
use crate::promise::causal::Causal;
use crate::promise::testing::*;
use crate::promise::watch::together;
use crate::promise::{Monitor, Promise, State, Watch};
use crate::scenario::Scenario;
use crate::trace::{Action, Kind, Outcome, Record, Seq};

const PROMISE: Promise = Promise::Causal;
const LIKES: KeyId = KeyId(2);

#[test]
fn who_saw_the_answer_and_then_reads_without_the_question_breaks_it() {
    let mut history = History::of(one_leader(3));
    let question = history.at(10).writes(ALICE, PHOTO);
    history.appends(L, F2, question, Some(700));
    history.at(20).told_done(question);
    history.at(100).read(BOB, PHOTO, L, question.held());
    let answer = history.at(200).wrote(BOB, BALANCE);
    history.at(300).read(CAROL, BALANCE, F1, answer.held());
    history.at(380).read(CAROL, PHOTO, F2, Held::default());
    let violation = history.violation(PROMISE);
    assert_eq!(
        violation.title,
        "Carol read photo without #1, which came before #2"
    );
    assert_eq!(
        violation.sentence,
        "Bob saw photo = 10 (#1), from L, and then wrote balance = 20 (#2); Carol saw #2 at 300 ms. 80 ms later F2 \
         answered Carol’s read of photo with nothing: #1 was on the wire to F2, due 320 ms later."
    );
    for smaller in [
        Promise::ReadYourWrites,
        Promise::MonotonicReads,
        Promise::ConsistentPrefix,
    ] {
        assert_eq!(history.verdict(smaller).violations, 0);
    }
}

#[test]
fn the_chain_is_as_long_as_it_has_to_be() {
    let mut history = History::of(one_leader(3));
    history.at(10).wrote(ALICE, PHOTO);
    let second = history.at(20).wrote(ALICE, LIKES);
    history.at(30).read(BOB, LIKES, L, second.held());
    let third = history.at(40).wrote(BOB, BALANCE);
    history.at(50).read(CAROL, BALANCE, L, third.held());
    history.at(60).read(CAROL, PHOTO, F1, Held::default());
    assert_eq!(
        history.violation(PROMISE).sentence,
        "Alice wrote photo = 10 (#1), was told “done” and then wrote likes = 20 (#2); Bob saw #2 and then wrote \
         balance = 30 (#3); Carol saw #3 at 50 ms. 10 ms later F1 answered Carol’s read of photo with nothing: #1 had \
         not been sent to F1 yet."
    );
}

#[test]
fn its_smallest_cases_are_an_own_write_and_what_was_seen() {
    let mut history = History::of(one_leader(3));
    history.at(10).wrote(ALICE, BALANCE);
    history.at(20).read(ALICE, BALANCE, F1, Held::default());
    let violation = history.violation(PROMISE);
    assert_eq!(violation.title, "Alice’s own write is missing");
    assert_eq!(
        violation.sentence,
        "Alice wrote balance = 10 (#1) and was told “done” at 10 ms. 10 ms later F1 answered Alice’s read of balance \
         with nothing: #1 had not been sent to F1 yet."
    );
    let mut history = History::of(one_leader(3));
    let write = history.at(10).wrote(ALICE, BALANCE);
    history.at(20).read(BOB, BALANCE, L, write.held());
    history.at(30).read(BOB, BALANCE, F1, Held::default());
    let violation = history.violation(PROMISE);
    assert_eq!(violation.title, "Bob’s view went back in time");
    assert!(
        violation
            .sentence
            .starts_with("Bob saw balance = 10 (#1), from L, at 20 ms. 10 ms later F1 answered")
    );
}

#[test]
fn the_question_or_something_newer_keeps_it_and_so_does_having_seen_no_answer() {
    let mut history = History::of(one_leader(3));
    let question = history.at(10).wrote(ALICE, PHOTO);
    history.at(20).read(BOB, PHOTO, L, question.held());
    let answer = history.at(30).wrote(BOB, BALANCE);
    history.at(40).read(CAROL, PHOTO, F1, Held::default());
    assert_eq!(history.verdict(PROMISE).state, State::Unknown);
    history.at(50).read(CAROL, BALANCE, F1, answer.held());
    history.at(60).read(CAROL, PHOTO, F1, question.held());
    let newer = history.at(70).wrote(ALICE, PHOTO);
    history.at(80).read(CAROL, PHOTO, F1, newer.held());
    let verdict = history.verdict(PROMISE);
    assert_eq!((verdict.state, verdict.checked), (State::Kept, 2));
}

#[test]
fn who_knows_of_a_correction_and_reads_what_it_corrects_is_led_back_whatever_the_clocks_say() {
    let stamped = |write: Written, at_us| {
        write.held_as(Version::Stamp {
            at_us,
            coordinator: L,
            counter: 0,
        })
    };
    for saw_it_first in [true, false] {
        let mut history = History::of(leaderless(1, 1));
        let title = history.at(10).writes(ALICE, PHOTO);
        let title = stamped(title, 2_000);
        if saw_it_first {
            history.at(20).read(BOB, PHOTO, F1, title);
        }
        let correction = history.at(30).writes(BOB, PHOTO);
        let version = stamped(correction, 1_000).version.unwrap();
        history
            .at(40)
            .told(correction.op, Outcome::Written { version });
        let answer = history.at(50).writes(BOB, BALANCE);
        let answer = stamped(answer, 1_100);
        history.at(60).read(CAROL, BALANCE, F1, answer);
        history.at(70).read(BOB, PHOTO, F1, title);
        history.at(80).read(CAROL, PHOTO, F2, title);
        // Two writes of which neither knew of the other may come in any order.
        if !saw_it_first {
            assert_eq!(history.verdict(PROMISE).state, State::Kept);
            continue;
        }
        let watch = history.watched();
        let all = watch.violations().iter();
        let violations = all.filter(|violation| violation.promise == PROMISE);
        let told: Vec<[&str; 2]> = violations
            .map(|violation| [&violation.title[..], &violation.sentence])
            .collect();
        assert_eq!(
            told,
            [
                [
                    "Bob saw photo as it was before #2",
                    "Bob saw photo = 10 (#1), from B, and then wrote photo = 20 (#2); Bob was told “done” at 40 ms. 30 ms \
                     later B answered Bob’s read of photo with 10 (#1), which counts as newer than #2."
                ],
                [
                    "Carol saw photo as it was before #2",
                    "Bob saw photo = 10 (#1), from B, and then wrote photo = 20 (#2); Bob was told “done” and then wrote \
                     balance = 30 (#3); Carol saw #3 at 60 ms. 20 ms later C answered Carol’s read of photo with 10 (#1), \
                     which counts as newer than #2."
                ],
            ]
        );
    }
}

#[test]
fn what_one_view_shows_is_not_later_than_itself() {
    let mut history = History::of(one_leader(3));
    history.at(10).wrote(ALICE, PHOTO);
    let answer = history.at(20).wrote(ALICE, BALANCE);
    let view = history.at(30).reads(CAROL, &[BALANCE, PHOTO]);
    history.saw(view, BALANCE, F1, answer.held());
    history.saw(view, PHOTO, F2, Held::default());
    history.told(view, Outcome::Answered);
    assert_eq!(
        history.verdict(Promise::ConsistentPrefix).state,
        State::Broken
    );
    assert_eq!(history.verdict(PROMISE).state, State::Unknown);
    history.at(40).read(CAROL, PHOTO, F2, Held::default());
    assert_eq!(history.verdict(PROMISE).violations, 1);
}

#[test]
fn a_write_of_unknown_outcome_comes_before_nothing_until_it_is_seen() {
    for seen in [false, true] {
        let mut history = History::of(one_leader(3));
        let question = history.at(10).writes(ALICE, PHOTO);
        history.at(20).told(question.op, Outcome::Unknown);
        if seen {
            history.at(25).read(ALICE, PHOTO, L, question.held());
        }
        let answer = history.at(30).wrote(ALICE, BALANCE);
        history.at(40).read(CAROL, BALANCE, L, answer.held());
        history.at(50).read(CAROL, PHOTO, F2, Held::default());
        let state = history.verdict(PROMISE).state;
        assert_eq!(state, if seen { State::Broken } else { State::Unknown });
    }
}

#[test]
fn writes_of_sessions_that_knew_nothing_of_each_other_may_come_in_any_order() {
    let mut history = History::of(one_leader(3));
    history.at(10).wrote(ALICE, PHOTO);
    let other = history.at(20).wrote(BOB, BALANCE);
    history.at(30).read(CAROL, BALANCE, F1, other.held());
    history.at(40).read(CAROL, PHOTO, F1, Held::default());
    assert_eq!(history.verdict(PROMISE).state, State::Unknown);
}

#[test]
fn of_siblings_one_must_cover_it() {
    for has_it in [true, false] {
        let mut history = History::of(leaderless(1, 1));
        let [question, other] = [ALICE, BOB].map(|client| history.at(10).writes(client, PHOTO));
        let version = question.dotted(&[]);
        history.told(question.op, Outcome::Written { version });
        let answer = history.at(20).writes(ALICE, BALANCE);
        let newer = history.at(30).writes(CAROL, PHOTO);
        let newer = newer.held_as(newer.dotted(&[question][..usize::from(has_it)]));
        let other = other.held_as(other.dotted(&[]));
        history
            .at(40)
            .read(BOB, BALANCE, L, answer.held_as(answer.dotted(&[])));
        history
            .at(50)
            .read_siblings(BOB, PHOTO, F1, &[other, newer]);
        if has_it {
            let verdict = history.verdict(PROMISE);
            assert_eq!((verdict.state, verdict.checked), (State::Kept, 1));
            continue;
        }
        assert_eq!(
            history.violation(PROMISE).sentence,
            "Alice wrote photo = 10 (#1), was told “done” and then wrote balance = 30 (#3); Bob saw #3 at 40 ms. 10 ms \
             later Bob saw photo = 20 (#2) and 40 (#4), without #1."
        );
    }
}

#[test]
fn it_agrees_with_its_definition() {
    for versions in ALL_VERSIONS {
        let scenario = one_leader(3);
        let (mut tested, mut broken, mut kept, mut led_back) = (0, 0, 0, 0);
        for seed in 0..35_000 {
            let mut trace = random_history(seed, versions);
            // Small ones: every fifth is whole.
            if seed % 5 != 0 {
                shorten(&mut trace);
            }
            let judged = judged(&trace, &scenario);
            assert_eq!(
                judged,
                by_definition(&trace),
                "{versions:?}, seed {seed}: {trace:#?}"
            );
            tested += judged.checked as usize;
            broken += judged.broken.len();
            kept += usize::from(judged.checked > 0 && judged.broken.is_empty());
            if seed % 5 != 0 {
                continue;
            }
            let mut watch = Watch::new(&scenario);
            watch.observe(&trace, &scenario);
            let mut found = watch.violations().to_vec();
            for smaller in [Promise::ReadYourWrites, Promise::MonotonicReads] {
                let mut of = found.iter().filter(|found| found.promise == smaller);
                assert!(
                    of.all(|found| judged.broken.contains(&found.at)),
                    "{smaller:?}, {versions:?}, seed {seed}: {trace:#?}"
                );
            }
            found.retain(|violation| violation.promise == PROMISE);
            let mut led = found.iter();
            led_back += usize::from(led.any(|found| found.sentence.contains("counts as newer")));
            assert_eq!(found.len(), judged.broken.len());
            assert_sound(&found, &trace, &scenario);
        }
        assert!(
            broken > 10_000 && tested > broken + 20_000 && kept > 3_000,
            "{versions:?} {tested} {broken} {kept}"
        );
        // Version vectors know what happened before what.
        assert_eq!(
            led_back > 300,
            versions == Versions::Ordered,
            "{versions:?} {led_back}"
        );
    }
}

/// What the monitor says.
fn judged(trace: &[Record], scenario: &Scenario) -> Judged {
    let mut monitor = Causal::new(scenario);
    let mut found = Vec::new();
    let mut rest = trace;
    while !rest.is_empty() {
        let (what, others) = rest.split_at(together(rest));
        monitor.observe(what, &mut found);
        rest = others;
    }
    Judged {
        checked: monitor.checked(),
        broken: found.iter().map(|finding| finding.shown.last).collect(),
    }
}

/// The first records, with siblings that are seen at once.
fn shorten(trace: &mut Vec<Record>) {
    let mut length = trace.len().min(30);
    while length < trace.len() && is_one_answer(&trace[length - 1], &trace[length]) {
        length += 1;
    }
    trace.truncate(length);
}

/// "A session that saw a write later reads a state without one that happened before it", or without itself.
fn by_definition(trace: &[Record]) -> Judged {
    let (all, done) = (all_seen(trace), all_done(trace));
    let invoked = trace.iter().filter_map(|record| match record.kind {
        Kind::Invoked {
            action: Action::Write { write, .. },
            ..
        } => Some((write, happened_before(write, trace, &all, &done))),
        _ => None,
    });
    let before: Vec<_> = invoked.collect();
    let mut judged = Judged::default();
    for read in &all {
        let client = read.op.client;
        let own = done
            .iter()
            .filter(|done| done.client == client && done.ended < read.read)
            .map(|done| (done.write, done.key, done.version));
        let seen = || {
            all.iter()
                .filter(|seen| seen.op.client == client && seen.place < read.read)
                .flat_map(|seen| seen.held.iter().map(move |held| (seen.key, held)))
                .filter_map(|(key, held)| Some((held.write?, key, held.version?)))
        };
        let mut known: Vec<_> = own.chain(seen()).collect();
        for (write, ..) in known.clone() {
            let of_write = before.iter().filter(|(of, _)| *of == write);
            known.extend(of_write.flat_map(|(_, before)| before));
        }
        known.retain(|(_, key, _)| *key == read.key);
        judged.checked += u32::from(!known.is_empty());
        // What the session was shown itself must all be there, also what was merged.
        let lacks_known = known.iter().any(|(_, _, version)| !read.covers(*version));
        let lacks_seen = seen().any(|(_, key, version)| key == read.key && !read.includes(version));
        // Nor may it be something that happened before what the session knows, where no vector says which is which.
        let is_earlier = |of: WriteId| {
            let mut of_write = before.iter().filter(|(write, _)| *write == of);
            of_write.any(|(_, before)| {
                read.held.iter().all(|held| {
                    let is_shown = |(write, _, version): &(WriteId, KeyId, Version)| {
                        held.write == Some(*write) && !matches!(version, Version::Dotted { .. })
                    };
                    before.iter().any(is_shown)
                })
            })
        };
        let is_led_back = known.iter().any(|(write, ..)| is_earlier(*write));
        if lacks_known || lacks_seen || is_led_back {
            judged.broken.push(Seq(read.place as u32));
        }
    }
    judged
}
