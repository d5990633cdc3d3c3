//! Monotonic writes: no replica holds a session's later write without its earlier one.
//!
//! Broken when a replica holds a write on its disk, but neither one that the same session had made before,
//! nor something that supersedes it. That is across keys: of those that the replica stores. A write had
//! been made before when its session had been told "done" for it, or had seen it, before it made the later
//! one; a write of unknown outcome that nobody saw promises nothing. Of the later one nobody need have
//! been told: it is enough that a disk holds it.
//!
//! What counts as tested is a write that reaches a replica, if its session had made an earlier one to a key
//! that the replica stores; each pair counts once, and is broken once at the most, at its arrival or later,
//! when the replica loses the earlier one. Under version vectors a later write that had not seen the earlier
//! one does not supersede it: it stands beside it. Where a value is made of all writes to its key, none
//! supersedes another.
//!
//! Terry et al., "Session guarantees for weakly consistent replicated data" (1994).

use std::fmt::{Display, from_fn};

use crate::promise::arrivals::{Arrivals, Earlier, Finding};
use crate::promise::evidence::in_order;
use crate::promise::sessions::{Again, Sessions};
use crate::promise::{Case, Heard, Monitor, Promise, Violation, shown, words};
use crate::scenario::Scenario;
use crate::trace::{Action, Kind, Outcome, Record};

/// The monitor.
#[derive(Clone, Debug)]
pub(super) struct MonotonicWrites {
    sessions: Sessions,
    arrivals: Arrivals,
}

impl MonotonicWrites {
    /// A monitor that has seen nothing yet.
    pub fn new(scenario: &Scenario) -> Self {
        MonotonicWrites {
            sessions: Sessions::new(scenario.clients.len()),
            arrivals: Arrivals::new(scenario),
        }
    }
}

impl Monitor for MonotonicWrites {
    type Finding = Finding;
    const HEARS: Heard = Heard::CLIENTS.and(Heard::DISKS);

    fn observe(&mut self, what: &[Record], found: &mut Vec<Finding>) {
        debug_assert!(
            found.is_empty(),
            "what is found is found at the end of a moment"
        );
        let record = &what[0];
        match record.kind {
            Kind::Invoked { op, action } => {
                self.sessions.begin(op, action, record.seq);
                if let Action::Write { write, key, .. } = action {
                    self.arrivals.begin(op.client, write, key, record.seq);
                }
            }
            Kind::Ended { op, outcome } => {
                if let Some(open) = self.sessions.end(op)
                    && let (Action::Write { write, key, .. }, Outcome::Written { version }) =
                        (open.action, outcome)
                {
                    let earlier = Earlier {
                        write: open.again.map_or(write, |again| again.earlier),
                        key,
                        version,
                        by: record.seq,
                        invoked: Some(open.invoked),
                        again: open.again,
                    };
                    self.arrivals.learn(op.client, earlier);
                }
            }
            Kind::Saw { op, key, .. } => {
                for saw in what {
                    if let Some(held) = shown::held_in(saw)
                        && let (Some(write), Some(version)) = (held.write, held.version)
                        && let Some(invoked) = self.arrivals.own_in_doubt(op.client, write)
                    {
                        let earlier = Earlier {
                            write,
                            key,
                            version: shown::of_write(version, None),
                            by: saw.seq,
                            invoked: Some(invoked),
                            again: None,
                        };
                        self.arrivals.learn(op.client, earlier);
                    }
                }
            }
            Kind::Recognised { op, earlier, .. } => {
                self.sessions.recognise(op, earlier, record.seq)
            }
            _ => self.arrivals.observe(what),
        }
    }

    fn settle(&mut self, found: &mut Vec<Finding>) {
        self.arrivals.settle(found);
    }

    fn checked(&self) -> u32 {
        self.arrivals.checked
    }

    fn explain(&self, finding: &Finding, case: &Case<'_>) -> Violation {
        let mut evidence = vec![finding.at];
        let mut title = String::new();
        let mut sentence = String::new();
        if let Some((client, invoked)) = self.arrivals.later(finding)
            && let Some(earlier) = self.arrivals.lacked(finding)
            && let Some(begun) = earlier.invoked
        {
            let names = case.names();
            let (name, replica) = (names.client(client), names.node(finding.node));
            evidence.extend([begun, earlier.by, invoked]);
            evidence.extend(earlier.again.map(|again| again.seq));
            title = format!(
                "{replica} has {name}’s {}, but not the earlier {}",
                words::chip(finding.later),
                words::chip(earlier.write)
            );
            let known = words::moment(case.at(earlier.by));
            sentence = format!(
                "{name} wrote {}{} {} at {known}, and at {} wrote {}. {}",
                case.write_in_words(earlier.write, begun),
                from_fn(|f| match earlier.again {
                    Some(_) => Again::told(earlier.again).fmt(f),
                    None => f.write_str(","),
                }),
                match case.record(earlier.by).map(|record| record.kind) {
                    Some(Kind::Saw { .. }) => "saw it",
                    _ => "was told “done”",
                },
                words::moment(case.at(invoked)),
                case.write_in_words(finding.later, invoked),
                self.arrivals.told(case, finding, earlier, &mut evidence),
            );
        }
        Violation {
            promise: Promise::MonotonicWrites,
            at: finding.at,
            evidence: in_order(evidence),
            title,
            sentence,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::ids::{Held, NodeId, Version};
    use crate::promise::testing::*;
    use crate::promise::{Promise, State};
    use crate::trace::{Kind, Outcome};

    const PROMISE: Promise = Promise::MonotonicWrites;

    /// Alice’s photo, told “done”, and then her balance, each on the leader's disk; the photo is due at F1 then.
    fn two_writes(due_ms: u64) -> (History, Written, Written) {
        let mut history = History::of(one_leader(3));
        let earlier = history.at(100).writes(ALICE, PHOTO);
        history.at(110).persisted(L, earlier);
        history.appends(L, F1, earlier, Some(due_ms));
        history.at(120).told_done(earlier);
        let later = history.at(200).writes(ALICE, BALANCE);
        history.at(210).persisted(L, later);
        (history, earlier, later)
    }

    fn stores(history: &mut History, node: NodeId, written: Written, version: Version) {
        let (key, write, newest) = (written.key, written.write, true);
        history.push(
            None,
            Kind::Stored {
                node,
                key,
                version,
                write,
                newest,
            },
        );
    }

    #[test]
    fn a_later_write_that_arrives_first_breaks_it() {
        let (mut history, _, later) = two_writes(300);
        history.appends(L, F1, later, Some(230));
        history.at(230).appended(F1, later);
        let before = history.trace.len();
        history.at(240).persisted(F1, later);
        let violation = history.violation(PROMISE);
        assert_eq!(violation.title, "F1 has Alice’s #2, but not the earlier #1");
        assert_eq!(
            violation.sentence,
            "Alice wrote photo = 10 (#1), was told “done” at 120 ms, and at 200 ms wrote balance = 20 (#2). F1 had #2 \
             on its disk at 240 ms, without #1: #1 was on the wire to F1, due 60 ms later."
        );
        let watch = history.watched();
        assert_eq!(watch.verdict(PROMISE, before).state, State::Kept);
        let verdict = watch.verdict(PROMISE, before + 1);
        assert_eq!((verdict.state, verdict.checked), (State::Broken, 2));
    }

    #[test]
    fn in_their_order_or_with_something_newer_they_keep_it() {
        let (mut history, earlier, later) = two_writes(225);
        history.at(230).persisted(F1, earlier);
        history.at(240).persisted(F1, later);
        let newer = history.at(250).writes(BOB, PHOTO);
        history.at(260).persisted(F2, newer);
        history.at(270).persisted(F2, later);
        let verdict = history.verdict(PROMISE);
        assert_eq!((verdict.state, verdict.checked), (State::Kept, 3));
    }

    #[test]
    fn what_nobody_was_told_of_promises_nothing_until_its_session_has_seen_it() {
        for seen in [false, true] {
            let mut history = History::of(one_leader(3));
            let earlier = history.at(100).writes(ALICE, PHOTO);
            history.at(150).told(earlier.op, Outcome::Unknown);
            if seen {
                history.at(160).read(ALICE, PHOTO, L, earlier.held());
            }
            let later = history.at(200).writes(ALICE, BALANCE);
            history.at(240).persisted(F1, later);
            if seen {
                assert_eq!(
                    history.violation(PROMISE).sentence,
                    "Alice wrote photo = 10 (#1), saw it at 160 ms, and at 200 ms wrote balance = 20 (#2). F1 had #2 on \
                     its disk at 240 ms, without #1: #1 had not been sent to F1 yet."
                );
            } else {
                assert_eq!(history.verdict(PROMISE).state, State::Unknown);
            }
        }
    }

    #[test]
    fn an_earlier_write_that_a_failover_discards_breaks_it_at_that_moment() {
        let (mut history, earlier, later) = two_writes(225);
        history.at(230).persisted(F1, earlier);
        history.at(240).persisted(F1, later);
        history.at(300).discarded(F1, earlier);
        assert_eq!(
            history.violation(PROMISE).sentence,
            "Alice wrote photo = 10 (#1), was told “done” at 120 ms, and at 200 ms wrote balance = 20 (#2). F1 had both \
             on its disk, and at 300 ms it discarded #1 and kept #2."
        );
    }

    #[test]
    fn the_leader_that_lacked_what_is_discarded_is_named() {
        let mut history = History::of(one_leader(3));
        let earlier = history.at(100).writes(ALICE, BALANCE);
        history.at(110).persisted(L, earlier);
        history.at(120).told_done(earlier);
        let later = history.at(200).writes(ALICE, PHOTO);
        history.at(210).persisted(L, later);
        history.at(250).promoted(F2, 2, 0);
        history.at(300).discarded(L, earlier);
        let sentence = history.violation(PROMISE).sentence;
        assert!(
            sentence.ends_with(
                "L had both on its disk, and at 300 ms it discarded #1 and kept #2: F2 had become leader of epoch 2 at \
                 250 ms without #1."
            ),
            "{sentence}"
        );
    }

    #[test]
    fn what_superseded_it_may_be_discarded_as_well() {
        let (mut history, _, later) = two_writes(225);
        let newer = history.at(220).writes(BOB, PHOTO);
        history.at(230).persisted(F1, newer);
        history.at(240).persisted(F1, later);
        history.at(300).discarded(F1, newer);
        let sentence = history.violation(PROMISE).sentence;
        assert!(
            sentence.ends_with(
                "F1 had #2 on its disk, and #3, which supersedes #1; at 300 ms it discarded #3 and kept #2."
            ),
            "{sentence}"
        );
    }

    #[test]
    fn a_log_that_discards_both_at_once_keeps_it() {
        let mut history = History::of(one_leader(3));
        let earlier = history.at(100).wrote(ALICE, BALANCE);
        let later = history.at(200).writes(ALICE, BALANCE);
        history.at(220).persisted(F1, earlier);
        history.at(240).persisted(F1, later);
        history.at(300).discarded(F1, earlier);
        history.discarded(F1, later);
        let verdict = history.verdict(PROMISE);
        assert_eq!((verdict.state, verdict.checked), (State::Kept, 1));
    }

    #[test]
    fn a_new_leader_that_lacks_the_earlier_write_takes_the_later_one() {
        let mut history = History::of(one_leader(3));
        let earlier = history.at(100).writes(ALICE, BALANCE);
        history.at(110).persisted(L, earlier);
        history.at(120).told_done(earlier);
        history.at(150).crashed(L);
        history.at(180).promoted(F1, 2, 0);
        let later = history.at(200).writes(ALICE, PHOTO);
        history.at(210).persisted(F1, later);
        let sentence = history.violation(PROMISE).sentence;
        assert!(
            sentence.ends_with(
                "F1 had #2 on its disk at 210 ms, without #1: F1 had become leader of epoch 2 at 180 ms without #1."
            ),
            "{sentence}"
        );
    }

    #[test]
    fn siblings_that_come_at_once_come_together() {
        for apart_ms in [0, 10] {
            let mut history = History::of(leaderless(1, 1));
            let earlier = history.at(100).writes(ALICE, BALANCE);
            let version = earlier.dotted(&[]);
            history
                .at(120)
                .told(earlier.op, Outcome::Written { version });
            // She had not seen it where she wrote the next.
            let later = history.at(200).writes(ALICE, BALANCE);
            stores(history.at(220), F1, later, later.dotted(&[]));
            stores(history.at(220 + apart_ms), F1, earlier, version);
            let verdict = history.verdict(PROMISE);
            assert_eq!(verdict.violations, u32::from(apart_ms > 0));
            assert_eq!(verdict.checked, 1);
        }
    }

    #[test]
    fn only_keys_that_the_replica_stores_count_and_a_hint_is_no_copy() {
        let scenario = leaderless(1, 1).with("/protocol/copies", json!(2));
        let mut history = History::of(scenario.unwrap_or_else(|error| panic!("{error}")));
        // The copies of the balance are on A and B, those of the photo on B and C.
        let earlier = history.at(100).writes(ALICE, PHOTO);
        let version = earlier.stamp();
        history
            .at(120)
            .told(earlier.op, Outcome::Written { version });
        let later = history.at(200).writes(ALICE, BALANCE);
        history.at(220).stored(L, later);
        assert_eq!(history.verdict(PROMISE).state, State::Unknown);
        let (node, home, key, write) = (F1, F2, earlier.key, earlier.write);
        history.at(230).push(
            None,
            Kind::HintKept {
                node,
                home,
                key,
                write,
            },
        );
        history.at(240).stored(F1, later);
        let sentence = history.violation(PROMISE).sentence;
        assert!(
            sentence.ends_with(
                "B had #2 on its disk at 240 ms, without #1: #1 had not been sent to B yet."
            ),
            "{sentence}"
        );
    }

    #[test]
    fn a_stamp_of_a_slow_clock_does_not_supersede_the_earlier_write() {
        let mut history = History::of(leaderless(1, 1));
        let stamp = |at_us| Version::Stamp {
            at_us,
            coordinator: NodeId(3),
            counter: 0,
        };
        let earlier = history.at(100).writes(ALICE, BALANCE);
        let version = stamp(500);
        history
            .at(120)
            .told(earlier.op, Outcome::Written { version });
        let later = history.at(200).writes(ALICE, BALANCE);
        stores(history.at(220), F1, later, stamp(400));
        assert_eq!(history.verdict(PROMISE).violations, 1);
        stores(history.at(230), F2, later, stamp(600));
        assert_eq!(history.verdict(PROMISE).violations, 1);
    }

    #[test]
    fn of_what_is_merged_none_supersedes_another() {
        let scenario = many_leaders().with("/protocol/conflicts", json!("merge"));
        let mut history = History::of(scenario.unwrap_or_else(|error| panic!("{error}")));
        let earlier = history.at(100).writes(ALICE, BALANCE);
        let version = earlier.dotted(&[]);
        history
            .at(120)
            .told(earlier.op, Outcome::Written { version });
        // Made in sight of the first, it holds nothing of it.
        let later = history.at(200).writes(ALICE, BALANCE);
        let later_version = Version::Dotted {
            dot: crate::ids::Dot {
                node: F1,
                counter: 1,
            },
            seen: match later.dotted(&[earlier]) {
                Version::Dotted { seen, .. } => seen,
                _ => unreachable!(),
            },
        };
        stores(history.at(220), F1, later, later_version);
        assert_eq!(
            history.violation(PROMISE).at.index(),
            history.trace.len() - 1
        );
    }

    #[test]
    fn a_lost_disk_holds_neither_and_each_pair_counts_once() {
        let (mut history, earlier, later) = two_writes(225);
        history.at(230).persisted(F1, earlier);
        history.at(240).persisted(F1, later);
        history.at(250).lost_its_disk(F1);
        let verdict = history.verdict(PROMISE);
        assert_eq!((verdict.violations, verdict.checked), (0, 2));
        history.at(260).restarted(F1);
        history.at(270).persisted(F1, later);
        let sentence = history.violation(PROMISE).sentence;
        assert!(
            sentence.ends_with(
                "F1 had #2 on its disk at 270 ms, without #1: F1 had lost its disk at 250 ms, and #1 with it."
            ),
            "{sentence}"
        );
        history.at(280).lost_its_disk(F1);
        history.at(290).persisted(F1, later);
        let verdict = history.verdict(PROMISE);
        assert_eq!((verdict.violations, verdict.checked), (1, 2));
    }

    #[test]
    fn other_sessions_are_promised_nothing() {
        let mut history = History::of(one_leader(3));
        history.at(100).wrote(ALICE, PHOTO);
        history.at(150).read(BOB, PHOTO, F1, Held::default());
        let later = history.at(200).writes(BOB, BALANCE);
        history.at(240).persisted(F1, later);
        assert_eq!(history.verdict(PROMISE).state, State::Unknown);
    }
}
