//! Judges a history from elsewhere.

use history::{Budget, FILE_BYTES_MAX, Verdict};

use crate::arguments::HistoryArguments;
use crate::{Outcome, bytes_of, shown};

/// Reads and judges it. Whatever the verdicts, to have judged is to have succeeded.
pub fn judge(arguments: &HistoryArguments) -> Result<Outcome, String> {
    let file = &arguments.file;
    let bytes = bytes_of(file, FILE_BYTES_MAX)?;
    let history = history::read(&bytes).map_err(|error| format!("{}: {error}", shown(file)))?;
    let report = history::judge(&history, Budget::default());
    if arguments.json {
        return Ok(Outcome::fine(report.to_json() + "\n"));
    }
    let mut print = String::new();
    for (name, verdict) in report.entries() {
        let lines = match verdict {
            Verdict::No(lines) if lines.len() == 1 => format!(" (line {})", lines[0]),
            Verdict::No(lines) => {
                let lines: Vec<String> = lines.iter().map(u32::to_string).collect();
                format!(" (lines {})", lines.join(", "))
            }
            _ => String::new(),
        };
        let meaning = meaning(name, verdict);
        print += &format!("{name}: {}{lines}\n  {meaning}\n", verdict.word());
    }
    Ok(Outcome::fine(print))
}

/// What a verdict means, in a sentence.
fn meaning(name: &str, verdict: &Verdict) -> &'static str {
    let (yes, no, unknown) = match name {
        "linearizable" => (
            "For each key, some order that respects real time explains what was returned.",
            "No order that respects real time explains what these returned.",
            "The budget was too small to find an order, or to show that there is none.",
        ),
        "sequential" => (
            "One order of all operations that keeps to each session's own explains what was returned.",
            "No order that keeps to each session's own explains what these returned.",
            "The budget was too small to find an order, or to show that there is none.",
        ),
        "causal" => (
            "Each operation saw the last of the writes that happened before it, in an order common to all.",
            "No order common to all makes what these saw the last of the writes that happened before them.",
            "The budget was too small to tell which writes the reads had seen.",
        ),
        "read_your_writes" => (
            "No session read anything older than what it had written to that key itself.",
            "A session read something older than what it had written to that key itself.",
            "Whether a session read something older than its own write depends on an order that is not given.",
        ),
        "monotonic_reads" => (
            "No session read anything older than what it had read of that key before.",
            "A session read something older than what it had read of that key before.",
            "Whether a session read something older than before depends on an order that is not given.",
        ),
        "monotonic_writes" => (
            "Each session's writes to a key stand in the order in which it made them.",
            "A session's writes to a key do not stand in the order in which it made them.",
            "In which order a session's writes to a key stand is not given.",
        ),
        _ => (
            "Each session's writes to a key stand after what it had read of it.",
            "A session's write to a key does not stand after what it had read of it.",
            "Whether a session's write to a key stands after what it had read of it is not given.",
        ),
    };
    match verdict {
        Verdict::Yes => yes,
        Verdict::No(_) => no,
        Verdict::Unknown => unknown,
    }
}
