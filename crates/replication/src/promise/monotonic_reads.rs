//! Monotonic reads: a session never sees a key go back.
//!
//! Broken when a read returns nothing that equals or supersedes what the session already saw of that
//! key. Per key. What the session wrote itself is another promise's.
//!
//! What it saw is as many versions as stand side by side: of siblings, each must be there later, or
//! something that supersedes it. A merged value must later have all in it that was merged.
//!
//! Terry et al., "Session guarantees for weakly consistent replicated data" (1994).

use smallvec::SmallVec;

use crate::ids::{Held, Version};
use crate::promise::cause::{Answer, Missing};
use crate::promise::evidence::in_order;
use crate::promise::sessions::Sessions;
use crate::promise::shown::{self, Shown};
use crate::promise::{Case, Heard, Monitor, Promise, Violation, words};
use crate::scenario::Scenario;
use crate::trace::{Kind, Record, Seq};

/// The monitor.
#[derive(Clone, Debug)]
pub(super) struct MonotonicReads {
    keys: usize,
    sessions: Sessions,
    /// By client and key: what the session saw, once it looked.
    seen: Vec<Option<Seen>>,
    checked: u32,
}

/// What a session saw of a key: the versions that nothing it saw supersedes, each with the record by which
/// it saw that.
pub(super) type Seen = SmallVec<[(Version, Seq); 1]>;

/// A read that showed less than an earlier one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Finding {
    earlier: Seq,
    read: Seq,
    shown: Shown,
}

impl MonotonicReads {
    /// A monitor that has seen nothing yet.
    pub fn new(scenario: &Scenario) -> Self {
        let (clients, keys) = (scenario.clients.len(), usize::from(scenario.structure.keys));
        MonotonicReads {
            keys,
            sessions: Sessions::new(clients),
            seen: vec![None; clients * keys],
            checked: 0,
        }
    }
}

/// Adds what a read shows to what was seen, and returns the record of something that it lacks.
pub(super) fn look(seen: &mut Seen, saws: &[Record]) -> Option<Seq> {
    let shown = || {
        saws.iter()
            .filter_map(|record| Some((shown::held_in(record)?.version?, record.seq)))
    };
    let is_there = |version: &Version| shown().any(|(now, _)| shown::includes(&now, version));
    let lacking = seen.iter().find(|(version, _)| !is_there(version));
    let lacking = lacking.map(|(_, saw)| *saw);
    // Most often it is the same again: that was seen before.
    for (version, saw) in shown() {
        if !seen
            .iter()
            .any(|(before, _)| shown::includes(before, &version))
        {
            seen.retain(|(before, _)| !shown::includes(&version, before));
            seen.push((version, saw));
        }
    }
    lacking
}

impl Monitor for MonotonicReads {
    type Finding = Finding;
    const HEARS: Heard = Heard::CLIENTS;

    fn observe(&mut self, what: &[Record], found: &mut Vec<Finding>) {
        let record = &what[0];
        match record.kind {
            Kind::Invoked { op, action } => self.sessions.begin(op, action, record.seq),
            Kind::Ended { op, .. } => {
                self.sessions.end(op);
            }
            Kind::Saw { op, key, .. } => {
                let seen =
                    &mut self.seen[usize::from(op.client.0) * self.keys + usize::from(key.0)];
                let looked_before = seen.is_some();
                let lacking = look(seen.get_or_insert_default(), what);
                let Some(open) = self.sessions.open(op).filter(|_| looked_before) else {
                    return;
                };
                self.checked += 1;
                found.extend(lacking.map(|earlier| Finding {
                    earlier,
                    read: open.invoked,
                    shown: Shown::of(what),
                }));
            }
            _ => {}
        }
    }

    fn checked(&self) -> u32 {
        self.checked
    }

    fn explain(&self, finding: &Finding, case: &Case<'_>) -> Violation {
        let Finding {
            earlier,
            read,
            shown,
        } = *finding;
        let mut evidence = vec![earlier, read];
        evidence.extend(shown.seqs());
        let mut title = String::new();
        let mut sentence = String::new();
        // Only behind something one can go back.
        if let Some(before) = case.record(earlier)
            && let Kind::Saw {
                op,
                key,
                from,
                held,
            } = before.kind
            && let Held {
                version: Some(version),
                write: Some(write),
                ..
            } = held
        {
            let names = case.names();
            let client = names.client(op.client);
            let missing = Missing {
                write,
                key,
                version,
            };
            let answer = Answer::of(case, shown, missing);
            evidence.extend(answer.evidence());
            title = format!("{client}’s view went back in time");
            sentence = format!(
                "{client} saw {} = {}, from {}, at {}. {} later {}.",
                names.key(key),
                words::shown(names, held),
                names.node(from),
                words::moment(before.at),
                words::span(answer.at(case).since_us(before.at)),
                answer.told(case),
            );
        }
        Violation {
            promise: Promise::MonotonicReads,
            at: shown.last,
            evidence: in_order(evidence),
            title,
            sentence,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::ids::Held;
    use crate::promise::testing::*;
    use crate::promise::{Promise, State};
    use crate::trace::{Action, Kind, Seq};

    const PROMISE: Promise = Promise::MonotonicReads;

    #[test]
    fn an_older_value_after_a_newer_one_breaks_it() {
        let mut history = History::of(one_leader(3));
        let first = history.at(10).wrote(ALICE, BALANCE);
        let second = history.at(20).writes(ALICE, BALANCE);
        history.appends(L, F2, second, Some(900));
        history.told_done(second);
        history.at(300).read(BOB, BALANCE, F1, second.held());
        history.at(500).read(BOB, BALANCE, F2, first.held());
        let violation = history.violation(PROMISE);
        assert_eq!(violation.title, "Bob’s view went back in time");
        assert_eq!(
            violation.sentence,
            "Bob saw balance = 20 (#2), from F1, at 300 ms. 200 ms later F2 answered Bob’s read of balance with \
             10 (#1): #2 was on the wire to F2, due 400 ms later."
        );
        let invoked = history.trace.iter().position(|record| {
            matches!(record.kind, Kind::Invoked { action: Action::Write { write, .. }, .. } if write == second.write)
        });
        let invoked = Seq(invoked.unwrap() as u32);
        assert!(violation.evidence.contains(&invoked), "who wrote it");
    }

    #[test]
    fn nothing_after_something_breaks_it_each_time() {
        let mut history = History::of(one_leader(3));
        let write = history.at(10).wrote(ALICE, BALANCE);
        history.at(20).read(BOB, BALANCE, L, write.held());
        history.at(30).read(BOB, BALANCE, F1, Held::default());
        // The highest that was seen counts, not the last.
        history.at(40).read(BOB, BALANCE, F1, Held::default());
        let watch = history.watched();
        assert_sound(watch.violations(), &history.trace, &history.scenario);
        let verdict = history.verdict(PROMISE);
        assert_eq!((verdict.checked, verdict.violations), (2, 2));
    }

    #[test]
    fn the_same_and_then_a_newer_value_keep_it() {
        let mut history = History::of(one_leader(3));
        let first = history.at(10).wrote(ALICE, BALANCE);
        let second = history.at(20).wrote(ALICE, BALANCE);
        history.at(30).read(BOB, BALANCE, F1, Held::default());
        history.at(40).read(BOB, BALANCE, F2, first.held());
        history.at(50).read(BOB, BALANCE, F1, first.held());
        history.at(60).read(BOB, BALANCE, L, second.held());
        let verdict = history.verdict(PROMISE);
        assert_eq!((verdict.state, verdict.checked), (State::Kept, 3));
    }

    #[test]
    fn a_sibling_may_vanish_only_where_a_later_version_covers_it() {
        let mut history = History::of(leaderless(1, 1));
        let [a, b, c] = [ALICE, BOB, CAROL].map(|client| history.at(10).writes(client, BALANCE));
        let (one, other) = (a.held_as(a.dotted(&[])), b.held_as(b.dotted(&[])));
        let of_both = c.held_as(c.dotted(&[a, b]));
        history.at(20).read_siblings(BOB, BALANCE, L, &[one, other]);
        history.at(30).read_siblings(BOB, BALANCE, L, &[other, one]);
        history.at(40).read_siblings(BOB, BALANCE, L, &[of_both]);
        let verdict = history.verdict(PROMISE);
        assert_eq!((verdict.state, verdict.checked), (State::Kept, 2));
        // Carol sees one after both: that went back.
        history
            .at(50)
            .read_siblings(CAROL, BALANCE, L, &[one, other]);
        history.at(60).read_siblings(CAROL, BALANCE, F1, &[other]);
        assert_eq!(
            history.violation(PROMISE).sentence,
            "Carol saw balance = 10 (#1), from A, at 50 ms. 10 ms later Carol saw balance = 20 (#2), without #1."
        );
    }

    #[test]
    fn a_merged_value_must_keep_all_that_was_merged() {
        let mut history = History::of(leaderless(1, 1));
        let [a, b] = [ALICE, BOB].map(|client| history.at(10).writes(client, BALANCE));
        let both = b.held_as(b.dotted(&[a, b]));
        let second = b.held_as(b.dotted(&[b]));
        history.at(20).read(CAROL, BALANCE, L, second);
        history.at(30).read(CAROL, BALANCE, L, both);
        assert_eq!(history.verdict(PROMISE).violations, 0);
        history.at(40).read(CAROL, BALANCE, F1, second);
        assert!(
            history
                .violation(PROMISE)
                .sentence
                .ends_with(" of balance with 20 (#2), without all that was merged into #2."),
        );
    }

    #[test]
    fn what_another_session_saw_and_what_one_wrote_do_not_count() {
        let mut history = History::of(one_leader(3));
        let write = history.at(10).wrote(ALICE, BALANCE);
        history.at(20).read(BOB, BALANCE, L, write.held());
        history.at(30).read(ALICE, BALANCE, F1, Held::default());
        assert_eq!(history.verdict(PROMISE).state, State::Unknown);
        assert_eq!(
            history.verdict(Promise::ReadYourWrites).state,
            State::Broken
        );
    }
}
