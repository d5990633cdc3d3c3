//! A write that is sent again under its idempotency key is done once, whatever goes wrong in between.

use std::sync::Arc;

use replication::engine::time::SimTime;
use replication::fixes::Trial;
use replication::history::history;
use replication::promise::{Promise, State};
use replication::run;
use replication::scenario::Scenario;
use replication::trace::{Action, Kind, Outcome};
use serde_json::{Value as Json, json};

const PAYMENTS: u32 = 6;

/// Two people send each of six payments three times: the how many-th adds 10 to that power, so that the
/// digits of the sum say how often each was done.
fn document(keyed: bool) -> Json {
    let send = |wait_ms: u64| {
        let steps = (0..PAYMENTS * 3).map(|step| {
            let payment = step / 3;
            let mut step = json!({ "wait_ms": wait_ms, "add": { "sum": 10u64.pow(payment) } });
            if keyed {
                step["idempotency_key"] = json!(format!("payment-{payment}"));
            }
            step
        });
        let look = json!({ "wait_ms": 3000, "read": ["sum"] });
        steps.chain([look]).collect::<Vec<Json>>()
    };
    json!({ "version": 1, "title": "payments",
        "protocol": { "kind": "single_leader", "nodes": 3, "ack": { "mode": "quorum" },
            "heartbeat_ms": 80, "failure_timeout_ms": 350, "resend_ms": 200, "log_keeps": 4 },
        "network": { "replication_lag_ms": 60, "jitter": 4, "client_ms": 10, "loss_percent": 6, "client_timeout_ms": 250 },
        "reads": { "policy": "leader", "leader": "confirmed" },
        "clients": [ { "name": "Alice", "does": send(90) }, { "name": "Bob", "does": send(110) } ],
        "script": [
            { "at_ms": 700, "crash": "leader" }, { "at_ms": 1500, "restart": "leader" },
            { "at_ms": 2200, "cut": "leader" }, { "at_ms": 3100, "heal": "all" },
            { "at_ms": 3600, "pause": "leader" }, { "at_ms": 4300, "resume": "leader" }
        ],
        "limits": { "time_ms": 20000 } })
}

/// What a seed gives: how often each payment was done, which were told "done", how often a leader
/// recognised one, and the run.
fn outcome(keyed: bool, seed: u64) -> (Vec<u32>, Vec<bool>, usize, Box<dyn run::Run>) {
    let scenario = Scenario::from_document(document(keyed)).expect("valid");
    let mut run = run::open(Arc::new(scenario), seed);
    run.seek(SimTime(u64::MAX));
    let truth = &Trial::of_run(run.as_ref()).truth[0].values[0];
    let sum: u64 = truth.parse().unwrap_or(0);
    let digits = (0..PAYMENTS).map(|place| (sum / 10u64.pow(place) % 10) as u32);
    let mut told = vec![false; PAYMENTS as usize];
    let mut payment_of = Vec::new();
    for record in run.records() {
        match record.kind {
            Kind::Invoked {
                op,
                action: Action::Write { .. },
            } => payment_of.push((op, op.number / 3)),
            Kind::Ended {
                op,
                outcome: Outcome::Written { .. },
            } => {
                let (_, payment) = payment_of.iter().find(|(of, _)| *of == op).expect("begun");
                told[*payment as usize] = true;
            }
            _ => {}
        }
    }
    let recognised = run
        .records()
        .iter()
        .filter(|record| matches!(record.kind, Kind::Recognised { .. }));
    (digits.collect(), told, recognised.count(), run)
}

#[test]
fn what_is_sent_six_times_is_done_once() {
    let mut recognised = 0;
    for seed in 0..60 {
        let (done, told, again, run) = outcome(true, seed);
        for (payment, (done, told)) in done.iter().zip(told).enumerate() {
            assert!(
                *done <= 1,
                "seed {seed}: payment {payment} was done {done} times"
            );
            assert!(
                *done == 1 || !told,
                "seed {seed}: payment {payment} was told done, and is not"
            );
        }
        // A majority keeps all of these; a repetition is no reason to say otherwise.
        for promise in [
            Promise::ReadYourWrites,
            Promise::MonotonicReads,
            Promise::MonotonicWrites,
            Promise::WritesFollowReads,
            Promise::Causal,
            Promise::Linearizable,
            Promise::NoAckedWriteLost,
            Promise::NoSilentOverwrite,
        ] {
            let state = run.verdict(promise).state;
            let mut violations = run.violations().iter();
            let first = violations.find(|violation| violation.promise == promise);
            assert_ne!(state, State::Broken, "seed {seed}: {first:?}");
        }
        recognised += again;
    }
    assert!(recognised > 600, "{recognised}");
}

/// The test would be empty if nothing were done twice without keys.
#[test]
fn without_keys_each_time_counts() {
    let (done, _, recognised, _) = outcome(false, 1);
    assert!(done.iter().any(|done| *done > 1), "{done:?}");
    assert_eq!(recognised, 0);
}

/// As a history for other judges, a run has a write as often as it was done, and not as it was sent.
#[test]
fn what_is_sent_again_is_no_write_of_a_history() {
    for seed in 0..5 {
        let (_, _, recognised, run) = outcome(true, seed);
        let sent = run.records().iter().filter(|record| {
            let refused = |op| {
                let ended = |other: &&replication::trace::Record| {
                    matches!(other.kind, Kind::Ended { op: of, outcome: Outcome::Refused } if of == op)
                };
                run.records().iter().find(ended).is_some()
            };
            matches!(record.kind, Kind::Invoked { op, action: Action::Write { .. } } if !refused(op))
        });
        let told = history(run.scenario(), run.records());
        let writes = told
            .text
            .lines()
            .filter(|line| line.contains("\"op\":\"write\""));
        assert_eq!(writes.count(), sent.count() - recognised, "seed {seed}");
    }
}
