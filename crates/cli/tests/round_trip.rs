//! What a run tells of itself is judged from outside as its own monitors judge it.

mod common;

use std::fs;

use common::replicascope;
use serde_json::Value as Json;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

#[test]
fn the_history_of_every_shipped_scenario_is_judged_as_its_run() {
    let mut files: Vec<String> = fs::read_dir(format!("{ROOT}/scenarios"))
        .expect("the scenarios are there")
        .map(|entry| entry.expect("an entry").path().display().to_string())
        .filter(|path| path.ends_with(".json"))
        .collect();
    files.sort();
    let mut told = [0; 2];
    for file in &files {
        let run = replicascope(&["run", file, "--json"], b"").stdout;
        let run: Json = serde_json::from_str(&run).expect("one object");
        let exported = replicascope(&["run", file, "--history"], b"");
        let (history, left_out) = (exported.stdout, exported.stderr);
        let judged = replicascope(&["history", "-", "--json"], history.as_bytes());
        assert_eq!((exported.exit, judged.exit), (Some(0), Some(0)), "{file}");
        let (verdicts, complaint) = (judged.stdout, judged.stderr);
        assert_eq!(complaint, "", "{file}");
        let verdicts: Json = serde_json::from_str(&verdicts).expect("one object");
        // A key that is left out, or that a statement makes another on each copy, is no register.
        if !left_out.is_empty() || file.contains("statement") {
            continue;
        }
        for promise in ["linearizable", "read_your_writes", "monotonic_reads"] {
            let state = run["promises"][promise]["state"].as_str().expect("a state");
            let verdict = verdicts[promise]["verdict"].as_str().expect("a verdict");
            match state {
                "broken" => assert_eq!(verdict, "no", "{promise} of {file}"),
                "kept" => assert_eq!(verdict, "yes", "{promise} of {file}"),
                _ => assert_ne!(verdict, "no", "{promise} of {file}"),
            }
            told[0] += usize::from(state == "broken");
            told[1] += usize::from(state == "kept");
        }
    }
    assert!(told[0] > 30 && told[1] > 30, "{told:?}");
}
