//! "What would fix it?": every fix that is offered can be tried, a trial is the run itself, and the words
//! say what the trials gave.

use std::sync::{Arc, OnceLock};

use replication::engine::time::SimTime;
use replication::fixes::{
    Comparison, Effect, Fix, Trial, candidates, compare, trial, variant_to, variants,
};
use replication::measure::measure;
use replication::promise::{Promise, State};
use replication::run;
use replication::scenario::Scenario;
use serde_json::{Value as Json, json};

fn folder() -> String {
    format!("{}/../../scenarios", env!("CARGO_MANIFEST_DIR"))
}

fn shipped(name: &str) -> Scenario {
    let path = format!("{}/{name}.json", folder());
    Scenario::from_bytes(&std::fs::read(path).expect("shipped")).expect("valid")
}

fn all_shipped() -> Vec<(String, Scenario)> {
    let files = std::fs::read_dir(folder()).expect("the scenarios");
    let mut names: Vec<String> = files
        .filter_map(|file| {
            let name = file.expect("readable").file_name().into_string().ok()?;
            Some(name.strip_suffix(".json")?.to_owned())
        })
        .collect();
    names.sort();
    let all = names.into_iter().map(|name| {
        let scenario = shipped(&name);
        (name, scenario)
    });
    all.collect()
}

/// A shipped scenario, and what is offered for each promise there.
type Offered = (String, Scenario, Vec<(Promise, Vec<Fix>)>);

fn all_offered() -> &'static [Offered] {
    static ALL: OnceLock<Vec<Offered>> = OnceLock::new();
    ALL.get_or_init(|| {
        let all = all_shipped().into_iter().map(|(name, scenario)| {
            let offered = Promise::ALL.map(|promise| (promise, candidates(&scenario, promise)));
            (name, scenario, offered.into())
        });
        all.collect()
    })
}

fn the_fix(scenario: &Scenario, promise: Promise, id: &str) -> Fix {
    let fixes = candidates(scenario, promise);
    let ids: Vec<String> = fixes.iter().map(|fix| fix.id.clone()).collect();
    let fix = fixes.into_iter().find(|fix| fix.id == id);
    fix.unwrap_or_else(|| panic!("{id} is not among {ids:?}"))
}

/// What a fix does to a scenario under its own seed.
fn tried(scenario: &Scenario, promise: Promise, id: &str) -> (Comparison, Trial) {
    let fixed = the_fix(scenario, promise, id).applied_to(scenario);
    let before = trial(&Arc::new(scenario.clone()), scenario.seed);
    let after = trial(&Arc::new(fixed.expect("fits")), scenario.seed);
    (compare(&before, &after, promise), after)
}

#[test]
fn what_is_offered_is_valid_differs_and_is_offered_once() {
    let mut offered = 0;
    for (name, scenario, promises) in all_offered() {
        for (promise, fixes) in promises {
            let mut results: Vec<Scenario> = Vec::new();
            for fix in fixes {
                let place = format!("{name}, {}, {}", promise.name(), fix.id);
                let fixed = fix.applied_to(scenario);
                let fixed = fixed.unwrap_or_else(|error| panic!("{place}: {error}"));
                // What is done to the run beside settings is the same.
                assert_eq!(fixed.script.len(), scenario.script.len(), "{place}");
                assert_eq!(fixed.seed, scenario.seed, "{place}");
                let runs_otherwise = |other: &Scenario| {
                    (&fixed.settings, &fixed.structure, &fixed.clients)
                        != (&other.settings, &other.structure, &other.clients)
                };
                assert!(runs_otherwise(scenario), "{place}");
                assert!(results.iter().all(runs_otherwise), "{place}");
                assert!(!fix.name.contains('{') && !fix.why.is_empty(), "{place}");
                results.push(fixed);
                offered += 1;
            }
        }
    }
    assert!(offered > 500, "{offered}");
}

/// A broken promise for which theory has nothing to offer would leave the page with nothing to try.
#[test]
fn every_promise_that_a_shipped_scenario_breaks_has_something_to_try() {
    for (name, scenario, promises) in all_offered() {
        for (promise, fixes) in promises {
            let is_broken = scenario.expect.broken.contains(promise);
            assert!(
                !is_broken || !fixes.is_empty(),
                "{name}: {}",
                promise.name()
            );
        }
    }
}

#[test]
fn what_the_data_offers_exists_and_some_scenario_can_use_it() {
    let data: Json = serde_json::from_str(include_str!("../fixes.json")).expect("JSON");
    let fixes = data["fixes"].as_array().expect("a list");
    let ids: Vec<&str> = fixes.iter().filter_map(|fix| fix["id"].as_str()).collect();
    let promises = data["promises"].as_object().expect("an object");
    let names: Vec<&str> = promises.keys().map(String::as_str).collect();
    assert_eq!(names, Promise::ALL.map(Promise::name));
    let changed = [
        ("not-a-backup", "/backups/point_in_time", json!(false)),
        ("two-titles", "/reads/policy", json!("any")),
    ];
    let changed = changed.map(|(name, pointer, value)| shipped(name).with(pointer, value));
    for (promise, offered) in promises {
        let promise = Promise::named(promise).expect("a promise");
        let mut usable: Vec<String> = Vec::new();
        for scenario in &changed {
            let fixes = candidates(scenario.as_ref().expect("valid"), promise);
            usable.extend(fixes.into_iter().map(|fix| fix.id));
        }
        for (_, _, promises) in all_offered() {
            let fixes = promises.iter().filter(|(other, _)| *other == promise);
            usable.extend(fixes.flat_map(|(_, fixes)| fixes.iter().map(|fix| fix.id.clone())));
        }
        for id in offered.as_object().expect("an object").keys() {
            assert!(ids.contains(&id.as_str()), "{id}");
            assert!(
                usable.contains(id),
                "{}: {id} fits no scenario",
                promise.name()
            );
        }
    }
}

#[test]
fn a_trial_is_the_run_itself() {
    for name in [
        "double-transfer",
        "two-titles",
        "quorum-no-overlap",
        "split-brain",
    ] {
        let scenario = Arc::new(shipped(name));
        let mut run = run::open(Arc::clone(&scenario), scenario.seed);
        run.seek(SimTime(u64::MAX));
        let trial = trial(&scenario, scenario.seed);
        for promise in Promise::ALL {
            let (standing, verdict) = (trial.of(promise), run.verdict(promise));
            assert_eq!(standing.state, verdict.state, "{name}");
            assert_eq!(standing.checked, verdict.checked, "{name}");
            assert_eq!(standing.violations, verdict.violations, "{name}");
            let mut violations = run.violations().iter();
            let first = violations.find(|violation| violation.promise == promise);
            let first = first.map(|violation| violation.sentence.clone());
            assert_eq!(standing.first, first, "{name}");
        }
        let metrics = measure(run.records(), run.violations(), run.now());
        let price = &trial.price;
        assert_eq!(price.write_latency_us, metrics.write_latency_us);
        assert_eq!(price.read_latency_us, metrics.read_latency_us);
        let (writes, reads, all) = (price.writes, price.reads, metrics.operations);
        let sums = (
            writes.ok + reads.ok,
            writes.refused + reads.refused,
            writes.unknown + reads.unknown,
            writes.pending + reads.pending,
        );
        assert_eq!(
            sums,
            (all.ok, all.refused, all.unknown, all.pending),
            "{name}"
        );
        let text = serde_json::to_string(&trial).expect("plain data");
        let back: Trial = serde_json::from_str(&text).expect("plain data");
        assert_eq!(back, trial);
    }
}

#[test]
fn reads_from_the_leader_keep_the_double_transfer_from_happening() {
    let scenario = shipped("double-transfer");
    let before = trial(&Arc::new(scenario.clone()), scenario.seed);
    assert_eq!(before.of(Promise::ReadYourWrites).state, State::Broken);
    assert_eq!(before.truth[0].values, ["-20"]);
    let (comparison, after) = tried(&scenario, Promise::ReadYourWrites, "leader_reads");
    assert_eq!(comparison.effect, Effect::Kept);
    assert_eq!(comparison.verdict, "kept (checked once)");
    assert_eq!(after.truth[0].values, ["40"]);
    assert_eq!(comparison.truth, ["balance is 40 in the end (before: -20)"]);
    let busiest = after.price.busiest.expect("somebody had to do it");
    assert_eq!((busiest.node.as_str(), busiest.percent()), ("L", 100));
}

/// The textbook's fix, where it does not help: a majority has the new name on disk, and the copy next door
/// is not of it.
#[test]
fn a_majority_does_not_help_who_reads_next_door() {
    let scenario = shipped("nearest-replica");
    let (comparison, _) = tried(&scenario, Promise::ReadYourWrites, "quorum");
    assert_eq!(comparison.effect, Effect::Broken, "{comparison:?}");
    assert_eq!(comparison.verdict, "still broken (1 of 3 times)");
    let slower = |phrase: &String| phrase.starts_with("half of the writes took up to 633 ms");
    assert!(comparison.price.iter().any(slower), "{comparison:?}");
}

/// The second payment is the first, sent again: her balance is right, though she still read an old one.
#[test]
fn a_key_makes_no_read_fresher_and_the_money_right() {
    let scenario = shipped("double-transfer");
    for promise in [Promise::ReadYourWrites, Promise::Linearizable] {
        let (comparison, after) = tried(&scenario, promise, "idempotency_key");
        assert_eq!(comparison.effect, Effect::Broken);
        assert_eq!(comparison.truth, ["balance is 40 in the end (before: -20)"]);
        assert_eq!(comparison.price, [""; 0]);
        assert!(comparison.now_broken.is_empty() && comparison.also_kept.is_empty());
        assert_eq!(after.price.writes.ok, 3);
    }
}

/// Alice of the lag budget pays five times the same, and means it: nothing there was sent twice.
#[test]
fn what_is_done_twice_on_purpose_gets_no_key() {
    for (name, _, promises) in all_offered() {
        let mut fixes = promises.iter().flat_map(|(_, fixes)| fixes);
        let has_one = fixes.any(|fix| fix.id == "idempotency_key");
        let sends_again = ["double-transfer", "the-lost-done"].contains(&name.as_str());
        assert_eq!(has_one, sends_again, "{name}");
    }
}

#[test]
fn a_change_of_the_script_gives_way_to_the_fix_and_all_else_stays() {
    let scenario = shipped("double-transfer");
    let entries = json!([
        { "at_ms": 100, "set": { "/reads/policy": "any" } },
        { "at_ms": 200, "set": { "/reads": { "policy": "any", "wait_ms": 7 } } },
        { "at_ms": 300, "set": { "/reads/policy": "sticky", "/network/jitter": 2 } },
        { "at_ms": 400, "crash": "F1" }
    ]);
    let scenario = scenario.with("/script", entries).expect("valid");
    let fix = the_fix(&scenario, Promise::ReadYourWrites, "leader_reads");
    let fixed = fix.applied_to(&scenario).expect("fits");
    let expected = json!([
        { "at_ms": 200, "set": { "/reads": { "policy": "leader", "wait_ms": 7 } } },
        { "at_ms": 300, "set": { "/network/jitter": 2 } },
        { "at_ms": 400, "crash": "F1" }
    ]);
    assert_eq!(fixed.document["script"], expected);
    assert_eq!(fixed.document["reads"]["policy"], "leader");
}

/// Who fixes the script and can't fix the run: with a majority to promote there is no manager to crash.
#[test]
fn what_does_not_fit_the_script_is_not_offered() {
    let scenario = shipped("failover-manager-loses-a-quorum-write");
    let promise = Promise::NoAckedWriteLost;
    the_fix(&scenario, promise, "majority_promotion");
    let crash = json!([{ "at_ms": 5, "crash": "manager" }]);
    let scenario = scenario.with("/script", crash).expect("valid");
    let ids: Vec<String> = candidates(&scenario, promise)
        .into_iter()
        .map(|fix| fix.id)
        .collect();
    assert!(!ids.contains(&"majority_promotion".to_owned()), "{ids:?}");
    assert!(ids.contains(&"sync".to_owned()), "{ids:?}");
}

#[test]
fn what_nothing_tests_any_more_is_not_kept() {
    let scenario = shipped("double-transfer");
    let before = trial(&Arc::new(scenario.clone()), scenario.seed);
    // Nobody answers, and nobody can be promoted.
    let down = json!([{ "at_ms": 0, "crash": "L" }, { "at_ms": 0, "crash": "F1" }]);
    let dead = scenario.with("/script", down).expect("valid");
    let dead = dead.with("/reads/policy", json!("leader")).expect("valid");
    let after = trial(&Arc::new(dead), scenario.seed);
    let comparison = compare(&before, &after, Promise::ReadYourWrites);
    assert_eq!(comparison.effect, Effect::Untested, "{comparison:?}");
    assert!(
        comparison.verdict.starts_with("no longer tested: "),
        "{comparison:?}"
    );
}

/// Two trials by hand: every word of a comparison.
#[test]
fn the_words_say_what_the_trials_gave() {
    let scenario = shipped("double-transfer");
    let before = trial(&Arc::new(scenario.clone()), scenario.seed);
    let mut after = before.clone();
    let place = |promise| Promise::ALL.iter().position(|other| *other == promise);
    let ryw = place(Promise::ReadYourWrites).unwrap_or(0);
    let lost = place(Promise::NoAckedWriteLost).unwrap_or(0);
    let mut said = |state, checked, violations, also: State| {
        let standing = &mut after.promises[ryw];
        (standing.state, standing.checked, standing.violations) = (state, checked, violations);
        after.promises[lost].state = also;
        compare(&before, &after, Promise::ReadYourWrites)
    };
    let words = |comparison: Comparison| (comparison.effect, comparison.verdict);
    for (state, checked, violations, also, effect, verdict) in [
        (
            State::Broken,
            12,
            3,
            State::Kept,
            Effect::Broken,
            "still broken (3 of 12 times)",
        ),
        (
            State::Broken,
            2,
            2,
            State::Broken,
            Effect::Broken,
            "still broken (2 of 2 times), and now “No acknowledged write lost” is broken",
        ),
        (
            State::Kept,
            14,
            0,
            State::Kept,
            Effect::Kept,
            "kept (checked 14 times)",
        ),
        (
            State::Kept,
            1,
            0,
            State::Broken,
            Effect::KeptBut,
            "kept (checked once), but now “No acknowledged write lost” is broken",
        ),
        (
            State::AtRisk,
            2,
            0,
            State::AtRisk,
            Effect::Kept,
            "kept (checked 2 times; one more crash could break it)",
        ),
        (
            State::Unknown,
            0,
            0,
            State::Kept,
            Effect::Untested,
            "no longer tested: nothing that happens in the run tests it",
        ),
    ] {
        let comparison = said(state, checked, violations, also);
        assert_eq!(words(comparison), (effect, verdict.to_owned()));
    }
    after.price.reads.refused = after.price.reads.ok;
    after.price.reads.ok = 0;
    let comparison = compare(&before, &after, Promise::ReadYourWrites);
    assert_eq!(
        comparison.verdict,
        "no longer tested: every read was refused"
    );
    assert_eq!(comparison.price, ["1 of 1 read refused (before: 0)"]);
    after.price.reads.unknown = 1;
    let comparison = compare(&before, &after, Promise::ReadYourWrites);
    assert_eq!(comparison.verdict, "no longer tested: no read was answered");
}

#[test]
fn the_way_back_from_a_variant_is_a_variant() {
    let async_ = shipped("leader-crash-async");
    let mut named = 0;
    let all = variants(&async_).into_iter().flat_map(|group| group.fixes);
    for fix in all {
        let changed = fix.applied_to(&async_).expect("offered");
        let Some(back) = variant_to(&changed, &async_) else {
            continue;
        };
        let again = back.applied_to(&changed).expect("offered");
        assert!(
            variant_to(&again, &async_).is_none(),
            "{}: as it was",
            fix.name
        );
        if fix.id == "semi_sync" {
            assert_eq!(back.name, "Async: the leader alone");
        }
        named += 1;
    }
    assert!(named > 2, "{named} are said");
}
