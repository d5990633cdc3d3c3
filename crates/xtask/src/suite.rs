//! `cargo xtask test`: runs the steps, and says at the end how many tests passed and failed.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Write, stdout};
use std::process::ExitCode;
use std::time::Instant;

use crate::counts::Counts;
use crate::install::{self, Missing};
use crate::project::Project;
use crate::shell::said;
use crate::steps::{Outcome, STEPS, Step};
use crate::tools::Tool;

/// What was asked for.
pub struct Options {
    /// These steps, and those they need; all of them where none is named.
    pub only: Vec<String>,
    /// Say which steps there are, and run none.
    pub list: bool,
    /// Show all output, not only that of a step that failed.
    pub verbose: bool,
}

/// Runs the steps in their order, each whatever became of the others, unless it needs one that
/// failed.
///
/// The last line is `N passed, M failed`.
///
/// # Errors
/// Where a step is asked for that there is not.
pub fn run(project: &Project, options: &Options) -> Result<ExitCode, String> {
    if options.list {
        for step in STEPS {
            println!("{:<13} {}", step.name, step.what);
        }
        return Ok(ExitCode::SUCCESS);
    }

    let steps = selected(&options.only)?;
    fs::create_dir_all(project.logs())
        .map_err(|error| format!("{}: {error}", project.logs().display()))?;
    let missing = install::ensure(project, &tools_of(&steps));
    let started = Instant::now();
    let mut counts = Counts::default();
    let mut failed: Vec<&str> = Vec::new();
    for step in &steps {
        let outcome = attempt(project, step, &failed, &missing, options.verbose);
        if outcome.counts.failed > 0 {
            failed.push(step.name);
        }
        counts = counts + outcome.counts;
    }

    println!();
    if !failed.is_empty() {
        println!("failed: {}", failed.join(", "));
        println!(
            "once more: cargo xtask test --only {}",
            failed.join(" --only ")
        );
    }
    println!("took {}", said(started.elapsed()));
    println!("{} passed, {} failed", counts.passed, counts.failed);
    Ok(if failed.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

// The named steps and, before them, those they need, in the list's order.
fn selected(only: &[String]) -> Result<Vec<&'static Step>, String> {
    if let Some(unknown) = only
        .iter()
        .find(|name| STEPS.iter().all(|step| step.name != *name))
    {
        return Err(format!(
            "there is no step '{unknown}': see cargo xtask test --list"
        ));
    }
    let mut wanted: BTreeSet<&str> = only.iter().map(String::as_str).collect();
    // From the last to the first: what a step needs comes before it.
    for step in STEPS.iter().rev() {
        if wanted.contains(step.name) {
            wanted.extend(step.needs);
        }
    }
    let all = only.is_empty();
    Ok(STEPS
        .iter()
        .filter(|step| all || wanted.contains(step.name))
        .collect())
}

fn tools_of(steps: &[&'static Step]) -> Vec<&'static Tool> {
    let mut tools: Vec<&'static Tool> = Vec::new();
    for tool in steps.iter().flat_map(|step| step.tools) {
        if tools.iter().all(|known| known.name != tool.name) {
            tools.push(tool);
        }
    }
    tools
}

fn attempt(
    project: &Project,
    step: &Step,
    failed: &[&str],
    missing: &[Missing],
    verbose: bool,
) -> Outcome {
    print!("{:<13} ", step.name);
    if verbose {
        println!();
    }
    // What goes wrong with the screen is nothing to the tests.
    let _ = stdout().flush();

    let started = Instant::now();
    let outcome = match obstacle(step, failed, missing) {
        Some(why) => Outcome {
            counts: Counts::one(false),
            note: "not run".to_owned(),
            output: why,
        },
        None => (step.check)(project, &mut |line| {
            if verbose {
                println!("  {line}");
            }
        }),
    };

    let ok = outcome.counts.failed == 0;
    let verdict = if ok { "ok" } else { "FAILED" };
    let took = said(started.elapsed());
    let note = match outcome.note.as_str() {
        "" => in_words(outcome.counts),
        note => note.to_owned(),
    };
    println!("{verdict:<6} {took:>12}  {note}");
    if !ok && !verbose {
        for line in outcome.output.lines().filter(|line| tells(line)) {
            println!("  {line}");
        }
    }
    outcome
}

// `90 of 92, 2 skipped`, and nothing where a step is one check.
fn in_words(counts: Counts) -> String {
    let cases = counts.passed + counts.failed;
    let mut words = String::new();
    if cases > 1 {
        words = format!("{} of {cases}", counts.passed);
    }
    if counts.skipped > 0 {
        words.push_str(&format!(", {} skipped", counts.skipped));
    }
    words
}

// Whether a line tells more than that Cargo is at work, or that a browser misses a desktop.
fn tells(line: &str) -> bool {
    const AT_WORK: &[&str] = &[
        "Blocking",
        "Checking",
        "Compiling",
        "Documenting",
        "Downloaded",
        "Downloading",
        "Finished",
        "Generated",
        "Locking",
        "Updating",
    ];
    let first = line.split_whitespace().next();
    let is_browser = first.is_some_and(|first| first.starts_with("[pid="));
    let is_cargo = line.starts_with("  ") && first.is_some_and(|first| AT_WORK.contains(&first));
    !is_browser && !is_cargo
}

// Why a step can't be run.
fn obstacle(step: &Step, failed: &[&str], missing: &[Missing]) -> Option<String> {
    if let Some(need) = step.needs.iter().find(|need| failed.contains(need)) {
        return Some(format!("it needs the step '{need}', which failed"));
    }
    missing
        .iter()
        .find(|missing| step.tools.iter().any(|tool| tool.name == missing.tool))
        .map(|missing| format!("it needs {}: {}", missing.tool, missing.why))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(only: &[&str]) -> Vec<&'static str> {
        let only: Vec<String> = only.iter().map(|name| (*name).to_owned()).collect();
        selected(&only)
            .unwrap()
            .iter()
            .map(|step| step.name)
            .collect()
    }

    #[test]
    fn a_step_brings_along_those_it_needs() {
        assert_eq!(names(&["size"]), ["site", "size"]);
        assert_eq!(names(&["size", "format"]), ["format", "site", "size"]);
        assert_eq!(names(&[]).len(), STEPS.len());
        assert!(selected(&["nonsense".to_owned()]).is_err());
    }

    #[test]
    fn what_cargo_is_at_is_left_out_of_a_failure() {
        assert!(!tells("   Compiling syn v3.0.9"));
        assert!(!tells("    Checking replication v0.1.0"));
        assert!(!tells("  [pid=24625][err] Failed to connect to the bus"));
        assert!(tells("error: could not compile `replication`"));
        assert!(tells("  --> crates/replication/src/lib.rs:1:1"));
        assert!(tells("     Running unittests src/lib.rs"));
    }

    #[test]
    fn a_step_is_not_run_after_one_that_it_needs_failed() {
        let page = STEPS.iter().find(|step| step.name == "page").unwrap();
        assert!(obstacle(page, &["site"], &[]).is_some());
        assert!(obstacle(page, &["size"], &[]).is_none());
        let missing = [Missing {
            tool: "chromium",
            why: String::new(),
        }];
        assert!(obstacle(page, &[], &missing).is_some());
    }
}
