//! What the command line asks for.

use std::ffi::OsString;
use std::ops::Range;

use lexopt::prelude::*;
use replication::promise::Promise;
use replication::scenario::limits::INTEGER_MAX;
use serde_json::Value as Json;

/// What `--help` says.
pub const HELP: &str = "\
replicascope: run a replication scenario and judge its promises

  replicascope run FILE [--seed S | --seeds A..B] [--set POINTER=VALUE]... [--json | --history]
  replicascope check FILE...
  replicascope fixes FILE [--promise NAME] [--seed S] [--json]
  replicascope history FILE [--json]
  replicascope --help | --version

run      runs the scenario under its own seed, under S, or under every seed from A up to, not with, B
check    runs each scenario under its own seed and holds it to its `expect`
fixes    for each promise that the run breaks, or for NAME alone, tries what theory offers on the same run
history  judges a history from elsewhere: is it linearizable, sequential, causal, ...

FILE is a scenario in JSON, of history one JSON object a line, or - for standard input.
--set    changes the scenario first: POINTER is a JSON pointer, as /reads/policy; VALUE is JSON, or else text
--json   prints one JSON object
--history  prints what the run's clients did and saw, as `history` reads it

Exit code 0; 1 where a scenario as it is in its file breaks its own `expect`; 2 for bad input.
";

/// What to do.
#[derive(Debug, PartialEq)]
pub enum Command {
    /// Say how to use it.
    Help,
    /// Say which version it is.
    Version,
    /// Run one scenario.
    Run(RunArguments),
    /// Hold scenarios to what they expect.
    Check(Vec<OsString>),
    /// Try what theory offers for what a run breaks.
    Fixes(FixesArguments),
    /// Judge a history.
    History(HistoryArguments),
}

/// How to run one scenario.
#[derive(Debug, PartialEq)]
pub struct RunArguments {
    /// Where it is.
    pub file: OsString,
    /// Under which seeds.
    pub seeds: Seeds,
    /// What to change first: JSON pointers and values.
    pub changes: Vec<(String, Json)>,
    /// Whether to print JSON.
    pub json: bool,
    /// Whether to print the run's history instead.
    pub history: bool,
}

/// Which run to fix.
#[derive(Debug, PartialEq)]
pub struct FixesArguments {
    /// Where the scenario is.
    pub file: OsString,
    /// One promise alone; `None` for all that are broken.
    pub promise: Option<Promise>,
    /// Under which seed; `None` for the scenario's own.
    pub seed: Option<u64>,
    /// Whether to print JSON.
    pub json: bool,
}

/// Which history to judge.
#[derive(Debug, PartialEq)]
pub struct HistoryArguments {
    /// Where it is.
    pub file: OsString,
    /// Whether to print JSON.
    pub json: bool,
}

/// Which seeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seeds {
    /// The scenario's own.
    Own,
    /// This one.
    One(u64),
    /// All of these.
    Each(Range<u64>),
}

/// How many seeds one command runs at the most.
const SEEDS_MAX: u64 = 1_000_000;

/// Reads the arguments; the error is a sentence.
pub fn read(mut parser: lexopt::Parser) -> Result<Command, String> {
    let command = match next(&mut parser)? {
        None => {
            return Err(
                "no command; allowed: run, check, fixes, history, --help, --version".to_owned(),
            );
        }
        Some(Long("help") | Short('h')) => return Ok(Command::Help),
        Some(Long("version") | Short('V')) => return Ok(Command::Version),
        Some(Value(command)) => command,
        Some(other) => return Err(other.unexpected().to_string()),
    };
    match command.to_str() {
        Some("run") => run(&mut parser),
        Some("check") => check(&mut parser),
        Some("history") => history(&mut parser),
        Some("fixes") => fixes(&mut parser),
        _ => Err(format!(
            "{command:?} is not a command; allowed: run, check, fixes, history, --help, --version"
        )),
    }
}

fn next(parser: &mut lexopt::Parser) -> Result<Option<lexopt::Arg<'_>>, String> {
    parser.next().map_err(|error| error.to_string())
}

fn run(parser: &mut lexopt::Parser) -> Result<Command, String> {
    let (mut file, mut seeds, mut changes) = (None, Seeds::Own, Vec::new());
    let (mut json, mut history) = (false, false);
    while let Some(argument) = next(parser)? {
        match argument {
            Long("help") | Short('h') => return Ok(Command::Help),
            Long("json") => json = true,
            Long("history") => history = true,
            Long("set") => changes.push(change(&text(parser)?)?),
            Long("seed" | "seeds") if seeds != Seeds::Own => {
                return Err("the seeds are given twice: one of --seed and --seeds, once".to_owned());
            }
            Long("seed") => seeds = Seeds::One(seed(&text(parser)?, "--seed", INTEGER_MAX)?),
            Long("seeds") => seeds = Seeds::Each(range(&text(parser)?)?),
            Value(path) if file.is_none() => file = Some(path),
            other => return Err(other.unexpected().to_string()),
        }
    }
    let file = file.ok_or("run needs a FILE")?;
    if history && (json || matches!(seeds, Seeds::Each(_))) {
        return Err(
            "--history is of one run, and printed alone: neither --json nor --seeds".to_owned(),
        );
    }
    Ok(Command::Run(RunArguments {
        file,
        seeds,
        changes,
        json,
        history,
    }))
}

fn check(parser: &mut lexopt::Parser) -> Result<Command, String> {
    let mut files = Vec::new();
    while let Some(argument) = next(parser)? {
        match argument {
            Long("help") | Short('h') => return Ok(Command::Help),
            Value(path) => files.push(path),
            other => return Err(other.unexpected().to_string()),
        }
    }
    if files.is_empty() {
        return Err("check needs at least one FILE".to_owned());
    }
    Ok(Command::Check(files))
}

fn fixes(parser: &mut lexopt::Parser) -> Result<Command, String> {
    let (mut file, mut promise, mut own_seed, mut json) = (None, None, None, false);
    while let Some(argument) = next(parser)? {
        match argument {
            Long("help") | Short('h') => return Ok(Command::Help),
            Long("json") => json = true,
            Long("promise") if promise.is_none() => promise = Some(promise_of(&text(parser)?)?),
            Long("seed") if own_seed.is_none() => {
                own_seed = Some(seed(&text(parser)?, "--seed", INTEGER_MAX)?);
            }
            Value(path) if file.is_none() => file = Some(path),
            other => return Err(other.unexpected().to_string()),
        }
    }
    let file = file.ok_or("fixes needs a FILE")?;
    Ok(Command::Fixes(FixesArguments {
        file,
        promise,
        seed: own_seed,
        json,
    }))
}

fn promise_of(text: &str) -> Result<Promise, String> {
    Promise::named(text).ok_or_else(|| {
        let names = Promise::ALL.map(Promise::name).join(", ");
        format!("--promise: {text:?} is not allowed: {names}")
    })
}

fn history(parser: &mut lexopt::Parser) -> Result<Command, String> {
    let (mut file, mut json) = (None, false);
    while let Some(argument) = next(parser)? {
        match argument {
            Long("help") | Short('h') => return Ok(Command::Help),
            Long("json") => json = true,
            Value(path) if file.is_none() => file = Some(path),
            other => return Err(other.unexpected().to_string()),
        }
    }
    let file = file.ok_or("history needs a FILE")?;
    Ok(Command::History(HistoryArguments { file, json }))
}

/// The value of an option.
fn text(parser: &mut lexopt::Parser) -> Result<String, String> {
    let value = parser.value().map_err(|error| error.to_string())?;
    value.string().map_err(|error| error.to_string())
}

/// A seed; `max` and a refusal's words differ with where it stands.
fn seed(text: &str, option: &str, max: u64) -> Result<u64, String> {
    let seed = text.parse().ok().filter(|seed| *seed <= max);
    seed.ok_or_else(|| format!("{option}: {text:?} is not allowed: a whole number from 0 to {max}"))
}

/// A half-open range of seeds.
fn range(text: &str) -> Result<Range<u64>, String> {
    let Some((from, to)) = text.split_once("..") else {
        return Err(format!(
            "--seeds: {text:?} is not allowed: A..B, as 0..1000"
        ));
    };
    // The end stands for itself no longer, so it may be one more.
    let (from, to) = (
        seed(from, "--seeds", INTEGER_MAX)?,
        seed(to, "--seeds", INTEGER_MAX + 1)?,
    );
    match to.checked_sub(from) {
        None | Some(0) => Err(format!(
            "--seeds: {text:?} is not allowed: A..B with A less than B"
        )),
        Some(count) if count > SEEDS_MAX => Err(format!(
            "--seeds: {text:?} is not allowed: at most {SEEDS_MAX} seeds, and not {count}"
        )),
        _ => Ok(from..to),
    }
}

/// A JSON pointer and a value.
fn change(text: &str) -> Result<(String, Json), String> {
    let Some((pointer, value)) = text.split_once('=') else {
        return Err(format!(
            "--set: {text:?} is not allowed: POINTER=VALUE, as /reads/policy=any"
        ));
    };
    let json = serde_json::from_str(value).unwrap_or_else(|_| Json::String(value.to_owned()));
    Ok((pointer.to_owned(), json))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parsed(arguments: &str) -> Result<Command, String> {
        read(lexopt::Parser::from_args(
            arguments.split(' ').filter(|word| !word.is_empty()),
        ))
    }

    fn run(arguments: &str) -> RunArguments {
        match parsed(arguments) {
            Ok(Command::Run(run)) => run,
            other => panic!("{arguments} gave {other:?}"),
        }
    }

    #[test]
    fn a_change_splits_at_the_first_equals_sign_and_is_json_or_else_text() {
        let run = run("run f --set /a=1 --set /b=any --set /c=\"x\" --set /d=e=f --set=/g=[1]");
        let changes = [
            ("/a", json!(1)),
            ("/b", json!("any")),
            ("/c", json!("x")),
            ("/d", json!("e=f")),
            ("/g", json!([1])),
        ];
        assert_eq!(
            run.changes,
            changes.map(|(pointer, value)| (pointer.to_owned(), value))
        );
    }

    #[test]
    fn seeds_reach_up_to_the_largest_integer_of_javascript() {
        assert_eq!(run("run f").seeds, Seeds::Own);
        assert_eq!(
            run("run --seed 9007199254740991 f").seeds,
            Seeds::One((1 << 53) - 1)
        );
        let last = ((1 << 53) - 1)..(1 << 53);
        assert_eq!(
            run("run f --seeds 9007199254740991..9007199254740992").seeds,
            Seeds::Each(last)
        );
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (arguments, error) in [
            (
                "",
                "no command; allowed: run, check, fixes, history, --help, --version",
            ),
            (
                "walk f",
                "\"walk\" is not a command; allowed: run, check, fixes, history, --help, --version",
            ),
            ("--json", "invalid option '--json'"),
            ("run", "run needs a FILE"),
            ("fixes", "fixes needs a FILE"),
            (
                "fixes f --promise kept",
                "--promise: \"kept\" is not allowed: read_your_writes, monotonic_reads, monotonic_writes, \
                 writes_follow_reads, consistent_prefix, causal, linearizable, bounded_staleness, \
                 no_acked_write_lost, no_silent_overwrite, one_leader_at_a_time, convergence",
            ),
            ("fixes f --seed 1 --seed 2", "invalid option '--seed'"),
            ("run f g", "unexpected argument \"g\""),
            ("history", "history needs a FILE"),
            ("history f g", "unexpected argument \"g\""),
            ("run f --fast", "invalid option '--fast'"),
            ("run f --seed", "missing argument for option '--seed'"),
            (
                "run f --seed -1",
                "--seed: \"-1\" is not allowed: a whole number from 0 to 9007199254740991",
            ),
            (
                "run f --seed 9007199254740992",
                "--seed: \"9007199254740992\" is not allowed: a whole number from 0 to 9007199254740991",
            ),
            (
                "run f --seed 1 --seeds 1..2",
                "the seeds are given twice: one of --seed and --seeds, once",
            ),
            (
                "run f --seeds 7",
                "--seeds: \"7\" is not allowed: A..B, as 0..1000",
            ),
            (
                "run f --seeds 7..7",
                "--seeds: \"7..7\" is not allowed: A..B with A less than B",
            ),
            (
                "run f --seeds 9..7",
                "--seeds: \"9..7\" is not allowed: A..B with A less than B",
            ),
            (
                "run f --seeds 0..1000001",
                "--seeds: \"0..1000001\" is not allowed: at most 1000000 seeds, and not 1000001",
            ),
            (
                "run f --set /a",
                "--set: \"/a\" is not allowed: POINTER=VALUE, as /reads/policy=any",
            ),
            ("check", "check needs at least one FILE"),
            ("check f --json", "invalid option '--json'"),
        ] {
            assert_eq!(parsed(arguments), Err(error.to_owned()), "{arguments}");
        }
    }

    #[test]
    fn help_and_version_are_known() {
        for arguments in ["--help", "-h", "run --help", "check f -h"] {
            assert_eq!(parsed(arguments), Ok(Command::Help), "{arguments}");
        }
        assert_eq!(parsed("--version"), Ok(Command::Version));
    }
}
