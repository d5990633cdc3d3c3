//! Monotonic reads: a session never sees a key go back.
//!
//! Broken when a read returns nothing that equals or supersedes what the session already saw of that
//! key. Per key. What the session wrote itself is another promise's.
//!
//! Terry et al., "Session guarantees for weakly consistent replicated data" (1994).

use crate::ids::{Held, Version};
use crate::promise::cause::{Answer, Missing};
use crate::promise::evidence::in_order;
use crate::promise::sessions::Sessions;
use crate::promise::{Case, Monitor, Promise, Violation, words};
use crate::scenario::Scenario;
use crate::trace::{Kind, Record, Seq};

/// The monitor.
#[derive(Clone, Debug)]
pub(super) struct MonotonicReads {
    keys: usize,
    sessions: Sessions,
    /// By client and key: the highest version that the session saw.
    seen: Vec<Option<Seen>>,
    checked: u32,
}

/// What a session saw of a key.
#[derive(Clone, Copy, Debug)]
struct Seen {
    version: Option<Version>,
    saw: Seq,
}

/// A read that showed less than an earlier one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Finding {
    earlier: Seq,
    read: Seq,
    saw: Seq,
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

impl Monitor for MonotonicReads {
    type Finding = Finding;

    fn observe(&mut self, record: &Record, found: &mut Vec<Finding>) {
        match record.kind {
            Kind::Invoked { op, action } => self.sessions.begin(op, action, record.seq),
            Kind::Ended { op, .. } => {
                self.sessions.end(op);
            }
            Kind::Saw { op, key, held, .. } => {
                let seen =
                    &mut self.seen[usize::from(op.client.0) * self.keys + usize::from(key.0)];
                let now = Seen {
                    version: held.version,
                    saw: record.seq,
                };
                let Some(before) = *seen else {
                    *seen = Some(now);
                    return;
                };
                if now.version > before.version {
                    *seen = Some(now);
                }
                let Some(open) = self.sessions.open(op) else {
                    return;
                };
                self.checked += 1;
                if now.version < before.version {
                    found.push(Finding {
                        earlier: before.saw,
                        read: open.invoked,
                        saw: now.saw,
                    });
                }
            }
            _ => {}
        }
    }

    fn checked(&self) -> u32 {
        self.checked
    }

    fn explain(&self, finding: &Finding, case: &Case<'_>) -> Violation {
        let Finding { earlier, read, saw } = *finding;
        let mut evidence = vec![earlier, read, saw];
        let mut title = String::new();
        let mut sentence = String::new();
        // Only behind something one can go back.
        if let (Some(before), Some(after)) = (case.record(earlier), case.record(saw))
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
            let answer = Answer::of(
                case,
                after,
                Missing {
                    write,
                    key,
                    version,
                },
            );
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
            at: saw,
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
