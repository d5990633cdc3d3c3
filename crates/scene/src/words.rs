//! What is said beside the stage: the caption, the truth, how the promises stand.

use std::cmp::Reverse;

use replication::engine::time::SimTime;
use replication::ids::KeyId;
use replication::promise::{Promise, State, Violation};
use replication::run::Run;
use replication::scenario::NarrationEvent;

use crate::beats::first_breaks;
use crate::events::uncapitalised;
use crate::index::{Acked, SceneIndex};
use crate::moment::Moment;
use crate::pace::reading_us;
use crate::quantity::{count, listed};
use crate::state::state_words;
use crate::tone::Tone;

/// What the page says first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caption {
    /// One short sentence.
    pub headline: String,
    /// One or two more.
    pub text: String,
}

/// How a promise stands, as a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromiseRow {
    /// Which.
    pub promise: Promise,
    /// Its name on the screen.
    pub title: &'static str,
    /// How it stands.
    pub state: State,
    /// The same as a sign: ✓ ✗ ! –
    pub mark: &'static str,
    /// The same in words: "kept so far · 12 checked".
    pub note: String,
    /// How often it was broken.
    pub violations: u32,
    /// Its colour.
    pub tone: Tone,
}

/// What to say at the cursor: the narration in force, or the story; and what is going on.
pub fn caption(run: &dyn Run, index: &SceneIndex, focus: Option<&Violation>) -> Caption {
    let now = Moment::of(run, index);
    let scenario = run.scenario();
    let line = narration(&now, focus);
    let told = line.unwrap_or(&scenario.story);
    if told.is_empty() {
        // Nobody tells this run: what is seen speaks for itself.
        return untold(&now);
    }
    let (headline, rest) = first_sentence(told);
    // A story is told before anything happens; after that, what happens is.
    let begun = now
        .clients()
        .iter()
        .any(|client| now.last_op(client.id).is_some());
    let text = match rest {
        "" => state_words(&now),
        _ if line.is_none() && begun => state_words(&now),
        rest => rest.to_owned(),
    };
    let stop = match headline.ends_with(['.', '!', '?', '…', '”']) {
        true => "",
        false => ".",
    };
    Caption {
        headline: format!("{headline}{stop}"),
        text,
    }
}

/// What is going on at the cursor, whoever tells the story; first the violation that is lit.
pub fn state_caption(run: &dyn Run, index: &SceneIndex, focus: Option<&Violation>) -> Caption {
    let now = Moment::of(run, index);
    match focus {
        Some(violation) => Caption {
            headline: format!("{}.", violation.title),
            text: state_words(&now),
        },
        None => untold(&now),
    }
}

fn untold(now: &Moment<'_>) -> Caption {
    let state = state_words(now);
    let (headline, rest) = first_sentence(&state);
    Caption {
        headline: headline.to_owned(),
        text: rest.to_owned(),
    }
}

/// What became of the promises that a run has tested up to the cursor, in a sentence.
pub fn verdict_words(run: &dyn Run) -> String {
    let state = |promise: &Promise| run.verdict(*promise).state;
    let tested = Promise::ALL
        .iter()
        .filter(|each| state(each) != State::Unknown);
    let broken: Vec<String> = Promise::ALL
        .iter()
        .filter(|each| state(each) == State::Broken)
        .map(|each| uncapitalised(each.title()))
        .collect();
    match (tested.count(), broken.len()) {
        (0, _) => "It tested no promise.".to_owned(),
        (1, 0) => "It kept the one promise that it tested.".to_owned(),
        (tested, 0) => format!("It kept all {tested} promises that it tested."),
        // More of them are seen at a glance among the promises.
        (tested, 1..=3) => {
            let (count, names) = (broken.len(), listed(&broken));
            format!("It broke {count} of the {tested} promises that it tested: {names}.")
        }
        (tested, count) => format!("It broke {count} of the {tested} promises that it tested."),
    }
}

/// Each promise at the cursor, in the order of the screen.
pub fn promise_rows(run: &dyn Run, index: &SceneIndex) -> Vec<PromiseRow> {
    let now = Moment::of(run, index);
    let over = run.ended().is_some_and(|(_, at)| at <= run.now());
    let kept = if over { "kept" } else { "kept so far" };
    let row = |promise: Promise| {
        let verdict = run.verdict(promise);
        let (checked, violations) = (verdict.checked, verdict.violations);
        let (mark, tone, note) = match verdict.state {
            State::Unknown => ("–", Tone::Muted, "not tested yet".to_owned()),
            State::Kept => ("✓", Tone::Ok, format!("{kept} · {checked} checked")),
            State::AtRisk => ("!", Tone::Warn, risk_words(&now)),
            State::Broken => ("✗", Tone::Bad, broken_words(promise, violations, checked)),
        };
        PromiseRow {
            promise,
            title: promise.title(),
            state: verdict.state,
            mark,
            note,
            violations,
            tone,
        }
    };
    Promise::ALL.into_iter().map(row).collect()
}

/// The line of narration that was last set off, or how a promise was broken for the first time; empty once something else
/// has begun since, and the line could be read. Where a violation is lit, it is what is told, unless a line tells of it.
fn narration<'a>(now: &Moment<'a>, focus: Option<&'a Violation>) -> Option<&'a str> {
    let over = |at: SimTime| now.now_us >= at.0;
    let moment_of = |violation: &Violation| violation.at.index() + 1;
    // Of several at one moment the first in the order of the screen says most.
    let broken = first_breaks(now.run)
        .filter(|violation| moment_of(violation) <= now.happened)
        .max_by_key(|violation| (violation.at, Reverse(violation.promise)))
        .map(|violation| (moment_of(violation), violation.title.as_str()));
    let lines = now.run.scenario().narration.iter();
    let lines = lines.filter_map(|line| {
        let at = match line.on {
            NarrationEvent::End => over(now.run.ended()?.1).then_some(usize::MAX),
            event => set_off(now, event).filter(|at| *at <= now.happened),
        };
        at.map(|at| (at, line.say.as_str()))
    });
    // Of those set off by the same record, the last one in the list; and who tells the story has the word.
    let line = lines.max_by_key(|(at, _)| *at);
    if let Some(violation) = focus
        && line.is_none_or(|(at, _)| at != moment_of(violation))
    {
        return Some(&violation.title);
    }
    let (at, say) = broken.into_iter().chain(line).max_by_key(|(at, _)| *at)?;
    match is_told(now, at) {
        true => Some(""),
        false => Some(say),
    }
}

/// Whether what was told after so many records is no longer what is going on.
fn is_told(now: &Moment<'_>, at: usize) -> bool {
    let began = || {
        let mut clients = now.clients().iter();
        clients.any(|client| {
            let last = now.index.last_op(client.id, now.happened);
            last.is_some_and(|op| op.invoked.index() >= at)
        })
    };
    let turned = || {
        let turns = now.index.turns();
        let so_far = turns.partition_point(|seq| seq.index() < now.happened);
        turns[..so_far].last().is_some_and(|seq| seq.index() >= at)
    };
    let records = now.run.records();
    let last = at.checked_sub(1).and_then(|last| records.get(last));
    let since_us = last.map_or(0, |record| record.at.0);
    let is_read = now.now_us > since_us + reading_us(now.run.scenario());
    is_read && (began() || turned())
}

/// After how many records something that narration waits for has happened, as far as that is known; the end
/// of the run is no record.
pub(crate) fn set_off(now: &Moment<'_>, event: NarrationEvent) -> Option<usize> {
    match event {
        NarrationEvent::Start => Some(0),
        NarrationEvent::End => None,
        NarrationEvent::Broken(promise) => {
            let violations = now.run.violations();
            let first = violations
                .iter()
                .find(|violation| violation.promise == promise)?;
            Some(first.at.index() + 1)
        }
        event => Some(now.index.first(event)?.index() + 1),
    }
}

/// The first sentence, and the rest.
fn first_sentence(text: &str) -> (&str, &str) {
    let mut end = None;
    let mut ended = false;
    for (i, c) in text.char_indices() {
        match c {
            '.' | '?' | '!' | '…' => ended = true,
            '"' | '”' | '’' | ')' => {}
            c if c.is_whitespace() && ended => {
                let next = text[i..].trim_start().chars().next();
                // "No. 7" and "v. 2" go on in small letters or digits.
                if next.is_some_and(|next| !next.is_lowercase() && !next.is_ascii_digit()) {
                    end = Some(i);
                    break;
                }
                ended = false;
            }
            _ => ended = false,
        }
    }
    match end {
        Some(end) => (&text[..end], text[end..].trim_start()),
        None => (text, ""),
    }
}

pub(crate) fn newest_of_all_keys<'b>(now: &'b Moment<'_>) -> Vec<&'b Acked> {
    let keys = (0..now.structure.keys).map(KeyId);
    keys.filter_map(|key| now.truth(key)).collect()
}

fn risk_words(now: &Moment<'_>) -> String {
    let few = newest_of_all_keys(now)
        .into_iter()
        .filter(|acked| now.holders(acked).len() == 1)
        .max_by_key(|acked| acked.seq);
    match few {
        Some(acked) => format!("#{} is at risk now", acked.write.0),
        None => "one more crash could break it".to_owned(),
    }
}

fn broken_words(promise: Promise, violations: u32, checked: u32) -> String {
    let checked = checked.max(violations);
    let of =
        |one: &str, many: &str| format!("{violations} of {}", count(u64::from(checked), one, many));
    match promise {
        Promise::ReadYourWrites
        | Promise::MonotonicReads
        | Promise::ConsistentPrefix
        | Promise::Causal
        | Promise::BoundedStaleness => format!("{} broke it", of("read", "reads")),
        Promise::MonotonicWrites | Promise::WritesFollowReads => {
            format!("{} out of order", of("arrival", "arrivals"))
        }
        Promise::Linearizable => format!("{} broke it", of("answer", "answers")),
        Promise::NoAckedWriteLost => format!("{} lost", of("write", "writes")),
        Promise::NoSilentOverwrite => {
            let dropped = count(u64::from(violations), "write", "writes");
            format!("{dropped} dropped in silence")
        }
        Promise::OneLeaderAtATime => format!("{} by a replaced leader", of("“done”", "“done”s")),
        Promise::Convergence => format!("apart {} that all was quiet", of("time", "times")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_split_after_its_first_sentence() {
        assert_eq!(first_sentence("One. Two."), ("One.", "Two."));
        assert_eq!(first_sentence("Only one"), ("Only one", ""));
        assert_eq!(
            first_sentence("She is told \"done.\" Then she looks."),
            ("She is told \"done.\"", "Then she looks.")
        );
        assert_eq!(
            first_sentence("It takes 0.5 s. Long!"),
            ("It takes 0.5 s.", "Long!")
        );
    }
}
