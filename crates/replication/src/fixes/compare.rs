//! What a change did to a run, in words.
//!
//! A promise that a change leaves untested is not kept by it; one that is kept while another is newly
//! broken is kept at that price, and it is said.

use serde::{Deserialize, Serialize};

use super::trial::{Price, Standing, Trial};
use crate::measure::{Latency, Operations};
use crate::promise::{Promise, State};

/// What a change did to a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// In a word.
    pub effect: Effect,
    /// In a few words: "still broken (3 of 12 times)", "kept (checked 14 times)", "no longer tested: every
    /// read was refused".
    pub verdict: String,
    /// Promises that the change broke.
    pub now_broken: Vec<Promise>,
    /// Other promises that were broken, and are kept with the change.
    pub also_kept: Vec<Promise>,
    /// What differs in what the run cost, a phrase each: "half of the writes took up to 345 ms (before: 26 ms)".
    pub price: Vec<String>,
    /// What differs in what is true at the end, a phrase each: "balance is 40 in the end (before: -20)".
    pub truth: Vec<String>,
}

/// What a change did to a promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// It is tested, and kept, and nothing else is newly broken.
    Kept,
    /// It is tested, and kept, and another promise is newly broken.
    KeptBut,
    /// It is broken.
    Broken,
    /// Nothing tests it any more: that is not to keep it.
    Untested,
}

/// Compares a run with the same run after a change, for the promise that the change is meant to keep.
pub fn compare(before: &Trial, after: &Trial, promise: Promise) -> Comparison {
    let is_broken = |trial: &Trial, promise| trial.of(promise).state == State::Broken;
    let others = || Promise::ALL.into_iter().filter(|other| *other != promise);
    let now_broken: Vec<Promise> = others()
        .filter(|other| is_broken(after, *other) && !is_broken(before, *other))
        .collect();
    let also_kept: Vec<Promise> = others()
        .filter(|other| is_broken(before, *other))
        .filter(|other| matches!(after.of(*other).state, State::Kept | State::AtRisk))
        .collect();
    let standing = after.of(promise);
    let effect = match standing.state {
        State::Broken => Effect::Broken,
        State::Unknown => Effect::Untested,
        State::Kept | State::AtRisk if standing.checked == 0 => Effect::Untested,
        State::Kept | State::AtRisk if now_broken.is_empty() => Effect::Kept,
        State::Kept | State::AtRisk => Effect::KeptBut,
    };
    let mut verdict = match effect {
        Effect::Broken => broken(standing),
        Effect::Untested => format!("no longer tested: {}", why_untested(&after.price)),
        Effect::Kept | Effect::KeptBut => kept(standing),
    };
    if !now_broken.is_empty() {
        let and = if effect == Effect::KeptBut {
            "but"
        } else {
            "and"
        };
        let titles: Vec<String> = now_broken
            .iter()
            .map(|promise| format!("“{}”", promise.title()))
            .collect();
        let are = if titles.len() == 1 { "is" } else { "are" };
        verdict += &format!(", {and} now {} {are} broken", titles.join(" and "));
    }
    Comparison {
        effect,
        verdict,
        now_broken,
        also_kept,
        price: price(&before.price, &after.price),
        truth: truth(before, after),
    }
}

fn broken(standing: &Standing) -> String {
    let Standing {
        checked,
        violations,
        ..
    } = standing;
    match violations <= checked {
        true => format!("still broken ({violations} of {})", times(*checked)),
        false => format!("still broken ({})", times(*violations)),
    }
}

fn kept(standing: &Standing) -> String {
    let at_risk = match standing.state {
        State::AtRisk => "; one more crash could break it",
        _ => "",
    };
    match standing.checked {
        1 => format!("kept (checked once{at_risk})"),
        checked => format!("kept (checked {}{at_risk})", times(checked)),
    }
}

fn times(count: u32) -> String {
    format!("{count} {}", if count == 1 { "time" } else { "times" })
}

fn why_untested(price: &Price) -> &'static str {
    let none_done = |operations: &Operations| operations.ok == 0 && begun(operations) > 0;
    let all_refused = |operations: &Operations| operations.refused == begun(operations);
    match price {
        Price { reads, .. } if none_done(reads) && all_refused(reads) => "every read was refused",
        Price { writes, .. } if none_done(writes) && all_refused(writes) => {
            "every write was refused"
        }
        Price { reads, .. } if none_done(reads) => "no read was answered",
        Price { writes, .. } if none_done(writes) => "no write was told “done”",
        _ => "nothing that happens in the run tests it",
    }
}

/// How many operations there were.
fn begun(operations: &Operations) -> u32 {
    let Operations {
        ok,
        refused,
        unknown,
        pending,
    } = operations;
    ok + refused + unknown + pending
}

fn price(before: &Price, after: &Price) -> Vec<String> {
    let mut phrases = Vec::new();
    let (was, is) = (before.write_latency_us, after.write_latency_us);
    latency("writes", was, is, &mut phrases);
    let (was, is) = (before.read_latency_us, after.read_latency_us);
    latency("reads", was, is, &mut phrases);
    counts("write", &before.writes, &after.writes, &mut phrases);
    counts("read", &before.reads, &after.reads, &mut phrases);
    let (was, is) = (&before.busiest, &after.busiest);
    match (was, is) {
        (Some(was), Some(is)) if was.percent() == is.percent() => {}
        (Some(was), Some(is)) if was.node != is.node => phrases.push(format!(
            "{} has most to do, {} % of it (before: {}, {} %)",
            is.node,
            is.percent(),
            was.node,
            was.percent()
        )),
        (Some(was), Some(is)) => phrases.push(format!(
            "{} has {} % of the work (before: {} %)",
            is.node,
            is.percent(),
            was.percent()
        )),
        _ => {}
    }
    phrases
}

fn latency(what: &str, was: Option<Latency>, is: Option<Latency>, phrases: &mut Vec<String>) {
    let (Some(was), Some(is)) = (was, is) else {
        return;
    };
    let mut say = |which: &str, was: u64, is: u64| {
        let (was, is) = (ms(was), ms(is));
        if was != is {
            phrases.push(format!("{which} {what} took up to {is} (before: {was})"));
        }
    };
    if (was.p50, is.p50) == (was.p99, is.p99) {
        say("the", was.p99, is.p99);
    } else {
        say("half of the", was.p50, is.p50);
        say("99 % of the", was.p99, is.p99);
    }
}

fn counts(what: &str, was: &Operations, is: &Operations, phrases: &mut Vec<String>) {
    let all = begun(is);
    let s = if all == 1 { "" } else { "s" };
    let mut count = |is: u32, was: u32, how: &str| {
        if is != was {
            phrases.push(format!("{is} of {all} {what}{s} {how} (before: {was})"));
        }
    };
    count(is.refused, was.refused, "refused");
    count(is.unknown, was.unknown, "without an answer in time");
    count(is.pending, was.pending, "still waiting at the end");
}

fn truth(before: &Trial, after: &Trial) -> Vec<String> {
    let changed = before.truth.iter().zip(&after.truth);
    changed
        .filter(|(was, is)| was != is)
        .map(|(was, is)| {
            let (was, values) = (was.values.join(" | "), is.values.join(" | "));
            format!("{} is {values} in the end (before: {was})", is.key)
        })
        .collect()
}

/// Microseconds, in milliseconds, to about three digits.
fn ms(us: u64) -> String {
    match us {
        100_000.. => format!("{} ms", (us + 500) / 1000),
        10_000.. => {
            let tenths = (us + 50) / 100;
            format!("{}.{} ms", tenths / 10, tenths % 10)
        }
        _ => {
            let hundredths = (us + 5) / 10;
            format!("{}.{:02} ms", hundredths / 100, hundredths % 100)
        }
    }
}
