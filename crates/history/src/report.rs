//! The seven verdicts.

use std::fmt;

use crate::sessions::{self, Guarantee};
use crate::{History, Steps, causal, linearizable, sequential};

/// What becomes of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is kept.
    Yes,
    /// It is broken: the lines of the file that prove it, in order.
    No(Vec<u32>),
    /// The history doesn't tell, or the budget was too small.
    Unknown,
}

/// How much work a judge may do.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Steps of each judge, a few nanoseconds each.
    pub steps: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Budget { steps: 500_000_000 }
    }
}

/// All verdicts on a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// For each key, some order that respects real time explains its operations.
    pub linearizable: Verdict,
    /// One order of all operations that respects each session's explains them.
    pub sequential: Verdict,
    /// Causal convergence.
    pub causal: Verdict,
    /// A read returns a version at or after the last one that its session had written and been told of.
    pub read_your_writes: Verdict,
    /// A read returns a version at or after those that its session had read.
    pub monotonic_reads: Verdict,
    /// A session's writes are versions in the order in which it made them.
    pub monotonic_writes: Verdict,
    /// A session's write is a version after those that it had read before.
    pub writes_follow_reads: Verdict,
}

/// Judges a history, each promise within the budget.
pub fn judge(history: &History, budget: Budget) -> Report {
    let steps = || Steps::new(budget.steps);
    let linearizable = linearizable::judge(history, &mut steps());
    let explained = linearizable::explained(history, &mut steps());
    let of_sessions = |guarantee| sessions::judge(history, guarantee, &explained, &mut steps());
    let (sequential, causal) = without_time(history, &explained, budget);
    Report {
        linearizable,
        sequential,
        causal,
        read_your_writes: of_sessions(Guarantee::ReadYourWrites),
        monotonic_reads: of_sessions(Guarantee::MonotonicReads),
        monotonic_writes: of_sessions(Guarantee::MonotonicWrites),
        writes_follow_reads: of_sessions(Guarantee::WritesFollowReads),
    }
}

/// Sequential and causal: whatever is the former is the latter.
fn without_time(history: &History, explained: &[bool], budget: Budget) -> (Verdict, Verdict) {
    if sequential::is_explained(history, explained) {
        return (Verdict::Yes, Verdict::Yes);
    }
    // Either may be hard where the other is easy.
    let little = budget.steps / 16;
    let mut causal = causal::judge(history, &mut Steps::new(little));
    if let Verdict::No(lines) = &causal {
        return (Verdict::No(lines.clone()), causal);
    }
    let sequential = sequential::judge(history, &mut Steps::new(budget.steps));
    match sequential {
        Verdict::Yes => return (Verdict::Yes, Verdict::Yes),
        _ if causal == Verdict::Unknown => {
            causal = causal::judge(history, &mut Steps::new(budget.steps));
        }
        _ => {}
    }
    match (&sequential, &causal) {
        (Verdict::Unknown, Verdict::No(lines)) => (Verdict::No(lines.clone()), causal),
        _ => (sequential, causal),
    }
}

impl Report {
    /// The verdicts and their names, in the order of the report.
    pub fn entries(&self) -> [(&'static str, &Verdict); 7] {
        [
            ("linearizable", &self.linearizable),
            ("sequential", &self.sequential),
            ("causal", &self.causal),
            ("read_your_writes", &self.read_your_writes),
            ("monotonic_reads", &self.monotonic_reads),
            ("monotonic_writes", &self.monotonic_writes),
            ("writes_follow_reads", &self.writes_follow_reads),
        ]
    }

    /// As one JSON object: `{"linearizable":{"verdict":"no","operations":[3,7]},...}`.
    pub fn to_json(&self) -> String {
        let mut json = String::from("{");
        for (place, (name, verdict)) in self.entries().into_iter().enumerate() {
            if place > 0 {
                json.push(',');
            }
            json += &["\"", name, "\":{\"verdict\":\"", verdict.word(), "\""].concat();
            if let Verdict::No(lines) = verdict {
                json += &[",\"operations\":[", &joined(lines, ","), "]"].concat();
            }
            json.push('}');
        }
        json.push('}');
        json
    }
}

impl Verdict {
    /// `yes`, `no` or `unknown`.
    pub fn word(&self) -> &'static str {
        match self {
            Verdict::Yes => "yes",
            Verdict::No(_) => "no",
            Verdict::Unknown => "unknown",
        }
    }
}

/// A line for each verdict.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, verdict) in self.entries() {
            write!(f, "{name}: {}", verdict.word())?;
            match verdict {
                Verdict::No(lines) if lines.len() == 1 => write!(f, " (line {})", lines[0])?,
                Verdict::No(lines) => write!(f, " (lines {})", joined(lines, ", "))?,
                _ => {}
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

fn joined(lines: &[u32], separator: &str) -> String {
    let lines: Vec<String> = lines.iter().map(u32::to_string).collect();
    lines.join(separator)
}
