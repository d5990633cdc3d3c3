//! Consistent prefix: one view never shows a write without one that happened before it.
//!
//! A view is one read of several keys. Broken when it shows a write, but for another of its keys
//! something older than a write that happened before the first: a write that the first one's session
//! had been told "done" for, or had seen, before it made the first; and so on from what it had seen.
//! That is session order and reads-from, never wall time.
//!
//! `past.rs` says what that is, also of writes whose outcome is unknown.
//!
//! Under version vectors what a session knows of a key may be several writes side by side; a key lacks one
//! of them where none of the siblings that the view shows covers it. Of a merged value only the write that
//! it is named after counts as shown: a violation is one, and some go unseen.
//!
//! A view is judged as its answers arrive, on what it has shown by then. It counts as tested once it
//! shows a write together with a key that the write depends on, and as broken once at the most.

use std::fmt::{Display, from_fn};

use crate::ids::{Held, KeyId, WriteId, covers};
use crate::promise::cause::{Lacking, Missing, Since};
use crate::promise::evidence::in_order;
use crate::promise::past::{Known, Past};
use crate::promise::sessions::Sessions;
use crate::promise::shown::{self, Shown};
use crate::promise::{Case, Heard, Monitor, Promise, Violation, words};
use crate::scenario::Scenario;
use crate::trace::{Action, Kind, Outcome, Record, Seq};

/// The monitor.
#[derive(Clone, Debug)]
pub(super) struct ConsistentPrefix {
    sessions: Sessions,
    past: Past,
    /// By client: what its open read has shown.
    views: Vec<View>,
    checked: u32,
}

/// One view so far.
#[derive(Clone, Debug, Default)]
struct View {
    keys: Vec<ShownKey>,
    /// Their values, one key after another.
    held: Vec<Held>,
    tested: bool,
    broken: bool,
}

/// A key in a view.
#[derive(Clone, Copy, Debug)]
struct ShownKey {
    key: KeyId,
    shown: Shown,
    /// Where its values are, and how many.
    held: (usize, usize),
}

/// A view that shows a write without its past.
#[derive(Clone, Copy, Debug)]
pub(super) struct Finding {
    view: Seq,
    at: Seq,
    /// The write, as the view shows it.
    later: WriteId,
    later_shown: Shown,
    /// The other key, as the view shows it.
    stale_shown: Shown,
    /// What it should have shown, or something newer.
    earlier: Missing,
    /// How the session of the later write knew of that.
    knew: Known,
}

impl ConsistentPrefix {
    /// A monitor that has seen nothing yet.
    pub fn new(scenario: &Scenario) -> Self {
        ConsistentPrefix {
            sessions: Sessions::new(scenario.clients.len()),
            past: Past::new(scenario),
            views: vec![View::default(); scenario.clients.len()],
            checked: 0,
        }
    }

    /// A view shows one more key: tests it against what is shown already, both ways.
    fn show(&mut self, client: usize, view: Seq, saws: &[Record], found: &mut Vec<Finding>) {
        let Kind::Saw { key, .. } = saws[0].kind else {
            return;
        };
        let state = &mut self.views[client];
        let held = (state.held.len(), saws.len());
        state.held.extend(shown::held(saws));
        let now = ShownKey {
            key,
            shown: Shown::of(saws),
            held,
        };
        let mut tested = false;
        let mut broken = None;
        for other in &self.views[client].keys {
            for (later, stale) in [(now, *other), (*other, now)] {
                for write in self
                    .held(client, later)
                    .iter()
                    .filter_map(|held| held.write)
                {
                    let before = self.past.before(write, stale.key);
                    tested |= before.is_some();
                    if broken.is_none()
                        && let Some((knew, earlier)) = self.lacked(client, stale, before)
                    {
                        broken = Some(Finding {
                            view,
                            at: now.shown.last,
                            later: write,
                            later_shown: later.shown,
                            stale_shown: stale.shown,
                            earlier,
                            knew,
                        });
                    }
                }
            }
        }
        let state = &mut self.views[client];
        state.keys.push(now);
        self.checked += u32::from(tested && !state.tested);
        state.tested |= tested;
        if let Some(finding) = broken
            && !state.broken
        {
            state.broken = true;
            found.push(finding);
        }
    }

    /// What a view shows of a key.
    fn held(&self, client: usize, shown: ShownKey) -> &[Held] {
        let (start, count) = shown.held;
        &self.views[client].held[start..start + count]
    }

    /// The first of these writes that a key, as a view shows it, lacks.
    fn lacked(
        &self,
        client: usize,
        stale: ShownKey,
        before: Option<Known>,
    ) -> Option<(Known, Missing)> {
        let shown = self.held(client, stale);
        self.past.lacked(before, stale.key, |version| {
            shown.iter().any(|held| covers(held.version, Some(version)))
        })
    }

    /// How the session of the later write knew of a write that the stale key lacks: both writes, and the
    /// records that lead from the one to the other, from the last to the first.
    fn chain(&self, finding: &Finding, case: &Case<'_>) -> (WriteId, Missing, Vec<Seq>) {
        let is_lacked = |version| {
            let mut stale = case.held(finding.stale_shown);
            !stale.any(|stale| covers(stale.version, Some(version)))
        };
        let (earlier, mut steps) = self
            .past
            .way(finding.knew, finding.earlier, case, is_lacked);
        let mut later = finding.later;
        // Where the view shows a write on the way as well, the way is shorter from there.
        let is_shown = |write| {
            let mut shown = case.held(finding.later_shown);
            shown.any(|shown| shown.write == Some(write))
        };
        let on_the_way = &steps[..steps.len().saturating_sub(1)];
        if let Some(place) = on_the_way.iter().rposition(|step| is_shown(step.write)) {
            later = steps[place].write;
            steps.drain(..=place);
        }
        let mut chain = Vec::new();
        chain.extend(self.past.invoked(later));
        for step in steps {
            chain.extend(step.evidence());
        }
        (later, earlier, chain)
    }
}

impl Monitor for ConsistentPrefix {
    type Finding = Finding;
    const HEARS: Heard = Heard::CLIENTS;

    fn observe(&mut self, what: &[Record], found: &mut Vec<Finding>) {
        if self.past.keys() < 2 {
            return; // On one key it means nothing.
        }
        let record = &what[0];
        match record.kind {
            Kind::Invoked { op, action } => {
                self.sessions.begin(op, action, record.seq);
                let client = usize::from(op.client.0);
                self.past.begin(client);
                match action {
                    Action::Write { write, .. } => self.past.made(client, write, record.seq),
                    Action::Read { .. } => self.views[client].clear(),
                }
            }
            Kind::Recognised { op, earlier, .. } => {
                self.sessions.recognise(op, earlier, record.seq)
            }
            Kind::Saw { op, key, .. } => {
                let client = usize::from(op.client.0);
                for saw in what {
                    if let Some(held) = shown::held_in(saw)
                        && let (Some(write), Some(version)) = (held.write, held.version)
                    {
                        self.past.learn(client, key, write, version, saw.seq);
                    }
                }
                if let Some(open) = self.sessions.open(op) {
                    self.show(client, open.invoked, what, found);
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
        let Finding {
            view,
            at,
            later_shown,
            stale_shown,
            ..
        } = *finding;
        let (later, earlier, chain) = self.chain(finding, case);
        let mut evidence = vec![view];
        evidence.extend(later_shown.seqs().chain(stale_shown.seqs()));
        let mut title = String::new();
        let mut sentence = String::new();
        if let (Some(saw), Some(lacked)) =
            (case.record(later_shown.last), case.record(stale_shown.last))
            && let Kind::Saw { op, key, from, .. } = saw.kind
            && let Kind::Saw {
                key: stale_key,
                from: stale_from,
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
            let lacking = Lacking::of(case, stale_shown, earlier);
            let causes = lacking.told(case, earlier, Since::Answered);
            if causes.is_some() {
                evidence.extend(lacking.evidence());
            }
            sentence = format!(
                "{client}’s view showed {key} = {}, from {}, but {stale_key} = {}, from {}. {}{}.",
                words::all_shown(names, case.held(later_shown)),
                names.node(from),
                words::all_shown(names, case.held(stale_shown)),
                names.node(stale_from),
                told_known(case, &chain, later, earlier.write),
                from_fn(|f| match &causes {
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
        self.keys.clear();
        self.held.clear();
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
    fn a_key_with_siblings_lacks_what_none_of_them_covers() {
        for has_it in [true, false] {
            let mut history = History::of(leaderless(1, 1));
            let [question, other] = [ALICE, BOB].map(|client| history.at(10).writes(client, PHOTO));
            let version = question.dotted(&[]);
            history.told(question.op, Outcome::Written { version });
            let answer = history.at(20).writes(ALICE, BALANCE);
            let newer = history.at(30).writes(CAROL, PHOTO);
            let newer = newer.held_as(newer.dotted(&[question][..usize::from(has_it)]));
            let other = other.held_as(other.dotted(&[]));
            let view = history.at(40).reads(CAROL, &[BALANCE, PHOTO]);
            history.saw(view, BALANCE, L, answer.held_as(answer.dotted(&[])));
            for held in [other, newer] {
                history.saw(view, PHOTO, L, held);
            }
            history.told(view, Outcome::Answered);
            if has_it {
                let verdict = history.verdict(PROMISE);
                assert_eq!((verdict.state, verdict.checked), (State::Kept, 1));
                continue;
            }
            assert_eq!(
                history.violation(PROMISE).sentence,
                "Carol’s view showed balance = 30 (#3), from A, but photo = 20 (#2) and 40 (#4), from A. Alice had been \
                 told “done” for #1 before writing #3."
            );
        }
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
