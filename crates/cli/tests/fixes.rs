//! `replicascope fixes`: what it prints, and that it is what the run with each fix gives.

mod common;

use common::{Given, replicascope};
use serde_json::Value as Json;

fn fixes(arguments: &[&str]) -> Given {
    replicascope(&[&["fixes"], arguments].concat(), b"")
}

fn json(arguments: &[&str]) -> Json {
    let given = replicascope(&[arguments, &["--json"]].concat(), b"");
    assert_eq!(given.exit, Some(0), "{}", given.stderr);
    serde_json::from_str(&given.stdout).expect("one JSON object")
}

const TRANSFER: &str = "scenarios/double-transfer.json";

#[test]
fn the_double_transfer_is_fixed_from_the_leader_and_its_money_by_a_key() {
    let given = fixes(&[TRANSFER, "--promise", "read_your_writes"]);
    assert_eq!((given.exit, given.stderr.as_str()), (Some(0), ""));
    let lines: Vec<&str> = given.stdout.lines().collect();
    assert_eq!(lines[..2], ["The double transfer", "seed 6"]);
    assert_eq!(lines[3], "Read your writes: tested 1 times, broken 1");
    assert!(lines[4].starts_with("Alice wrote balance"), "{}", lines[4]);
    for line in [
        "  kept      Read from the leader: kept (checked once)",
        "            L has 100 % of the work (before: 75 %)",
        "  BROKEN    Stick to one copy: still broken (1 of 1 time)",
        "  BROKEN    Give what is sent twice an idempotency key: still broken (1 of 1 time)",
        "            balance is 40 in the end (before: -20)",
    ] {
        assert!(lines.contains(&line), "{line}\n{}", given.stdout);
    }
    // The key alone changes the truth and nothing else.
    let key = lines.iter().position(|line| line.contains("idempotency"));
    let after = &lines[key.expect("it is there") + 1..];
    assert_eq!(
        after,
        ["            balance is 40 in the end (before: -20)"]
    );
}

#[test]
fn what_is_said_of_a_fix_is_what_the_run_with_it_gives() {
    let given = json(&["fixes", TRANSFER]);
    let mut checked = 0;
    for tried in given["tried"].as_object().expect("by promise") {
        for tried in tried.1.as_array().expect("a list") {
            let changes = tried["fix"]["changes"].as_array().expect("a list");
            let sets: Vec<String> = changes
                .iter()
                .map(|change| {
                    let pointer = change[0].as_str().expect("a pointer");
                    format!("--set={pointer}={}", change[1])
                })
                .collect();
            let mut arguments = vec!["run", TRANSFER];
            arguments.extend(sets.iter().map(String::as_str));
            let run = json(&arguments);
            let promises = run["promises"].as_object().expect("by promise");
            let standings = tried["after"]["promises"].as_array().expect("a list");
            assert_eq!(promises.len(), standings.len());
            for ((name, judged), standing) in promises.iter().zip(standings) {
                for field in ["state", "checked", "violations"] {
                    assert_eq!(judged[field], standing[field], "{name}, {sets:?}");
                }
            }
            let (metrics, price) = (&run["metrics"], &tried["after"]["price"]);
            for latency in ["write_latency_us", "read_latency_us"] {
                assert_eq!(metrics[latency], price[latency], "{sets:?}");
            }
            checked += 1;
        }
    }
    assert!(checked >= 10, "{checked}");
}

#[test]
fn a_promise_that_is_not_broken_needs_no_fix() {
    let given = fixes(&[TRANSFER, "--promise", "one_leader_at_a_time"]);
    let expected = "The double transfer\nseed 6\n\nOne leader at a time is not broken but kept: there is nothing to fix\n";
    assert_eq!((given.exit, given.stdout.as_str()), (Some(0), expected));
    let given = fixes(&["scenarios/leader-crash-quorum.json"]);
    let end = "\n\nno promise is broken: there is nothing to fix\n";
    assert!(given.stdout.ends_with(end), "{}", given.stdout);
}

#[test]
fn another_seed_is_another_run() {
    let own = json(&["fixes", TRANSFER, "--promise", "read_your_writes"]);
    let same = json(&[
        "fixes",
        TRANSFER,
        "--promise",
        "read_your_writes",
        "--seed",
        "6",
    ]);
    assert_eq!(own, same);
    let other = json(&[
        "fixes",
        TRANSFER,
        "--promise",
        "read_your_writes",
        "--seed",
        "7",
    ]);
    assert_eq!(other["seed"], 7);
    assert_ne!(own["before"], other["before"]);
}

#[test]
fn bad_input_is_one_sentence_and_nothing_else() {
    for (arguments, error) in [
        (vec![], "replicascope: fixes needs a FILE\n"),
        (
            vec!["nowhere.json"],
            "replicascope: nowhere.json: No such file or directory (os error 2)\n",
        ),
        (
            vec![TRANSFER, "--seed", "x"],
            "replicascope: --seed: \"x\" is not allowed: a whole number from 0 to 9007199254740991\n",
        ),
    ] {
        let given = fixes(&arguments);
        assert_eq!((given.exit, given.stdout.as_str()), (Some(2), ""));
        assert_eq!(given.stderr, error);
    }
    let given = fixes(&[TRANSFER, "--promise", "quick"]);
    assert_eq!((given.exit, given.stdout.as_str()), (Some(2), ""));
    assert!(
        given
            .stderr
            .starts_with("replicascope: --promise: \"quick\" is not allowed: read_your_writes, ")
    );
}
