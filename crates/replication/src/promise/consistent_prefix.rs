//! Consistent prefix: one view never shows a write without one that happened before it.
//!
//! A view is one read of several keys. Broken when it shows a write, but for another of its keys
//! something older than a write that happened before the first: a write that the first one's session
//! had been told "done" for, or had seen, before it made the first; and so on from what it had seen.
//! That is session order and reads-from, never wall time.
//!
//! A session's write whose outcome is unknown stays open: it isn't *before* what the session did next
//! until the session has seen it. It may take effect later, or never, and even a linearizable system
//! may then show the next one alone.
//!
//! A view is judged as its answers arrive, on what it has shown by then. It counts as tested once it
//! shows a write together with a key that the write depends on, and as broken once at the most.

use std::fmt::{Display, from_fn};

use crate::ids::{Held, KeyId, Version, WriteId};
use crate::promise::cause::{Lacking, Missing, Since};
use crate::promise::evidence::in_order;
use crate::promise::sessions::Sessions;
use crate::promise::{Case, Monitor, Promise, Violation, words};
use crate::scenario::Scenario;
use crate::trace::{Action, Kind, Outcome, Record, Seq};

/// The monitor.
#[derive(Clone, Debug)]
pub(super) struct ConsistentPrefix {
    keys: usize,
    sessions: Sessions,
    /// By client and key: the newest write that the session knows of, by its own or by what it saw.
    known: Vec<Option<Known>>,
    /// By client and key: the write that the session got to know of last.
    learnt: Vec<Option<WriteId>>,
    /// By write, from #1, and key: what its session knew of when it made it.
    past: Vec<Option<Known>>,
    /// By write, from #1.
    writes: Vec<Write>,
    /// By client: what its open read has shown.
    views: Vec<View>,
    checked: u32,
}

/// A write that a session knows of.
#[derive(Clone, Copy, Debug)]
struct Known {
    write: WriteId,
    /// The record by which it does: its own write's end, or its seeing this write or a later one.
    by: Seq,
}

/// A write.
#[derive(Clone, Copy, Debug, Default)]
struct Write {
    invoked: Option<Seq>,
    /// Once somebody was told it.
    version: Option<Version>,
}

/// One view so far.
#[derive(Clone, Debug, Default)]
struct View {
    shown: Vec<Shown>,
    tested: bool,
    broken: bool,
}

/// A key's value in a view.
#[derive(Clone, Copy, Debug)]
struct Shown {
    key: KeyId,
    held: Held,
    saw: Seq,
}

/// A view that shows a write without its past.
#[derive(Clone, Copy, Debug)]
pub(super) struct Finding {
    view: Seq,
    at: Seq,
    /// The write, as the view shows it.
    later: WriteId,
    later_saw: Seq,
    /// The other key, as the view shows it.
    stale_saw: Seq,
    stale: Option<Version>,
    /// What it should have shown, or something newer.
    earlier: Missing,
}

impl ConsistentPrefix {
    /// A monitor that has seen nothing yet.
    pub fn new(scenario: &Scenario) -> Self {
        let (clients, keys) = (scenario.clients.len(), usize::from(scenario.structure.keys));
        ConsistentPrefix {
            keys,
            sessions: Sessions::new(clients),
            known: vec![None; clients * keys],
            learnt: vec![None; clients * keys],
            past: Vec::new(),
            writes: Vec::new(),
            views: vec![View::default(); clients],
            checked: 0,
        }
    }

    /// A session makes a write: what it knows now happened before.
    fn made(&mut self, client: usize, write: WriteId, invoked: Seq) {
        self.write(write).invoked = Some(invoked);
        let (known, past) = (client * self.keys, place(write) * self.keys);
        self.past[past..past + self.keys].copy_from_slice(&self.known[known..known + self.keys]);
    }

    /// A session gets to know of a write, and of what happened before it.
    fn learn(&mut self, client: usize, key: KeyId, write: WriteId, version: Version, by: Seq) {
        let last = &mut self.learnt[client * self.keys + usize::from(key.0)];
        if *last == Some(write) {
            return; // What happened before it was learnt with it.
        }
        *last = Some(write);
        self.write(write).version = Some(version);
        for other in 0..self.keys {
            if let Some(before) = self.past[place(write) * self.keys + other] {
                self.raise(
                    client,
                    other,
                    Known {
                        write: before.write,
                        by,
                    },
                );
            }
        }
        self.raise(client, usize::from(key.0), Known { write, by });
    }

    /// Keeps the newer of what a session knows and what it hears of.
    fn raise(&mut self, client: usize, key: usize, heard: Known) {
        let known = self.known[client * self.keys + key];
        // Most often it is the same again.
        let is_news = known.is_none_or(|known| {
            known.write != heard.write && self.version(known.write) < self.version(heard.write)
        });
        if is_news {
            self.known[client * self.keys + key] = Some(heard);
        }
    }

    /// A view shows one more key: tests it against what is shown already, both ways.
    fn show(&mut self, client: usize, view: Seq, now: Shown, found: &mut Vec<Finding>) {
        let mut tested = false;
        let mut broken = None;
        for other in &self.views[client].shown {
            for (later, stale) in [(now, *other), (*other, now)] {
                let Some(write) = later.held.write else {
                    continue;
                };
                let Some(before) = self.past_of(write, stale.key) else {
                    continue;
                };
                tested = true;
                let version = self.version(before.write);
                if stale.held.version < version {
                    let version = version.expect("greater than something");
                    let earlier = Missing {
                        write: before.write,
                        key: stale.key,
                        version,
                    };
                    broken.get_or_insert(Finding {
                        view,
                        at: now.saw,
                        later: write,
                        later_saw: later.saw,
                        stale_saw: stale.saw,
                        stale: stale.held.version,
                        earlier,
                    });
                }
            }
        }
        let state = &mut self.views[client];
        state.shown.push(now);
        self.checked += u32::from(tested && !state.tested);
        state.tested |= tested;
        if let Some(finding) = broken
            && !state.broken
        {
            state.broken = true;
            found.push(finding);
        }
    }

    /// The newest write to a key that happened before a write.
    fn past_of(&self, write: WriteId, key: KeyId) -> Option<Known> {
        *self
            .past
            .get(place(write) * self.keys + usize::from(key.0))?
    }

    fn version(&self, write: WriteId) -> Option<Version> {
        self.writes.get(place(write))?.version
    }

    /// The write, with room for it.
    fn write(&mut self, write: WriteId) -> &mut Write {
        let count = place(write) + 1;
        if self.writes.len() < count {
            self.writes.resize(count, Write::default());
            self.past.resize(count * self.keys, None);
        }
        &mut self.writes[place(write)]
    }

    /// How the session of the later write knew of a write that the stale key lacks: that write, and the
    /// records that lead to it, from the last to the first. Where the session had seen a write whose own
    /// session knew of it, that session's knowledge too, and so on.
    fn chain(&self, finding: &Finding, case: &Case<'_>) -> (Missing, Vec<Seq>) {
        let key = finding.earlier.key;
        let mut chain = Vec::new();
        let mut write = finding.later;
        // Each step goes back in the trace, so this ends.
        while let Some(known) = self.past_of(write, key) {
            chain.extend(self.writes[place(write)].invoked);
            chain.push(known.by);
            let Some(Record {
                kind: Kind::Saw { key: of, held, .. },
                ..
            }) = case.record(known.by)
            else {
                chain.extend(self.writes[place(known.write)].invoked);
                break;
            };
            let (Some(seen), Some(version)) = (held.write, held.version) else {
                break;
            };
            if *of == key && held.version > finding.stale {
                // Not always the newest that is lacking, but the first on the way to it.
                return (
                    Missing {
                        write: seen,
                        key,
                        version,
                    },
                    chain,
                );
            }
            write = seen;
        }
        (finding.earlier, chain)
    }
}

impl Monitor for ConsistentPrefix {
    type Finding = Finding;

    fn observe(&mut self, record: &Record, found: &mut Vec<Finding>) {
        if self.keys < 2 {
            return; // On one key it means nothing.
        }
        match record.kind {
            Kind::Invoked { op, action } => {
                self.sessions.begin(op, action, record.seq);
                let client = usize::from(op.client.0);
                match action {
                    Action::Write { write, .. } => self.made(client, write, record.seq),
                    Action::Read { .. } => self.views[client].clear(),
                }
            }
            Kind::Saw { op, key, held, .. } => {
                let client = usize::from(op.client.0);
                if let (Some(write), Some(version)) = (held.write, held.version) {
                    self.learn(client, key, write, version, record.seq);
                }
                if let Some(open) = self.sessions.open(op) {
                    self.show(
                        client,
                        open.invoked,
                        Shown {
                            key,
                            held,
                            saw: record.seq,
                        },
                        found,
                    );
                }
            }
            Kind::Ended { op, outcome } => {
                let Some(open) = self.sessions.end(op) else {
                    return;
                };
                if let (Action::Write { write, key, .. }, Outcome::Written { version }) =
                    (open.action, outcome)
                {
                    self.learn(usize::from(op.client.0), key, write, version, record.seq);
                }
            }
            _ => {}
        }
    }

    fn checked(&self) -> u32 {
        self.checked
    }

    fn explain(&self, finding: &Finding, case: &Case<'_>) -> Violation {
        let Finding {
            view,
            at,
            later,
            later_saw,
            stale_saw,
            ..
        } = *finding;
        let (earlier, chain) = self.chain(finding, case);
        let mut evidence = vec![view, later_saw, stale_saw];
        let mut title = String::new();
        let mut sentence = String::new();
        if let (Some(saw), Some(lacked)) = (case.record(later_saw), case.record(stale_saw))
            && let Kind::Saw {
                op,
                key,
                from,
                held,
            } = saw.kind
            && let Kind::Saw {
                key: stale_key,
                from: stale_from,
                held: stale,
                ..
            } = lacked.kind
        {
            let names = case.names();
            let client = names.client(op.client);
            let (key, stale_key) = (names.key(key), names.key(stale_key));
            title = format!(
                "{client} saw {key} ({}) without {stale_key} ({})",
                words::chip(later),
                words::chip(earlier.write),
            );
            let lacking = Lacking::of(case, lacked, earlier);
            evidence.extend(lacking.evidence());
            sentence = format!(
                "{client}’s view showed {key} = {}, from {}, but {stale_key} = {}, from {}. {}{}.",
                words::shown(names, held),
                names.node(from),
                words::shown(names, stale),
                names.node(stale_from),
                told_known(case, &chain, later, earlier.write),
                from_fn(|f| match lacking.told(case, earlier, Since::Answered) {
                    Some(causes) => write!(f, "; {causes}"),
                    None => Ok(()),
                }),
            );
        }
        evidence.extend(chain);
        Violation {
            promise: Promise::ConsistentPrefix,
            at,
            evidence: in_order(evidence),
            title,
            sentence,
        }
    }
}

impl View {
    fn clear(&mut self) {
        self.shown.clear();
        self.tested = false;
        self.broken = false;
    }
}

/// How the later write's session knew of the earlier write, in words and without a full stop.
fn told_known(case: &Case<'_>, chain: &[Seq], later: WriteId, earlier: WriteId) -> impl Display {
    from_fn(move |f| {
        let record = |place: usize| case.record(*chain.get(place)?);
        let (Some(made), Some(by)) = (record(0), record(1)) else {
            return Ok(());
        };
        let Kind::Invoked { op, .. } = made.kind else {
            return Ok(());
        };
        let (later, before) = (words::chip(later), words::chip(earlier));
        f.write_str(case.names().client(op.client))?;
        match by.kind {
            Kind::Saw {
                held: Held {
                    write: Some(seen), ..
                },
                ..
            } if seen != earlier => {
                write!(
                    f,
                    " had seen {}, which came after {before}, before writing {later}",
                    words::chip(seen)
                )
            }
            Kind::Saw { .. } => write!(f, " had seen {before} before writing {later}"),
            _ => write!(
                f,
                " had been told “done” for {before} before writing {later}"
            ),
        }
    })
}

/// A write's place in a table, from 0.
fn place(write: WriteId) -> usize {
    // Writes are numbered from 1.
    write.0 as usize - 1
}

#[cfg(test)]
mod tests {
    use crate::ids::{Held, KeyId};
    use crate::promise::testing::*;
    use crate::promise::{Promise, State};
    use crate::trace::Outcome;

    const PROMISE: Promise = Promise::ConsistentPrefix;

    /// Carol views two keys, the first from one replica and the second from another.
    fn view(history: &mut History, first: (KeyId, Held), second: (KeyId, Held)) {
        let op = history.reads(CAROL, &[first.0, second.0]);
        for (from, (key, held)) in [(F1, first), (F2, second)] {
            history.served(from, op, key, held);
            history.saw(op, key, from, held);
        }
        history.told(op, Outcome::Answered);
    }

    #[test]
    fn an_answer_without_its_question_breaks_it() {
        let mut history = History::of(one_leader(3));
        let question = history.at(10).writes(ALICE, PHOTO);
        history.appends(L, F2, question, Some(700));
        history.at(20).told_done(question);
        history.at(100).read(BOB, PHOTO, L, question.held());
        let answer = history.at(200).wrote(BOB, BALANCE);
        history.at(400);
        view(
            &mut history,
            (BALANCE, answer.held()),
            (PHOTO, Held::default()),
        );
        let violation = history.violation(PROMISE);
        assert_eq!(violation.title, "Carol saw balance (#2) without photo (#1)");
        assert_eq!(
            violation.sentence,
            "Carol’s view showed balance = 20 (#2), from F1, but photo = nothing, from F2. Bob had seen #1 before \
             writing #2; #1 was on the wire to F2, due 300 ms after F2 answered."
        );
    }

    #[test]
    fn it_is_broken_whichever_key_arrives_first() {
        for answer_first in [true, false] {
            let mut history = History::of(one_leader(3));
            history.at(10).wrote(ALICE, PHOTO);
            let answer = history.at(20).wrote(ALICE, BALANCE);
            history.at(30);
            let (one, other) = ((BALANCE, answer.held()), (PHOTO, Held::default()));
            let (one, other) = if answer_first {
                (one, other)
            } else {
                (other, one)
            };
            view(&mut history, one, other);
            let violation = history.violation(PROMISE);
            assert_eq!(
                violation.at.index(),
                history.trace.len() - 2,
                "the second value makes it"
            );
            assert!(
                violation
                    .sentence
                    .contains("Alice had been told “done” for #1 before writing #2")
            );
        }
    }

    #[test]
    fn what_was_before_what_a_session_saw_is_before_what_it_writes() {
        let mut history = History::of(one_leader(3));
        let likes = KeyId(2);
        history.at(10).wrote(ALICE, PHOTO);
        let second = history.at(20).wrote(ALICE, likes);
        // Bob sees the second write alone, and with it knows of the first.
        history.at(30).read(BOB, likes, L, second.held());
        let third = history.at(40).wrote(BOB, BALANCE);
        history.at(50);
        view(
            &mut history,
            (BALANCE, third.held()),
            (PHOTO, Held::default()),
        );
        let violation = history.violation(PROMISE);
        assert_eq!(violation.title, "Carol saw balance (#3) without photo (#1)");
        assert!(
            violation
                .sentence
                .contains("Bob had seen #2, which came after #1, before writing #3")
        );
    }

    #[test]
    fn both_or_neither_or_something_newer_keep_it() {
        let mut history = History::of(one_leader(3));
        let question = history.at(10).wrote(ALICE, PHOTO);
        let answer = history.at(20).wrote(ALICE, BALANCE);
        let newer = history.at(30).wrote(BOB, PHOTO);
        history.at(40);
        view(
            &mut history,
            (BALANCE, answer.held()),
            (PHOTO, question.held()),
        );
        view(
            &mut history,
            (BALANCE, answer.held()),
            (PHOTO, newer.held()),
        );
        view(
            &mut history,
            (BALANCE, Held::default()),
            (PHOTO, question.held()),
        );
        view(
            &mut history,
            (BALANCE, Held::default()),
            (PHOTO, Held::default()),
        );
        let verdict = history.verdict(PROMISE);
        // The last two show nothing that depends on anything.
        assert_eq!((verdict.state, verdict.checked), (State::Kept, 2));
    }

    #[test]
    fn writes_of_sessions_that_knew_nothing_of_each_other_are_in_no_order() {
        let mut history = History::of(one_leader(3));
        history.at(10).wrote(ALICE, PHOTO);
        let later = history.at(20).wrote(BOB, BALANCE);
        history.at(30);
        view(
            &mut history,
            (BALANCE, later.held()),
            (PHOTO, Held::default()),
        );
        assert_eq!(history.verdict(PROMISE).state, State::Unknown);
    }

    #[test]
    fn two_reads_are_not_one_view() {
        let mut history = History::of(one_leader(3));
        history.at(10).wrote(ALICE, PHOTO);
        let answer = history.at(20).wrote(ALICE, BALANCE);
        history.at(30).read(CAROL, BALANCE, F1, answer.held());
        history.at(40).read(CAROL, PHOTO, F2, Held::default());
        assert_eq!(history.verdict(PROMISE).state, State::Unknown);
    }

    #[test]
    fn a_write_of_unknown_outcome_comes_before_nothing_until_it_is_seen() {
        for seen in [false, true] {
            let mut history = History::of(one_leader(3));
            let question = history.at(10).writes(ALICE, PHOTO);
            history.appended(L, question);
            history.at(20).told(question.op, Outcome::Unknown);
            if seen {
                history.at(25).read(ALICE, PHOTO, L, question.held());
            }
            let answer = history.at(30).wrote(ALICE, BALANCE);
            history.at(40);
            view(
                &mut history,
                (BALANCE, answer.held()),
                (PHOTO, Held::default()),
            );
            let state = history.verdict(PROMISE).state;
            assert_eq!(state, if seen { State::Broken } else { State::Unknown });
        }
    }
}
