//! Broken protocols: each promise is kept by a configuration that guarantees it, is broken by a defect in
//! the protocol, and is caught; and what the defect has nothing to do with stays kept.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use crate::engine::time::SimTime;
use crate::promise::Promise::{self, *};
use crate::promise::testing::assert_sound;
use crate::promise::{State, Watch};
use crate::protocol::defect::Defect;
use crate::run;
use crate::scenario::Scenario;
use crate::trace::Record;

const SEEDS: u64 = 8;
/// How many violations of a run are looked at closely.
const LOOKED_AT: usize = 20;

/// A configuration, what it guarantees, and what a defect does to that.
struct Variant {
    defect: Defect,
    scenario: Scenario,
    /// Kept without the defect.
    guaranteed: &'static [Promise],
    /// Broken with it, and caught.
    caught: &'static [Promise],
    /// What of the rest may break with it, as a consequence. All else that is guaranteed stays kept.
    implied: &'static [Promise],
}

/// Three clients, who write and read three keys at random for a while; then all is quiet.
fn scenario(changes: Json) -> Scenario {
    let keys = json!(["x", "y", "z"]);
    let random = json!({ "writes_per_s": 6, "reads_per_s": 12, "keys": keys });
    let clients = ["Ann", "Bob", "Cid"].map(|name| json!({ "name": name, "random": random }));
    let mut document = json!({
        "version": 1, "title": "A defect", "clients": clients, "script": [],
        "network": { "client_ms": 5, "replication_lag_ms": 60, "jitter": 3, "client_timeout_ms": 600 },
        "limits": { "time_ms": 9000 }
    });
    merge(&mut document, changes);
    let mut quiet = json!({});
    for client in 0..3 {
        for rate in ["writes_per_s", "reads_per_s"] {
            quiet[format!("/clients/{client}/random/{rate}")] = json!(0);
        }
    }
    let script = document["script"].as_array_mut().unwrap();
    script.push(json!({ "at_ms": 4000, "set": quiet }));
    Scenario::from_document(document).unwrap_or_else(|error| panic!("{error}"))
}

fn merge(into: &mut Json, from: Json) {
    match (into, from) {
        (Json::Object(into), Json::Object(from)) => {
            for (name, value) in from {
                merge(into.entry(name).or_insert(Json::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

/// One leader and one log, safe in every respect; and a leader that is cut off from its followers, but not
/// from its clients.
fn safe_log(changes: Json) -> Scenario {
    let mut all = json!({
        "protocol": {
            "kind": "single_leader", "nodes": 3, "ack": { "mode": "quorum" }, "visible": "on_commit",
            "failure_timeout_ms": 250, "heartbeat_ms": 40, "resend_ms": 200,
            "fencing": { "lease_ms": 200, "clock_error_ms": 10 }
        },
        "reads": { "policy": "leader", "leader": "confirmed" },
        "script": [
            { "at_ms": 1000, "cut": ["L"], "from": ["F1", "F2"] }, { "at_ms": 1900, "heal": "all" },
            { "at_ms": 2600, "crash": "leader" }, { "at_ms": 3200, "restart": "leader" }
        ]
    });
    merge(&mut all, changes);
    scenario(all)
}

/// One leader and one log, asynchronous, and nothing goes wrong.
fn calm_log(changes: Json) -> Scenario {
    let mut all = json!({
        "protocol": { "kind": "single_leader", "nodes": 3, "ack": { "mode": "async" }, "resend_ms": 200 },
        "reads": { "policy": "any" }
    });
    merge(&mut all, changes);
    scenario(all)
}

fn leaderless(changes: Json) -> Scenario {
    let leg = json!({ "exponential": { "mean_ms": 40 } });
    let mut all = json!({
        "protocol": {
            "kind": "leaderless", "nodes": 3, "copies": 3, "w": 2, "r": 2, "coordinator": "proxy",
            "legs": { "w": leg, "a": leg, "r": leg, "s": leg }
        }
    });
    merge(&mut all, changes);
    scenario(all)
}

/// A leader in each of three regions, and everybody reads there.
fn many_leaders(changes: Json) -> Scenario {
    let regions = ["east", "west", "south"];
    let mut all = json!({
        "protocol": { "kind": "multi_leader", "resend_ms": 300 },
        "reads": { "policy": "leader" },
        "regions": regions.map(|name| json!({ "name": name, "nodes": 1 })),
        "network": { "distance_ms": 50 }
    });
    merge(&mut all, changes);
    let mut document = scenario(json!({ "protocol": { "kind": "leaderless" } })).document;
    let quiet = document["script"].take();
    document["script"] = json!([]);
    merge(&mut document, all);
    let script = document["script"].as_array_mut().unwrap();
    script.extend(quiet.as_array().unwrap().iter().cloned());
    for (client, region) in regions.iter().enumerate() {
        document["clients"][client]["region"] = json!(region);
    }
    Scenario::from_document(document).unwrap_or_else(|error| panic!("{error}"))
}

fn variants() -> Vec<Variant> {
    let token =
        json!({ "reads": { "policy": "session_token", "wait_ms": 100, "leader": "local" } });
    let slow = json!({ "exponential": { "mean_ms": 200 } });
    let fast = json!({ "exponential": { "mean_ms": 3 } });
    let all_of_a_log: &[Promise] = &[
        ReadYourWrites,
        MonotonicReads,
        MonotonicWrites,
        WritesFollowReads,
        ConsistentPrefix,
        Causal,
        NoAckedWriteLost,
        OneLeaderAtATime,
        Convergence,
    ];
    vec![
        Variant {
            defect: Defect::AckOnSend,
            scenario: safe_log(json!({})),
            guaranteed: &[
                ReadYourWrites,
                MonotonicReads,
                MonotonicWrites,
                WritesFollowReads,
                ConsistentPrefix,
                Causal,
                Linearizable,
                NoAckedWriteLost,
                OneLeaderAtATime,
                Convergence,
            ],
            caught: &[NoAckedWriteLost],
            implied: &[
                ReadYourWrites,
                MonotonicReads,
                MonotonicWrites,
                WritesFollowReads,
                ConsistentPrefix,
                Causal,
                Linearizable,
            ],
        },
        Variant {
            defect: Defect::TokenIgnored,
            scenario: safe_log(token),
            guaranteed: all_of_a_log,
            caught: &[ReadYourWrites, MonotonicReads, Causal],
            implied: &[],
        },
        Variant {
            defect: Defect::StickyWanders,
            scenario: calm_log(json!({ "reads": { "policy": "sticky" } })),
            guaranteed: &[
                MonotonicReads,
                MonotonicWrites,
                WritesFollowReads,
                ConsistentPrefix,
                NoAckedWriteLost,
                OneLeaderAtATime,
                Convergence,
            ],
            caught: &[MonotonicReads],
            implied: &[],
        },
        Variant {
            defect: Defect::TruncationSkipped,
            scenario: safe_log(json!({})),
            guaranteed: &[NoAckedWriteLost, OneLeaderAtATime, Convergence],
            caught: &[Convergence],
            implied: &[NoAckedWriteLost],
        },
        Variant {
            defect: Defect::FencingForgotten,
            scenario: safe_log(json!({
                "protocol": { "ack": { "mode": "async" } }, "reads": { "policy": "any", "leader": "local" },
                "script": [
                    { "at_ms": 1000, "cut": ["L"], "from": ["F1", "F2", "Cid"] }, { "at_ms": 3000, "heal": "all" }
                ]
            })),
            guaranteed: &[OneLeaderAtATime, Convergence],
            caught: &[OneLeaderAtATime],
            implied: &[],
        },
        Variant {
            defect: Defect::ViewTorn,
            scenario: calm_log(json!({ "protocol": { "apply_ms": 60 } })),
            guaranteed: &[
                MonotonicWrites,
                WritesFollowReads,
                ConsistentPrefix,
                NoAckedWriteLost,
                OneLeaderAtATime,
                Convergence,
            ],
            caught: &[ConsistentPrefix],
            implied: &[],
        },
        Variant {
            defect: Defect::BudgetIgnored,
            scenario: calm_log(json!({
                "reads": { "policy": "lag_budget", "paths": [{ "name": "fresh", "max_ms": 0 }] }
            })),
            guaranteed: &[
                ReadYourWrites,
                MonotonicReads,
                MonotonicWrites,
                WritesFollowReads,
                ConsistentPrefix,
                BoundedStaleness,
                NoAckedWriteLost,
                OneLeaderAtATime,
                Convergence,
            ],
            caught: &[BoundedStaleness],
            implied: &[ReadYourWrites, MonotonicReads],
        },
        Variant {
            defect: Defect::GapPassed,
            scenario: many_leaders(json!({
                "script": [{ "at_ms": 1000, "cut": ["west"], "from": ["south"] }, { "at_ms": 1200, "heal": "all" },
                    { "at_ms": 3300, "cut": ["west"], "from": ["south"] }, { "at_ms": 3850, "heal": "all" }]
            })),
            guaranteed: &[MonotonicWrites, NoAckedWriteLost, Convergence],
            caught: &[MonotonicWrites, Convergence],
            implied: &[],
        },
        Variant {
            defect: Defect::PassedOnLate,
            scenario: many_leaders(json!({ "protocol": { "topology": "star" } })),
            guaranteed: &[
                ReadYourWrites,
                MonotonicReads,
                MonotonicWrites,
                WritesFollowReads,
                Causal,
                NoAckedWriteLost,
                Convergence,
            ],
            caught: &[WritesFollowReads, Causal],
            implied: &[],
        },
        Variant {
            defect: Defect::HintDropped,
            scenario: leaderless(json!({
                "protocol": { "nodes": 5, "quorum": "sloppy", "doubt_after_ms": 150 },
                "script": [{ "at_ms": 2000, "crash": "A" }, { "at_ms": 4500, "restart": "A" }]
            })),
            guaranteed: &[NoAckedWriteLost, Convergence],
            caught: &[Convergence],
            implied: &[],
        },
        Variant {
            defect: Defect::StampsTied,
            scenario: leaderless(json!({
                "protocol": { "coordinator": "node", "repair": "write_back", "anti_entropy_ms": 200 }
            })),
            guaranteed: &[
                ReadYourWrites,
                MonotonicReads,
                Linearizable,
                NoAckedWriteLost,
                Convergence,
            ],
            caught: &[Convergence],
            implied: &[
                ReadYourWrites,
                MonotonicReads,
                Linearizable,
                NoAckedWriteLost,
            ],
        },
        Variant {
            defect: Defect::WriteBackSkipped,
            scenario: leaderless(json!({
                "protocol": { "repair": "write_back", "legs": { "w": slow, "a": fast, "r": fast, "s": fast } }
            })),
            guaranteed: &[
                ReadYourWrites,
                MonotonicReads,
                Linearizable,
                NoAckedWriteLost,
            ],
            caught: &[Linearizable],
            implied: &[MonotonicReads],
        },
        Variant {
            defect: Defect::ConflictCovered,
            scenario: leaderless(json!({
                "protocol": { "coordinator": "node", "versions": "dotted", "anti_entropy_ms": 200 }
            })),
            guaranteed: &[
                ReadYourWrites,
                NoAckedWriteLost,
                NoSilentOverwrite,
                Convergence,
            ],
            caught: &[NoSilentOverwrite],
            implied: &[],
        },
    ]
}

/// How often a promise was broken over some seeds, and whether it was tested at all.
#[derive(Clone, Copy, Debug, Default)]
struct Stood {
    broken: u32,
    tested: bool,
}

fn watched(scenario: &Scenario) -> [Stood; Promise::ALL.len()] {
    let mut all = [Stood::default(); Promise::ALL.len()];
    for seed in 0..SEEDS {
        let (records, watch) = run(scenario, seed);
        for promise in Promise::ALL {
            let verdict = watch.verdict(promise, records.len());
            let stood = &mut all[promise as usize];
            stood.broken += verdict.violations;
            stood.tested |= verdict.state != State::Unknown;
        }
    }
    all
}

fn run(scenario: &Scenario, seed: u64) -> (Vec<Record>, Watch) {
    let mut run = run::open(Arc::new(scenario.clone()), seed);
    run.seek(SimTime(60_000_000));
    let mut watch = Watch::new(scenario);
    watch.observe(run.records(), scenario);
    (run.records().to_vec(), watch)
}

impl Variant {
    fn with_the_defect(&self) -> Scenario {
        let mut scenario = self.scenario.clone();
        scenario.structure.defect = Some(self.defect);
        scenario
    }
}

#[test]
fn every_defect_is_caught_by_the_monitor_of_the_promise_that_it_breaks_and_by_no_other() {
    let mut wrong = Vec::new();
    for variant in variants() {
        let defect = variant.defect;
        let (sound, broken) = (
            watched(&variant.scenario),
            watched(&variant.with_the_defect()),
        );
        for promise in variant.guaranteed {
            let (without, with) = (sound[*promise as usize], broken[*promise as usize]);
            if without.broken > 0 || !without.tested {
                wrong.push(format!("{promise:?} without {defect:?}: {without:?}"));
            }
            let (caught, implied) = (variant.caught, variant.implied);
            let is_right = match caught.contains(promise) {
                true => with.broken > 0,
                false => with.broken == 0 || implied.contains(promise),
            };
            if !is_right {
                wrong.push(format!("{promise:?} with {defect:?}: {with:?}"));
            }
        }
        let guaranteed = |promise| variant.guaranteed.contains(promise);
        assert!(variant.caught.iter().chain(variant.implied).all(guaranteed));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn there_is_a_defect_for_each_promise() {
    let variants = variants();
    for promise in Promise::ALL {
        let caught = |variant: &Variant| variant.caught.contains(&promise);
        assert!(variants.iter().any(caught), "{promise:?}");
    }
}

#[test]
fn what_a_defect_breaks_is_proved_and_told_like_anything_else() {
    for variant in variants() {
        let scenario = variant.with_the_defect();
        for seed in 0..2 {
            let (records, watch) = run(&scenario, seed);
            for promise in Promise::ALL {
                let of_it = watch.violations().iter();
                let of_it = of_it.filter(|violation| violation.promise == promise);
                let some: Vec<_> = of_it.take(LOOKED_AT).cloned().collect();
                assert_sound(&some, &records, &scenario);
            }
        }
    }
}
