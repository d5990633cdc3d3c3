//! Causal: who saw a write never reads a state without one that happened before it.
//!
//! Causal convergence: broken when a session knows of a write, by its own or by what it saw, and a read that
//! it invokes later returns nothing that equals or supersedes a write to that key that happened before. That
//! is session order and reads-from (`past.rs`), never wall time; what is concurrent may come in any order, but
//! in the one that the protocol defines.
//!
//! Its smallest cases are those in which the missing write is the session's own (read your writes), or one
//! that it saw itself (monotonic reads). Each violation of those is one of this.
//!
//! The protocol's order may contradict what happened before: a clock that is behind puts a correction before
//! what it corrects. Who knows of the correction and reads the corrected value has been led back, too: no
//! order that respects causes allows it (the pattern WriteCORead of Bouajjani et al.).
//!
//! An answer counts as tested where its session knew of some write to that key. What one view shows by
//! one key without another is consistent prefix's: there nothing was read later.
//!
//! Of a merged value only the write that it is named after counts as what another session knew: a violation
//! is one, and some go unseen. What the session was shown itself must all be there later.
//!
//! Ahamad et al., "Causal memory" (1995); convergence: Bouajjani et al., "On verifying causal consistency"
//! (2017).

use std::fmt::{Display, from_fn};

use crate::ids::{Held, KeyId, Version, covers};
use crate::promise::cause::{Answer, Missing};
use crate::promise::evidence::in_order;
use crate::promise::monotonic_reads::{Seen, look};
use crate::promise::past::{Known, Past, Step};
use crate::promise::sessions::{Again, Sessions};
use crate::promise::shown::{self, Shown};
use crate::promise::{Case, Heard, Monitor, Promise, Violation, words};
use crate::scenario::Scenario;
use crate::trace::{Action, Kind, Outcome, Record, Seq};

/// The monitor.
#[derive(Clone, Debug)]
pub(super) struct Causal {
    sessions: Sessions,
    past: Past,
    /// By client and key: what the session saw, from its first merged value on.
    merged: Vec<Seen>,
    checked: u32,
}

/// A read that showed a state without something that its session knew of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Finding {
    read: Seq,
    shown: Shown,
    lacks: Lacks,
}

#[derive(Clone, Copy, Debug)]
enum Lacks {
    /// A write, and how the session knew of it.
    Write(Known, Missing),
    /// Part of a merged value, which the session saw there.
    Merged(Seq),
    /// A write that came after what was shown.
    Later(Known),
}

impl Causal {
    /// A monitor that has seen nothing yet.
    pub fn new(scenario: &Scenario) -> Self {
        let (clients, keys) = (scenario.clients.len(), usize::from(scenario.structure.keys));
        Causal {
            sessions: Sessions::new(clients),
            past: Past::new(scenario),
            merged: vec![Seen::default(); clients * keys],
            checked: 0,
        }
    }

    /// A read returns something: what its session knew of the key, and it lacks.
    fn answer(&mut self, client: usize, key: KeyId, saws: &[Record]) -> Option<Lacks> {
        let known = self.past.known(client, key);
        let merged = self.look_merged(client, key, saws);
        self.checked += u32::from(known.is_some());
        let covers = |version| shown::covers(saws, version);
        match self.past.lacked(known, key, covers) {
            Some((known, missing)) => Some(Lacks::Write(known, missing)),
            None => {
                let overtaken = known.filter(|known| {
                    let is_shown = |held: Held| held.write == Some(known.write);
                    self.past.is_overtaken(*known) && shown::held(saws).all(is_shown)
                });
                let later = overtaken.map(Lacks::Later);
                merged.map(Lacks::Merged).or(later)
            }
        }
    }

    /// Where the session saw a merged value before of which something is not there now.
    fn look_merged(&mut self, client: usize, key: KeyId, saws: &[Record]) -> Option<Seq> {
        let seen = &mut self.merged[client * self.past.keys() + usize::from(key.0)];
        let is_merged = |version: Option<Version>| matches!(version, Some(Version::Dotted { dot, seen }) if seen.covers(dot));
        if seen.is_empty() && !shown::held(saws).any(|held| is_merged(held.version)) {
            return None;
        }
        look(seen, saws)
    }
}

impl Monitor for Causal {
    type Finding = Finding;
    const HEARS: Heard = Heard::CLIENTS;

    fn observe(&mut self, what: &[Record], found: &mut Vec<Finding>) {
        let record = &what[0];
        match record.kind {
            Kind::Invoked { op, action } => {
                self.sessions.begin(op, action, record.seq);
                let client = usize::from(op.client.0);
                self.past.begin(client);
                if let Action::Write { write, .. } = action {
                    self.past.made(client, write, record.seq);
                }
            }
            Kind::Recognised { op, earlier, .. } => {
                self.sessions.recognise(op, earlier, record.seq)
            }
            Kind::Saw { op, key, .. } => {
                let client = usize::from(op.client.0);
                if let Some(open) = self.sessions.open(op) {
                    let lacks = self.answer(client, key, what);
                    found.extend(lacks.map(|lacks| Finding {
                        read: open.invoked,
                        shown: Shown::of(what),
                        lacks,
                    }));
                } else {
                    self.look_merged(client, key, what);
                }
                for saw in what {
                    if let Some(held) = shown::held_in(saw)
                        && let (Some(write), Some(version)) = (held.write, held.version)
                    {
                        self.past.learn(client, key, write, version, saw.seq);
                    }
                }
            }
            Kind::Ended { op, outcome } => {
                let Some(open) = self.sessions.end(op) else {
                    return;
                };
                if let Outcome::Written { version } = outcome {
                    let client = usize::from(op.client.0);
                    self.past.told_done(client, open, version, record.seq);
                }
            }
            _ => {}
        }
    }

    fn checked(&self) -> u32 {
        self.checked
    }

    fn explain(&self, finding: &Finding, case: &Case<'_>) -> Violation {
        let Finding { read, shown, .. } = *finding;
        let (missing, steps) = self.way(finding, case);
        let mut evidence = vec![read];
        evidence.extend(shown.seqs());
        evidence.extend(steps.iter().flat_map(Step::evidence));
        if matches!(finding.lacks, Lacks::Later(_)) {
            // When it was made is what counts, also where it was sent again.
            evidence.extend(missing.and_then(|missing| self.past.invoked(missing.write)));
        }
        let mut title = String::new();
        let mut sentence = String::new();
        if let (Some(last), Some(missing)) = (steps.first(), missing)
            && let Some(Record {
                kind: Kind::Saw { op, key, .. },
                ..
            }) = case.record(shown.last)
        {
            let names = case.names();
            let reader = names.client(op.client);
            let answer = Answer::of(case, shown, missing);
            evidence.extend(answer.evidence());
            title = match (&steps[..], case.record(last.by).map(|record| record.kind)) {
                _ if matches!(finding.lacks, Lacks::Later(_)) => format!(
                    "{reader} saw {} as it was before {}",
                    names.key(*key),
                    words::chip(missing.write),
                ),
                ([_], Some(Kind::Ended { .. })) => format!("{reader}’s own write is missing"),
                ([_], _) => format!("{reader}’s view went back in time"),
                _ => format!(
                    "{reader} read {} without {}, which came before {}",
                    names.key(*key),
                    words::chip(missing.write),
                    words::chip(last.write),
                ),
            };
            let learnt = case.at(last.by);
            sentence = format!(
                "{} at {}. {} later {}.",
                told(&steps, case),
                words::moment(learnt),
                words::span(answer.at(case).since_us(learnt)),
                answer.told(case),
            );
        }
        Violation {
            promise: Promise::Causal,
            at: shown.last,
            evidence: in_order(evidence),
            title,
            sentence,
        }
    }
}

impl Causal {
    /// How the session came to know of what it was not shown, from the last step to the first.
    fn way(&self, finding: &Finding, case: &Case<'_>) -> (Option<Missing>, Vec<Step>) {
        match finding.lacks {
            Lacks::Write(known, missing) => {
                let is_lacked = |version| {
                    let mut shown = case.held(finding.shown);
                    !shown.any(|shown| covers(shown.version, Some(version)))
                };
                let (missing, steps) = self.past.way(known, missing, case, is_lacked);
                (Some(missing), steps)
            }
            Lacks::Later(newest) => {
                let key = match case.record(finding.shown.last).map(|record| record.kind) {
                    Some(Kind::Saw { key, .. }) => key,
                    _ => return (None, Vec::new()),
                };
                match self.past.way_after(newest, key, case) {
                    Some((missing, steps)) => (Some(missing), steps),
                    None => (None, Vec::new()),
                }
            }
            Lacks::Merged(by) => {
                let Some(Kind::Saw { key, held, .. }) = case.record(by).map(|record| record.kind)
                else {
                    return (None, Vec::new());
                };
                let (Some(write), Some(version)) = (held.write, held.version) else {
                    return (None, Vec::new());
                };
                let missing = Missing {
                    write,
                    key,
                    version,
                };
                (Some(missing), vec![Step::sees(by, write, None)])
            }
        }
    }
}

/// How one session after the other came to know of it, in words, up to the moment at which the last did:
/// "Bob saw photo = 10 (#1), from L, and then wrote balance = 20 (#2); Carol saw #2".
fn told(steps: &[Step], case: &Case<'_>) -> impl Display {
    from_fn(move |f| {
        let names = case.names();
        for (place, step) in steps.iter().enumerate().rev() {
            let (is_first, is_last) = (place + 1 == steps.len(), place == 0);
            let record = case.record(step.by).map(|record| record.kind);
            match record {
                Some(Kind::Ended { op, .. }) => {
                    let write = step
                        .invoked
                        .map(|invoked| case.write_in_words(step.write, invoked));
                    if !is_first {
                        // That it was written is told already.
                        write!(f, "{} was told “done”", names.client(op.client))?;
                    } else if let Some(write) = write {
                        let (writer, again) = (names.client(op.client), Again::told(step.again));
                        write!(f, "{writer} wrote {write}{again}")?;
                    }
                    f.write_str(match (is_first, is_last) {
                        (false, _) => "",
                        (true, true) => " and was told “done”",
                        (true, false) => ", was told “done”",
                    })?;
                }
                Some(Kind::Saw {
                    op,
                    key,
                    from,
                    held,
                }) => {
                    write!(f, "{} saw ", names.client(op.client))?;
                    if is_first {
                        let (key, shown) = (names.key(key), words::shown(names, held));
                        write!(f, "{key} = {shown}, from {},", names.node(from))?;
                    } else {
                        write!(f, "{}", words::chip(step.write))?;
                    }
                }
                _ => {}
            }
            // What it made of that, which the next one saw.
            let next = place.checked_sub(1).map(|next| &steps[next]);
            if let Some(Step {
                write,
                invoked: Some(invoked),
                ..
            }) = next
            {
                write!(
                    f,
                    " and then wrote {}; ",
                    case.write_in_words(*write, *invoked)
                )?;
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests;
