//! What was measured, as small charts on the cursor: rows, each with a name, a picture and a number.
//!
//! A row's name and number are what a table would have, so that the charts are their own text. What has a
//! time axis is drawn for all that is known of the run, and the page veils what lies after the cursor;
//! every number, and what has no time axis, is of what has happened.

mod draw;
mod lag;
mod logs;
mod registers;
mod tally;
#[cfg(test)]
mod tests;
mod trilemma;

use replication::ids::KeyId;
use replication::measure::{Latency, latency};
use replication::run::Run;
use replication::scenario::ProtocolKind;
use replication::trace::Outcome;

pub use draw::{PLOT_H, PLOT_W, Shape};
pub use tally::Tally;
pub use trilemma::{Measure, trilemma};

use crate::quantity::{count, duration, listed};
use crate::timeline::length_us;
use crate::tone::Tone;
use draw::{Axis, Plot};
use lag::Behind;
use tally::Ended;

/// A chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// Its name in the page.
    pub id: &'static str,
    /// What it is called.
    pub title: &'static str,
    /// What it says at the cursor.
    pub sentence: String,
    /// Its rows, at least one.
    pub rows: Vec<Row>,
    /// Where the cursor is, as a share of the width; `None` where to the right is not later.
    pub cursor: Option<f64>,
    /// What stands at the left and the right end of its axis.
    pub ends: [String; 2],
}

/// A row of a chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What is measured.
    pub name: String,
    /// How much it is at the cursor.
    pub value: String,
    /// Whether that is good or bad.
    pub tone: Tone,
    /// Its picture, on a ground of [`PLOT_W`] by [`PLOT_H`].
    pub shapes: Vec<Shape>,
}

/// All charts that a run has, at its cursor. The tally must have been updated.
pub fn charts(run: &dyn Run, tally: &Tally) -> Vec<Chart> {
    let happened = run.happened().min(tally.known());
    let length_us = length_us(run).max(1);
    let now_us = run.now().0;
    let look = Look {
        run,
        tally,
        happened,
        now_us,
        known_us: run.records().last().map_or(0, |last| last.at.0).max(now_us),
        axis: Axis::Time { length_us },
        length_us,
    };
    vec![
        look.lag(),
        look.copies(),
        look.waits(),
        look.answers(),
        look.reads(),
        look.load(),
    ]
}

/// Whether an operation ended in one way.
type IsOne = fn(&Ended) -> bool;

/// A run at its cursor, as the charts see it.
struct Look<'a> {
    run: &'a dyn Run,
    tally: &'a Tally,
    happened: usize,
    now_us: u64,
    known_us: u64,
    length_us: u64,
    axis: Axis,
}

impl Look<'_> {
    fn node(&self, node: usize) -> String {
        let names = &self.run.scenario().names.nodes;
        names.get(node).cloned().unwrap_or_default()
    }

    fn over_time(
        &self,
        id: &'static str,
        title: &'static str,
        sentence: String,
        rows: Vec<Row>,
    ) -> Chart {
        Chart {
            id,
            title,
            sentence,
            rows,
            cursor: Some(self.now_us.min(self.length_us) as f64 / self.length_us as f64),
            ends: ["0 s".to_owned(), duration(self.length_us)],
        }
    }

    fn lag(&self) -> Chart {
        let most = |steps: &lag::Steps<Behind>, happened: usize, until_us: u64| {
            let steps = steps.before(happened);
            let ends = steps.iter().skip(1).map(|step| step.at_us);
            let ends = ends.chain([until_us]);
            let ages = steps.iter().zip(ends);
            ages.map(|(step, end_us)| step.is.us_at(end_us)).max()
        };
        let lags = &self.tally.lag;
        // Without a leader there may be replicas that hold no copy of any key, and can't lack anything.
        let scenario = self.run.scenario();
        let structure = &scenario.structure;
        let keys = (0..scenario.names.keys.len() as u8).map(KeyId);
        let copies: Vec<usize> = keys
            .flat_map(|key| structure.copies_of(key))
            .map(|node| usize::from(node.0))
            .collect();
        let has_copies =
            |node: usize| structure.kind != ProtocolKind::Leaderless || copies.contains(&node);
        let highest = lags
            .iter()
            .filter_map(|steps| most(steps, usize::MAX, self.known_us));
        let highest_us = highest.max().unwrap_or(0);
        let row = |(node, steps): (usize, &lag::Steps<Behind>)| {
            let behind = steps.at(self.happened).unwrap_or_default();
            Row {
                name: self.node(node),
                value: match behind.entries {
                    0 if !has_copies(node) => "no copy".to_owned(),
                    0 => "caught up".to_owned(),
                    entries => format!("−{entries} · {}", duration(behind.us_at(self.now_us))),
                },
                tone: match behind.entries {
                    0 if !has_copies(node) => Tone::Muted,
                    0 => Tone::Ok,
                    _ => Tone::Warn,
                },
                shapes: Plot::new(self.axis).ages(&steps.0, self.known_us, highest_us),
            }
        };
        let rows: Vec<Row> = lags.iter().enumerate().map(row).collect();
        let so_far = lags.iter().enumerate().filter_map(|(node, steps)| {
            most(steps, self.happened, self.now_us).map(|us| (us, node))
        });
        let sentence = match so_far.max_by_key(|(us, node)| (*us, usize::MAX - node)) {
            Some((us, node)) if us > 0 => format!(
                "At most {} so far, at {}. Full height: {}.",
                duration(us),
                self.node(node),
                duration(highest_us)
            ),
            _ => "Nobody has lacked anything so far.".to_owned(),
        };
        self.over_time("lag", "How far behind each replica is", sentence, rows)
    }

    fn copies(&self) -> Chart {
        let now = self.tally.copies.at(self.happened);
        let value = now.map_or("–".to_owned(), |now| {
            format!("{} of {}", now.have, now.of)
        });
        let sentence = match now {
            None => "No write has been acknowledged yet.".to_owned(),
            Some(now) => format!(
                "#{}, the newest acknowledged write, or what replaced it, is on {} of {}.",
                now.write.0,
                now.have,
                count(u64::from(now.of), "disk", "disks"),
            ),
        };
        let tone = match now {
            Some(now) if now.have == 0 => Tone::Bad,
            Some(now) if now.have == 1 && now.of > 1 => Tone::Warn,
            Some(_) => Tone::Ok,
            None => Tone::Muted,
        };
        let steps = &self.tally.copies.0;
        let shapes = Plot::new(self.axis).shares(steps, self.known_us);
        let row = Row {
            name: "on disk".to_owned(),
            value,
            tone,
            shapes,
        };
        let title = "Copies of the newest write";
        self.over_time("copies", title, sentence, vec![row])
    }

    fn waits(&self) -> Chart {
        let ended = self.tally.ended_before(self.happened);
        let took = |write: bool| -> Vec<u64> {
            let answered = ended
                .iter()
                .filter(|op| is_answered(op) && op.write == write);
            answered.map(|op| op.took_us).collect()
        };
        let all = [("writes", took(true)), ("reads", took(false))];
        let longest_us = all.iter().flat_map(|(_, took)| took).max().copied();
        let longest_us = longest_us.unwrap_or(0).max(1);
        let mut said = Vec::new();
        let mut rows = Vec::new();
        for (name, took) in all {
            let number = took.len();
            let shapes = Plot::new(Axis::Wait { longest_us });
            let of = latency(took.clone());
            let Some(Latency { p50, p99 }) = of else {
                rows.push(Row::empty(name));
                continue;
            };
            said.push(count(number as u64, &name[..name.len() - 1], name));
            rows.push(Row {
                name: name.to_owned(),
                value: both(p50, p99),
                tone: Tone::Ink,
                shapes: shapes.marks_of(took.into_iter(), Tone::Client, &[p50, p99]),
            });
        }
        let left_out = ended.iter().filter(|op| !is_answered(op)).count();
        let mut sentence = match said.is_empty() {
            true => "Nothing has been answered yet.".to_owned(),
            false => format!("{}: half, and 99 in 100, took no longer.", listed_of(&said)),
        };
        if left_out > 0 {
            sentence += &format!(" Left out: {left_out} refused or without an answer.");
        }
        Chart {
            id: "waits",
            title: "How long clients waited: p50 · p99",
            sentence,
            rows,
            cursor: None,
            ends: ["0 ms".to_owned(), duration(longest_us)],
        }
    }

    fn answers(&self) -> Chart {
        let total = self.tally.ended_before(self.happened).len();
        let kinds: [(&str, Tone, IsOne); 3] = [
            ("answered", Tone::Ok, is_answered),
            ("refused", Tone::Warn, |op| {
                matches!(op.outcome, Outcome::Refused | Outcome::PositionLost)
            }),
            ("unknown", Tone::Bad, |op| op.outcome == Outcome::Unknown),
        ];
        let mut numbers = Vec::new();
        let rows = kinds.map(|(name, tone, is)| {
            let before = self.tally.ended_before(self.happened);
            let number = before.iter().filter(|op| is(op)).count();
            numbers.push(number);
            let at = self.tally.ended.iter().filter(|op| is(op));
            Row {
                name: name.to_owned(),
                value: number.to_string(),
                tone: if number > 0 { tone } else { Tone::Muted },
                shapes: Plot::new(self.axis).marks_of(at.map(|op| op.at_us), tone, &[]),
            }
        });
        let sentence = match total {
            0 => "No operation is over yet.".to_owned(),
            _ => format!(
                "{} of {} got an answer. Unknown is none in time: it may have happened.",
                numbers[0],
                count(total as u64, "operation", "operations"),
            ),
        };
        let title = "What came of each operation";
        self.over_time("answers", title, sentence, rows.into())
    }

    fn reads(&self) -> Chart {
        let before = self.tally.reads_before(self.happened);
        let rows =
            [("fresh", Tone::Ok, false), ("stale", Tone::Bad, true)].map(|(name, tone, stale)| {
                let number = before.iter().filter(|read| read.stale == stale).count();
                let at = self.tally.reads.iter().filter(|read| read.stale == stale);
                Row {
                    name: name.to_owned(),
                    value: number.to_string(),
                    tone: if number > 0 { tone } else { Tone::Muted },
                    shapes: Plot::new(self.axis).marks_of(at.map(|read| read.at_us), tone, &[]),
                }
            });
        let stale = before.iter().filter(|read| read.stale).count();
        let sentence = match before.len() {
            0 => "Nothing has been read yet.".to_owned(),
            all => format!(
                "{stale} of {} lacked a write that somebody had been told “done” for before.",
                count(all as u64, "value that was read", "values that were read"),
            ),
        };
        self.over_time("reads", "What reads returned", sentence, rows.into())
    }

    fn load(&self) -> Chart {
        let reached = self.tally.reached.iter().map(|reached| {
            let happened = reached.partition_point(|one| one.seq.index() < self.happened);
            let clients = reached[..happened].iter().filter(|one| one.from_client);
            (happened, clients.count())
        });
        let loads: Vec<(usize, usize)> = reached.collect();
        let most = loads.iter().map(|(all, _)| *all).max().unwrap_or(0);
        let rows = loads.iter().enumerate().map(|(node, (all, clients))| Row {
            name: self.node(node),
            value: format!("{all} · {clients}"),
            tone: Tone::Ink,
            shapes: draw::bars(*all, *clients, most),
        });
        let busiest: Vec<String> = loads
            .iter()
            .enumerate()
            .filter(|(_, (all, _))| *all == most)
            .map(|(node, _)| self.node(node))
            .collect();
        let sentence = match most {
            0 => "No message has reached a node yet.".to_owned(),
            most => format!(
                "Most reached {}: {}, heartbeats too. The first part of each bar came from clients.",
                listed(&busiest),
                count(most as u64, "message", "messages")
            ),
        };
        Chart {
            id: "load",
            title: "Load: messages in · from clients",
            sentence,
            rows: rows.collect(),
            cursor: None,
            ends: ["0".to_owned(), most.to_string()],
        }
    }
}

/// "31 · 140 ms", "0.9 ms · 1.2 s".
fn both(p50: u64, p99: u64) -> String {
    let (p50, p99) = (duration(p50), duration(p99));
    match (p50.strip_suffix(" ms"), p99.ends_with(" ms")) {
        (Some(p50), true) => format!("{p50} · {p99}"),
        _ => format!("{p50} · {p99}"),
    }
}

/// "p50 and p99 are of 3 writes and 12 reads".
fn listed_of(numbers: &[String]) -> String {
    format!("p50 and p99 are of {}", listed(numbers))
}

impl Row {
    fn empty(name: &str) -> Row {
        Row {
            name: name.to_owned(),
            value: "–".to_owned(),
            tone: Tone::Muted,
            shapes: Vec::new(),
        }
    }
}

/// Whether an operation was done or answered.
fn is_answered(op: &Ended) -> bool {
    matches!(op.outcome, Outcome::Written { .. } | Outcome::Answered)
}
