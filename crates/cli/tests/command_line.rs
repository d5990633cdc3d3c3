//! The command as people and programs use it: what it prints where, and its exit codes.

mod common;

use std::process::{Command, Stdio};

use std::time::{Duration, Instant};

use common::replicascope;
use serde_json::{Value as Json, json};

fn document() -> Json {
    json!({
        "version": 1,
        "title": "One write",
        "protocol": { "kind": "single_leader" },
        "clients": [ { "name": "Alice", "does": [ { "write": { "x": 1 } }, { "read": ["x"] } ] } ],
        "limits": { "time_ms": 2000 },
        "expect": { "kept": ["read_your_writes"] }
    })
}

fn quorum() -> Json {
    let mut document = document();
    document["protocol"] = json!({ "kind": "leaderless", "nodes": 3, "w": 2, "r": 2 });
    document
}

/// A document with the value at a pointer replaced, or added.
fn with(mut document: Json, parent: &str, name: &str, value: Json) -> Vec<u8> {
    let parent = document.pointer_mut(parent).expect("the parent is there");
    parent[name] = value;
    document.to_string().into_bytes()
}

#[test]
fn bad_input_gives_a_sentence_and_exit_code_2() {
    let whole = document().to_string().into_bytes();
    let nested = [b"{\"a\":".repeat(100_000), b"}".repeat(100_000)].concat();
    let cases = [
        (
            with(document(), "/protocol", "w", json!(2)),
            "/protocol/w: unknown field here: it belongs to the kind leaderless; allowed: kind, nodes",
        ),
        (
            with(document(), "", "sead", json!(2)),
            "/sead: unknown field; allowed: version, title, story, chapter, seed",
        ),
        (
            with(quorum(), "/protocol", "w", json!(4)),
            "/protocol/w: 4 is not allowed: a whole number from 1 to 3 (the copies)",
        ),
        (
            with(
                document(),
                "",
                "network",
                json!({ "replication_lag_ms": -1 }),
            ),
            "/network/replication_lag_ms: -1 is not allowed: a number from 0 to 60000",
        ),
        (
            with(
                document(),
                "/protocol",
                "nodes",
                json!(1_000_000_000_000_000u64),
            ),
            "/protocol/nodes: 1000000000000000 is not allowed: a whole number from 1 to 12",
        ),
        (
            with(document(), "/limits", "time_ms", json!(1e15)),
            "/limits/time_ms: 1000000000000000.0 is not allowed: a whole number from 1 to 3600000",
        ),
        (
            with(document(), "", "seed", json!(1u64 << 53)),
            "/seed: 9007199254740992 is not allowed: a whole number from 0 to 9007199254740991",
        ),
        (
            b"{\"version\": 1, \"title\": \"\xc3\x28\"}".to_vec(),
            "not UTF-8 at byte 25",
        ),
        (nested, "nested too deep: at most 32 levels are allowed"),
        (
            whole[..whole.len() / 2].to_vec(),
            "the file ends in the middle of the document",
        ),
        (Vec::new(), "the file is empty"),
        (vec![0; 100], "line 1, column 1: not JSON"),
        (vec![b' '; 3 << 20], "the file is larger than 1048576 bytes"),
    ];
    for command in ["run", "check"] {
        for (bytes, refusal) in &cases {
            let started = Instant::now();
            let given = replicascope(&[command, "-"], bytes);
            assert_eq!((given.exit, &*given.stdout), (Some(2), ""), "{given:?}");
            assert!(
                given.stderr.starts_with("replicascope: standard input: "),
                "{given:?}"
            );
            assert!(given.stderr.contains(refusal), "{refusal}: {given:?}");
            assert_eq!(given.stderr.lines().count(), 1, "{given:?}");
            assert!(started.elapsed() < Duration::from_secs(10));
        }
    }
}

#[test]
fn a_file_that_can_not_be_read_is_bad_input() {
    for file in ["no-such-file.json", "crates"] {
        let given = replicascope(&["check", file], b"");
        assert_eq!((given.exit, &*given.stdout), (Some(2), ""), "{given:?}");
        assert!(
            given.stderr.starts_with(&format!("replicascope: {file}: ")),
            "{given:?}"
        );
    }
    if cfg!(target_os = "linux") {
        let given = replicascope(&["run", "/dev/zero"], b"");
        assert_eq!((given.exit, &*given.stdout), (Some(2), ""), "{given:?}");
    }
}

#[test]
fn bad_arguments_are_bad_input() {
    let document = document().to_string();
    for (arguments, refusal) in [
        (&[][..], "no command"),
        (&["run"], "run needs a FILE"),
        (
            &["run", "-", "--seed", "9007199254740992"],
            "--seed: \"9007199254740992\" is not allowed",
        ),
        (
            &["run", "-", "--seeds", "5..5"],
            "--seeds: \"5..5\" is not allowed",
        ),
        (
            &["run", "-", "--set", "/protocol/nodes=0"],
            "--set: /protocol/nodes: 0 is not allowed",
        ),
        (
            &["run", "-", "--set", "/clients/7/name=Bob"],
            "--set: /clients/7/name: \"7\" leads nowhere",
        ),
        (
            &["run", "-", "--set", "protocol=0"],
            "--set: \"protocol\" is not allowed: a JSON pointer",
        ),
    ] {
        let given = replicascope(arguments, document.as_bytes());
        assert_eq!((given.exit, &*given.stdout), (Some(2), ""), "{given:?}");
        assert!(given.stderr.contains(refusal), "{refusal}: {given:?}");
    }
}

#[test]
fn help_and_version_are_printed() {
    assert!(
        replicascope(&["--help"], b"")
            .stdout
            .contains("replicascope run FILE")
    );
    let version = format!("replicascope {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(replicascope(&["--version"], b"").stdout, version);
}

#[test]
fn a_run_prints_one_object_and_the_same_one_again() {
    let bytes = document().to_string().into_bytes();
    let given = replicascope(&["run", "-", "--json"], &bytes);
    assert_eq!(given.exit, Some(0), "{given:?}");
    let report: Json = serde_json::from_str(&given.stdout).expect("one object");
    assert_eq!(report["scenario"], "One write");
    assert_eq!(report["seed"], 1);
    assert_eq!(report["promises"]["read_your_writes"]["state"], "kept");
    assert_eq!(report["promises"]["read_your_writes"]["first"], Json::Null);
    assert_eq!(
        report["metrics"]["operations"],
        json!({ "ok": 2, "refused": 0, "unknown": 0, "pending": 0 })
    );
    assert_eq!(
        replicascope(&["run", "-", "--json"], &bytes).stdout,
        given.stdout
    );
}

#[test]
fn another_seed_is_another_run() {
    let bytes = document().to_string().into_bytes();
    let fingerprint = |seed: &str| {
        let given = replicascope(&["run", "-", "--json", "--seed", seed], &bytes);
        let report: Json = serde_json::from_str(&given.stdout).expect("one object");
        report["fingerprint"].as_str().expect("a text").to_owned()
    };
    assert_ne!(fingerprint("1"), fingerprint("2"));
}

#[test]
fn an_expectation_that_is_not_met_gives_exit_code_1_where_nothing_was_changed() {
    let bytes = with(
        document(),
        "/expect",
        "kept",
        json!(["no_acked_write_lost", "read_your_writes"]),
    );
    assert_eq!(replicascope(&["run", "-"], &bytes).exit, Some(0));
    let bytes = with(document(), "/expect", "broken", json!(["monotonic_reads"]));
    let given = replicascope(&["run", "-"], &bytes);
    assert_eq!(given.exit, Some(1));
    assert!(
        given.stderr.contains("and not broken as expected"),
        "{given:?}"
    );
    for changed in [
        &["--seed", "1"][..],
        &["--set", "/title=x"],
        &["--seeds", "1..2"],
    ] {
        let given = replicascope(&[&["run", "-"], changed].concat(), &bytes);
        assert_eq!((given.exit, &*given.stderr), (Some(0), ""), "{given:?}");
    }
    let given = replicascope(&["check", "-"], &bytes);
    assert_eq!(given.exit, Some(1));
    assert!(
        given
            .stdout
            .starts_with("FAILED standard input: monotonic_reads is "),
        "{given:?}"
    );
    assert!(
        given.stdout.ends_with("\n0 passed, 1 failed\n"),
        "{given:?}"
    );
}

#[test]
fn a_survey_counts_every_seed_once() {
    let bytes = document().to_string().into_bytes();
    let given = replicascope(&["run", "-", "--json", "--seeds", "5..25"], &bytes);
    let survey: Json = serde_json::from_str(&given.stdout).expect("one object");
    assert_eq!(survey["seeds"], json!({ "from": 5, "to": 25, "count": 20 }));
    assert_eq!(
        survey["promises"]["read_your_writes"],
        json!({
            "kept": 20, "at_risk": 0, "broken": 0, "unknown": 0, "violations": 0, "checked": 20,
            "checked_min": 1, "first_broken_seed": null
        })
    );
    assert_eq!(survey["metrics"]["operations"]["ok"], 40);
}

#[test]
fn every_shipped_scenario_gives_the_verdict_that_it_states() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios");
    let names = std::fs::read_dir(folder).expect("the folder is there");
    let mut files: Vec<String> = names
        .map(|entry| format!("scenarios/{}", entry.expect("a file").file_name().display()))
        .collect();
    files.sort();
    assert!(!files.is_empty());
    let arguments: Vec<&str> = ["check"]
        .into_iter()
        .chain(files.iter().map(String::as_str))
        .collect();
    let given = replicascope(&arguments, b"");
    assert_eq!(given.exit, Some(0), "{}{}", given.stdout, given.stderr);
    assert!(
        given
            .stdout
            .ends_with(&format!("{} passed, 0 failed\n", files.len())),
        "{given:?}"
    );
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_replicascope"))
        .arg("--help")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("the command ends");
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
}
