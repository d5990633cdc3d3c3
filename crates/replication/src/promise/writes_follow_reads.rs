//! Writes follow reads: no replica holds a write without what its session had read before it.
//!
//! Broken when a replica holds a write on its disk, but neither one that its session had seen in a read before
//! it made the write, nor something that supersedes it: an answer without its question. That is across
//! keys: of those that the replica stores. Only what the session itself had seen counts, not what was
//! before that; its own writes too, once it had read them. Nobody need have been told of the write, nor of
//! those that it follows.
//!
//! What counts as tested is a write that reaches a replica, if its session had seen a write to a key that the
//! replica stores; each pair counts once, and is broken once at the most, at its arrival or later, when the
//! replica loses what the session had seen. Of siblings each was seen; of a merged value all that was
//! merged.
//!
//! Terry et al., "Session guarantees for weakly consistent replicated data" (1994).

use crate::promise::arrivals::{Arrivals, Earlier, Finding};
use crate::promise::evidence::in_order;
use crate::promise::{Case, Heard, Monitor, Promise, Violation, shown, words};
use crate::scenario::Scenario;
use crate::trace::{Action, Kind, Record};

/// The monitor.
#[derive(Clone, Debug)]
pub(super) struct WritesFollowReads {
    arrivals: Arrivals,
}

impl WritesFollowReads {
    /// A monitor that has seen nothing yet.
    pub fn new(scenario: &Scenario) -> Self {
        WritesFollowReads {
            arrivals: Arrivals::new(scenario),
        }
    }
}

impl Monitor for WritesFollowReads {
    type Finding = Finding;
    const HEARS: Heard = Heard::CLIENTS.and(Heard::DISKS);

    fn observe(&mut self, what: &[Record], found: &mut Vec<Finding>) {
        debug_assert!(
            found.is_empty(),
            "what is found is found at the end of a moment"
        );
        let record = &what[0];
        match record.kind {
            Kind::Invoked {
                op,
                action: Action::Write { write, key, .. },
            } => self.arrivals.begin(op.client, write, key, record.seq),
            Kind::Saw { op, key, .. } => {
                for saw in what {
                    if let Some(held) = shown::held_in(saw)
                        && let (Some(write), Some(version)) = (held.write, held.version)
                    {
                        let earlier = Earlier {
                            write,
                            key,
                            version,
                            by: saw.seq,
                            invoked: None,
                            again: None,
                        };
                        self.arrivals.learn(op.client, earlier);
                    }
                }
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
            && let Some(saw) = case.record(earlier.by)
            && let Some(held) = shown::held_in(saw)
        {
            let names = case.names();
            let (name, replica) = (names.client(client), names.node(finding.node));
            evidence.extend([earlier.by, invoked]);
            title = format!(
                "{replica} has {name}’s {}, but not {}, which {name} had read",
                words::chip(finding.later),
                words::chip(earlier.write)
            );
            sentence = format!(
                "{name} read {} = {} at {}, and at {} wrote {}. {}",
                names.key(earlier.key),
                words::shown(names, held),
                words::moment(saw.at),
                words::moment(case.at(invoked)),
                case.write_in_words(finding.later, invoked),
                self.arrivals.told(case, finding, earlier, &mut evidence),
            );
        }
        Violation {
            promise: Promise::WritesFollowReads,
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

    use crate::ids::{Dot, Held, Value, Vector, Version};
    use crate::promise::testing::*;
    use crate::promise::{Promise, State};
    use crate::trace::{Kind, Outcome};

    const PROMISE: Promise = Promise::WritesFollowReads;

    /// Alice asks, Bob reads it at the leader, and answers; both are on the leader's disk.
    fn question_and_answer() -> (History, Written, Written) {
        let mut history = History::of(one_leader(3));
        let question = history.at(100).writes(ALICE, PHOTO);
        history.at(110).persisted(L, question);
        history.appends(L, F1, question, None);
        history.at(120).told_done(question);
        history.at(150).read(BOB, PHOTO, L, question.held());
        let answer = history.at(200).writes(BOB, BALANCE);
        history.at(210).persisted(L, answer);
        (history, question, answer)
    }

    #[test]
    fn an_answer_without_its_question_breaks_it() {
        let (mut history, _, answer) = question_and_answer();
        history.at(240).persisted(F1, answer);
        let violation = history.violation(PROMISE);
        assert_eq!(
            violation.title,
            "F1 has Bob’s #2, but not #1, which Bob had read"
        );
        assert_eq!(
            violation.sentence,
            "Bob read photo = 10 (#1) at 150 ms, and at 200 ms wrote balance = 20 (#2). F1 had #2 on its disk at \
             240 ms, without #1: #1 had been lost on the way to F1."
        );
        let verdict = history.verdict(PROMISE);
        assert_eq!((verdict.violations, verdict.checked), (1, 2));
    }

    #[test]
    fn an_answer_after_its_question_or_something_newer_keeps_it() {
        let (mut history, question, answer) = question_and_answer();
        history.at(230).persisted(F1, question);
        history.at(240).persisted(F1, answer);
        let newer = history.at(250).writes(CAROL, PHOTO);
        history.at(260).persisted(F2, newer);
        history.at(270).persisted(F2, answer);
        let verdict = history.verdict(PROMISE);
        assert_eq!((verdict.state, verdict.checked), (State::Kept, 3));
    }

    #[test]
    fn what_was_read_after_the_write_was_made_does_not_count() {
        let mut history = History::of(one_leader(3));
        let question = history.at(100).wrote(ALICE, PHOTO);
        let answer = history.at(200).writes(BOB, BALANCE);
        history.at(210).told(answer.op, Outcome::Unknown);
        history.at(220).read(BOB, PHOTO, L, question.held());
        history.at(230).read(CAROL, PHOTO, L, question.held());
        history.at(240).persisted(F1, answer);
        assert_eq!(history.verdict(PROMISE).state, State::Unknown);
    }

    #[test]
    fn a_question_that_is_discarded_breaks_it_at_that_moment() {
        let (mut history, question, answer) = question_and_answer();
        history.at(230).persisted(F1, question);
        history.at(240).persisted(F1, answer);
        history.at(300).discarded(F1, question);
        let sentence = history.violation(PROMISE).sentence;
        assert!(
            sentence
                .ends_with("F1 had both on its disk, and at 300 ms it discarded #1 and kept #2."),
            "{sentence}"
        );
    }

    #[test]
    fn a_restored_disk_is_judged_as_a_whole() {
        let (mut history, question, answer) = question_and_answer();
        history.at(230).persisted(F1, question);
        history.at(240).persisted(F1, answer);
        // In whatever order the copy is told of.
        history.at(300).restored(F1, 250);
        history.persisted(F1, answer);
        history.persisted(F1, question);
        assert_eq!(history.verdict(PROMISE).violations, 0);
        history.at(400).restored(F1, 250);
        history.persisted(F1, answer);
        let sentence = history.violation(PROMISE).sentence;
        assert!(
            sentence.ends_with(
                "F1 had #2 on its disk at 400 ms, without #1: F1’s disk had been replaced at 400 ms by a copy of \
                 250 ms, without #1."
            ),
            "{sentence}"
        );
    }

    #[test]
    fn each_sibling_that_was_read_must_be_there() {
        let mut history = History::of(leaderless(1, 1));
        let [one, other] = [ALICE, CAROL].map(|client| history.at(100).writes(client, PHOTO));
        let [one_version, other_version] = [one.dotted(&[]), other.dotted(&[])];
        let held = [one.held_as(one_version), other.held_as(other_version)];
        history.at(150).read_siblings(BOB, PHOTO, L, &held);
        let answer = history.at(200).writes(BOB, BALANCE);
        for (node, both) in [(F1, true), (F2, false)] {
            let stored = [
                (one, one_version),
                (other, other_version),
                (answer, answer.dotted(&[])),
            ];
            for (written, version) in stored
                .into_iter()
                .filter(|(it, _)| both || it.write != other.write)
            {
                let (key, write, newest) = (written.key, written.write, true);
                history.at(240).push(
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
        }
        let violation = history.violation(PROMISE);
        assert_eq!(
            violation.title,
            "C has Bob’s #3, but not #2, which Bob had read"
        );
    }

    #[test]
    fn of_a_merged_value_all_that_was_merged_must_be_there() {
        let scenario = many_leaders().with("/protocol/conflicts", json!("merge"));
        let mut history = History::of(scenario.unwrap_or_else(|error| panic!("{error}")));
        let [one, other] = [ALICE, CAROL].map(|client| history.at(100).writes(client, PHOTO));
        let dot = |node, counter| Dot { node, counter };
        let mut seen = Vector::default();
        seen.cover(dot(L, 1));
        seen.cover(dot(F1, 1));
        let held = Held {
            version: Some(Version::Dotted {
                dot: dot(F1, 1),
                seen,
            }),
            value: Value::Number(30),
            write: Some(other.write),
        };
        history.at(150).read(BOB, PHOTO, L, held);
        let answer = history.at(200).writes(BOB, BALANCE);
        let seen = Vector::default();
        for (written, dot) in [(other, dot(F1, 1)), (answer, dot(F1, 1)), (one, dot(L, 1))] {
            let (node, key, write, newest) = (F1, written.key, written.write, true);
            let version = Version::Dotted { dot, seen };
            let at = if written.write == one.write { 260 } else { 240 };
            history.at(at).push(
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
        let sentence = history.violation(PROMISE).sentence;
        assert!(
            sentence.ends_with("without all that was merged into #2."),
            "{sentence}"
        );
    }
}
