use std::sync::Arc;

use replication::engine::time::SimTime;
use replication::fixes::variants;
use replication::run;
use replication::scenario::Scenario;

use super::*;

struct Known {
    run: Box<dyn Run>,
    index: SceneIndex,
}

fn to_its_end(scenario: &Scenario, seed: u64) -> Known {
    let mut run = run::open(Arc::new(scenario.clone()), seed);
    run.seek(SimTime(u64::MAX));
    let mut index = SceneIndex::new();
    index.update(run.as_ref());
    Known { run, index }
}

fn course_of(one: &Known, other: &Known) -> Course {
    course(
        (one.run.as_ref(), &one.index),
        (other.run.as_ref(), &other.index),
    )
}

fn crash() -> Scenario {
    Scenario::from_bytes(include_bytes!(
        "../../../../scenarios/leader-crash-async.json"
    ))
    .unwrap()
}

fn with(scenario: &Scenario, name: &str) -> Scenario {
    let groups = variants(scenario);
    let mut all = groups.iter().flat_map(|group| &group.fixes);
    let fix = all.find(|fix| fix.name.starts_with(name)).expect(name);
    fix.applied_to(scenario).unwrap()
}

#[test]
fn a_run_is_the_same_as_itself_to_the_end() {
    let scenario = crash();
    let (one, other) = (to_its_end(&scenario, 1), to_its_end(&scenario, 1));
    assert_eq!(course_of(&one, &other), Course::Same { to_the_end: true });
    let mut short = to_its_end(&scenario, 1);
    short.run = run::open(Arc::new(scenario), 1);
    short.run.seek(SimTime(300_000));
    short.index = SceneIndex::new();
    short.index.update(short.run.as_ref());
    assert_eq!(course_of(&one, &short), Course::Same { to_the_end: false });
}

#[test]
fn async_and_semi_sync_part_where_one_says_done() {
    let scenario = crash();
    let seed = scenario.seed;
    let (left, right) = (
        to_its_end(&scenario, seed),
        to_its_end(&with(&scenario, "Semi-sync"), seed),
    );
    let Course::Parted { at_us, words } = course_of(&left, &right) else {
        panic!("they part");
    };
    let done = left.run.records().iter();
    let mut done = done.filter(|record| matches!(record.kind, Kind::Acknowledged { .. }));
    assert_eq!(done.next().unwrap().at.0, at_us);
    assert!(
        words.starts_with(
            "There, in the first run, L says “done” for #1; in the second that comes at "
        ),
        "{words}"
    );
    // The other way round it is the same, said the other way round.
    let Course::Parted {
        at_us: same_us,
        words,
    } = course_of(&right, &left)
    else {
        panic!("they part");
    };
    assert_eq!(same_us, at_us);
    assert!(
        words.starts_with("There, in the second run, L says “done” for #1; in the first "),
        "{words}"
    );
}

#[test]
fn what_nobody_could_see_is_no_difference() {
    // Standbys have the leader ask for signs of life, which are records of their own.
    let scenario = crash();
    let fenced = scenario.with_throughout(&[]).unwrap();
    let one = to_its_end(&scenario, 1);
    assert_eq!(
        course_of(&one, &to_its_end(&fenced, 1)),
        Course::Same { to_the_end: true }
    );
    let leased = with(&scenario, "Fencing");
    let leased = to_its_end(&leased, scenario.seed);
    let plain = to_its_end(&scenario, scenario.seed);
    let first = replication::trace::first_divergence(plain.run.records(), leased.run.records());
    let first_us = plain.run.records()[first.unwrap().index()].at.0;
    match course_of(&plain, &leased) {
        Course::Parted { at_us, .. } => assert!(at_us > first_us),
        course => assert_eq!(course, Course::Same { to_the_end: true }),
    }
}

#[test]
fn a_version_that_is_told_apart_otherwise_is_no_difference() {
    let text = include_bytes!("../../../../scenarios/two-titles.json");
    let scenario = Scenario::from_bytes(text).unwrap();
    let siblings = with(&scenario, "Keep siblings");
    let seed = scenario.seed;
    let (left, right) = (to_its_end(&scenario, seed), to_its_end(&siblings, seed));
    let Course::Parted { words, .. } = course_of(&left, &right) else {
        panic!("one keeps both titles");
    };
    let (here, there) = words
        .split_once(" In the second: ")
        .expect("both tell of it");
    assert_ne!(here.strip_prefix("There, in the first run: "), Some(there));
}

#[test]
fn another_set_up_is_not_lined_up() {
    let scenario = crash();
    let other = Scenario::from_bytes(include_bytes!("../../../../scenarios/quorum-overlap.json"));
    let (one, other) = (to_its_end(&scenario, 1), to_its_end(&other.unwrap(), 1));
    assert_eq!(course_of(&one, &other), Course::Apart);
}

#[test]
fn what_came_of_two_runs_is_what_each_of_them_gave() {
    let scenario = crash();
    let quorum = with(&scenario, "Quorum");
    let outcome = |scenario: &Scenario| Outcome::of_run(to_its_end(scenario, 1).run.as_ref());
    let (left, right) = (outcome(&scenario), outcome(&quorum));
    let rows = outcome_rows(&left, &right);
    let row = |name: &str| rows.iter().find(|row| row.name == name).expect(name);
    let lost = row("acknowledged writes lost");
    assert_eq!(lost.left, left.metrics.acked_writes_lost.to_string());
    assert_eq!(lost.right, "0");
    assert_eq!(lost.bad, (left.metrics.acked_writes_lost > 0, false));
    assert!(lost.differs(), "the story loses a write");
    assert!(row("No acknowledged write lost").left.starts_with('✗'));
    assert!(row("write p50").differs());
    assert!(rows.iter().any(|row| row.name.ends_with("in the end")));
    assert_ne!(left.fingerprint, right.fingerprint);
    let same = outcome_rows(&left, &left);
    assert!(same.iter().all(|row| !row.differs()));
}

#[test]
fn within_a_sentence_names_keep_their_capitals() {
    assert_eq!(clause("The message was lost."), "the message was lost");
    assert_eq!(clause("Nobody leads any more."), "nobody leads any more");
    assert_eq!(clause("L says “done” for #1."), "L says “done” for #1");
    assert_eq!(clause("Alice reads."), "Alice reads");
}
