//! `replicascope`: runs scenarios, and judges histories, without a screen, on the same core as the page.
//!
//! Bad input gives a sentence on the standard error and exit code 2, and prints nothing.

#![forbid(unsafe_code)]

mod arguments;
mod fixes;
mod history;
mod report;
mod survey;

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Write};
use std::process::ExitCode;
use std::sync::Arc;

use replication::engine::time::SimTime;
use replication::run::{self, Run};
use replication::scenario::Scenario;
use replication::scenario::limits::FILE_BYTES;

use crate::arguments::{Command, FixesArguments, RunArguments, Seeds};
use crate::fixes::Fixes;
use crate::report::{Report, unmet};
use crate::survey::Survey;

/// What a command gives: what to print, and the complaints and exit code that go with it.
struct Outcome {
    print: String,
    complaints: Vec<String>,
    exit: u8,
}

impl Outcome {
    fn fine(print: String) -> Self {
        Self {
            print,
            complaints: Vec::new(),
            exit: 0,
        }
    }
}

/// Exit code where a scenario breaks what it expects.
const UNMET: u8 = 1;
/// Exit code for bad input.
const BAD_INPUT: u8 = 2;

fn main() -> ExitCode {
    let outcome = arguments::read(lexopt::Parser::from_env())
        .map_err(|error| vec![error])
        .and_then(carry_out);
    let outcome = outcome.unwrap_or_else(|complaints| Outcome {
        print: String::new(),
        complaints,
        exit: BAD_INPUT,
    });
    let printed = print(&outcome.print);
    let complaints = outcome.complaints.iter().cloned();
    let complaints: Vec<String> = complaints.chain(printed.as_ref().err().cloned()).collect();
    for complaint in &complaints {
        // Nobody is left to be told where even this fails.
        let _ = writeln!(io::stderr(), "replicascope: {complaint}");
    }
    ExitCode::from(if printed.is_ok() {
        outcome.exit
    } else {
        BAD_INPUT
    })
}

fn carry_out(command: Command) -> Result<Outcome, Vec<String>> {
    match command {
        Command::Help => Ok(Outcome::fine(arguments::HELP.to_owned())),
        Command::Version => Ok(Outcome::fine(format!(
            "replicascope {}\n",
            env!("CARGO_PKG_VERSION")
        ))),
        Command::Run(arguments) => run_one(&arguments).map_err(|error| vec![error]),
        Command::Check(files) => check(&files),
        Command::History(arguments) => history::judge(&arguments).map_err(|error| vec![error]),
        Command::Fixes(arguments) => fix(&arguments).map_err(|error| vec![error]),
    }
}

/// The run's history, and a word on what it leaves out.
fn told(run: &dyn Run) -> Outcome {
    let told = replication::history::history(run.scenario(), run.records());
    let mut outcome = Outcome::fine(told.text);
    for key in told.left_out {
        let key = run.scenario().names.key(key);
        outcome.complaints.push(format!(
            "{key:?} is left out: a history can't tell of values that stand side by side, nor of one write that made several"
        ));
    }
    outcome
}

fn run_one(arguments: &RunArguments) -> Result<Outcome, String> {
    let file = &arguments.file;
    let unchanged = load(file)?;
    let changes = arguments.changes.iter();
    let scenario = unchanged
        .with_all(changes.map(|(pointer, value)| (pointer.as_str(), value.clone())))
        .map_err(|error| format!("--set: {error}"))?;
    let scenario = Arc::new(scenario);
    let seed = match &arguments.seeds {
        Seeds::Each(seeds) => {
            let survey = Survey::of(&scenario, seeds.clone());
            return Ok(Outcome::fine(if arguments.json {
                json(&survey)
            } else {
                survey.to_string()
            }));
        }
        Seeds::One(seed) => *seed,
        Seeds::Own => scenario.seed,
    };
    let run = run_to_the_end(&scenario, seed);
    if arguments.history {
        return Ok(told(run.as_ref()));
    }
    let report = Report::of(run.as_ref());
    let mut outcome = Outcome::fine(if arguments.json {
        json(&report)
    } else {
        report.to_string()
    });
    if arguments.seeds == Seeds::Own && arguments.changes.is_empty() {
        let unmet = unmet(run.as_ref());
        outcome.exit = if unmet.is_empty() { 0 } else { UNMET };
        outcome.complaints = unmet
            .into_iter()
            .map(|unmet| format!("{}: {unmet}", shown(file)))
            .collect();
    }
    Ok(outcome)
}

/// Tries what theory offers for what a run breaks. It is no failure where nothing helps.
fn fix(arguments: &FixesArguments) -> Result<Outcome, String> {
    let scenario = Arc::new(load(&arguments.file)?);
    let seed = arguments.seed.unwrap_or(scenario.seed);
    let fixes = Fixes::of(&scenario, seed, arguments.promise);
    Ok(Outcome::fine(if arguments.json {
        json(&fixes)
    } else {
        fixes.to_string()
    }))
}

/// Holds scenarios to what they expect. All are read first, so that a bad one stops everything.
fn check(files: &[OsString]) -> Result<Outcome, Vec<String>> {
    let loaded: Vec<_> = files.iter().map(|file| load(file)).collect();
    let refused: Vec<String> = loaded
        .iter()
        .filter_map(|loaded| loaded.as_ref().err().cloned())
        .collect();
    if !refused.is_empty() {
        return Err(refused);
    }
    let mut outcome = Outcome::fine(String::new());
    let mut failed = 0;
    for (file, scenario) in files.iter().zip(loaded.into_iter().flatten()) {
        let (file, seed) = (shown(file), scenario.seed);
        let unmet = unmet(run_to_the_end(&Arc::new(scenario), seed).as_ref());
        if unmet.is_empty() {
            outcome.print += &format!("passed {file}\n");
        } else {
            failed += 1;
            outcome.print += &format!("FAILED {file}: {}\n", unmet.join("; "));
        }
    }
    outcome.print += &format!("{} passed, {failed} failed\n", files.len() - failed);
    outcome.exit = if failed == 0 { 0 } else { UNMET };
    Ok(outcome)
}

fn run_to_the_end(scenario: &Arc<Scenario>, seed: u64) -> Box<dyn Run> {
    let mut run = run::open(Arc::clone(scenario), seed);
    run.seek(SimTime(u64::MAX));
    run
}

/// Reads a scenario, and of its file no more than one can have.
fn load(file: &OsStr) -> Result<Scenario, String> {
    let bytes = bytes_of(file, FILE_BYTES)?;
    Scenario::from_bytes(&bytes).map_err(|error| format!("{}: {error}", shown(file)))
}

/// The bytes of a file, or one more than it may have.
fn bytes_of(file: &OsStr, most: usize) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let most = most as u64 + 1;
    let read = if file == "-" {
        io::stdin().lock().take(most).read_to_end(&mut bytes)
    } else {
        File::open(file).and_then(|file| file.take(most).read_to_end(&mut bytes))
    };
    read.map_err(|error| format!("{}: {error}", shown(file)))?;
    Ok(bytes)
}

fn shown(file: &OsStr) -> String {
    match file.to_str() {
        Some("-") => "standard input".to_owned(),
        Some(text) if !text.contains(char::is_control) => text.to_owned(),
        _ => format!("{file:?}"),
    }
}

fn json(value: &impl serde::Serialize) -> String {
    let text = serde_json::to_string(value);
    text.expect("plain data with texts for names can be written as JSON") + "\n"
}

/// Prints all at once. A reader that has gone, as `head` does, is no failure.
fn print(text: &str) -> Result<(), String> {
    let mut stdout = io::stdout().lock();
    let printed = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
    match printed {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(format!("standard output: {error}"))
        }
        _ => Ok(()),
    }
}
