//! Read your writes: a session sees its own acknowledged writes.
//!
//! Broken when a read returns nothing that equals or supersedes the session's latest write to that key
//! acknowledged before the read was invoked. Per key. Another client's value is fine where the protocol
//! orders it after the session's own, and of siblings one is enough; a write whose outcome is unknown
//! promises nothing.
//!
//! Terry et al., "Session guarantees for weakly consistent replicated data" (1994).

use crate::ids::{Version, WriteId};
use crate::promise::cause::{Answer, Missing};
use crate::promise::evidence::in_order;
use crate::promise::sessions::{Again, Sessions};
use crate::promise::shown::{self, Shown};
use crate::promise::{Case, Heard, Monitor, Promise, Violation, words};
use crate::scenario::Scenario;
use crate::trace::{Action, Kind, Outcome, Record, Seq};

/// The monitor.
#[derive(Clone, Debug)]
pub(super) struct ReadYourWrites {
    keys: usize,
    sessions: Sessions,
    /// By client and key: the session's latest acknowledged write.
    own: Vec<Option<Own>>,
    checked: u32,
}

/// A session's own acknowledged write.
#[derive(Clone, Copy, Debug)]
struct Own {
    write: WriteId,
    version: Version,
    again: Option<Again>,
    invoked: Seq,
    ended: Seq,
}

/// A read that lacked the session's own write.
#[derive(Clone, Copy, Debug)]
pub(super) struct Finding {
    own: Own,
    read: Seq,
    shown: Shown,
}

impl ReadYourWrites {
    /// A monitor that has seen nothing yet.
    pub fn new(scenario: &Scenario) -> Self {
        let (clients, keys) = (scenario.clients.len(), usize::from(scenario.structure.keys));
        ReadYourWrites {
            keys,
            sessions: Sessions::new(clients),
            own: vec![None; clients * keys],
            checked: 0,
        }
    }
}

impl Monitor for ReadYourWrites {
    type Finding = Finding;
    const HEARS: Heard = Heard::CLIENTS;

    fn observe(&mut self, what: &[Record], found: &mut Vec<Finding>) {
        let record = &what[0];
        match record.kind {
            Kind::Invoked { op, action } => self.sessions.begin(op, action, record.seq),
            Kind::Recognised { op, earlier, .. } => {
                self.sessions.recognise(op, earlier, record.seq)
            }
            Kind::Ended { op, outcome } => {
                let Some(open) = self.sessions.end(op) else {
                    return;
                };
                if let (Action::Write { write, key, .. }, Outcome::Written { version }) =
                    (open.action, outcome)
                {
                    let own = Own {
                        write: open.again.map_or(write, |again| again.earlier),
                        version,
                        again: open.again,
                        invoked: open.invoked,
                        ended: record.seq,
                    };
                    let latest =
                        &mut self.own[usize::from(op.client.0) * self.keys + usize::from(key.0)];
                    // What is sent again is no later than it was.
                    if own.again.is_none()
                        || latest.is_none_or(|latest| !latest.version.covers(&version))
                    {
                        *latest = Some(own);
                    }
                }
            }
            // Sessions are sequential: while a read is open, none of its session's writes is acknowledged.
            Kind::Saw { op, key, .. } => {
                let Some(open) = self.sessions.open(op) else {
                    return;
                };
                let Some(own) = self.own[usize::from(op.client.0) * self.keys + usize::from(key.0)]
                else {
                    return;
                };
                self.checked += 1;
                if !shown::covers(what, own.version) {
                    found.push(Finding {
                        own,
                        read: open.invoked,
                        shown: Shown::of(what),
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
        let Finding { own, read, shown } = *finding;
        let mut evidence = vec![own.invoked, own.ended, read];
        evidence.extend(own.again.map(|again| again.seq));
        let mut title = String::new();
        let mut sentence = String::new();
        if let Some(Record {
            kind: Kind::Saw { op, key, .. },
            ..
        }) = case.record(shown.last)
        {
            let client = case.names().client(op.client);
            let told_done = case.at(own.ended);
            let answer = Answer::of(
                case,
                shown,
                Missing {
                    write: own.write,
                    key: *key,
                    version: own.version,
                },
            );
            evidence.extend(answer.evidence());
            title = format!("{client}’s own write is missing");
            sentence = format!(
                "{client} wrote {}{} and was told “done” at {}. {} later {}.",
                case.write_in_words(own.write, own.invoked),
                Again::told(own.again),
                words::moment(told_done),
                words::span(answer.at(case).since_us(told_done)),
                answer.told(case),
            );
        }
        Violation {
            promise: Promise::ReadYourWrites,
            at: shown.last,
            evidence: in_order(evidence),
            title,
            sentence,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::engine::time::SimTime;
    use crate::ids::Held;
    use crate::promise::testing::*;
    use crate::promise::{Promise, State};
    use crate::trace::{Carries, Kind, MessageKind, Outcome};

    const PROMISE: Promise = Promise::ReadYourWrites;

    #[test]
    fn a_read_that_misses_an_acknowledged_own_write_breaks_it_from_its_answer_on() {
        let mut history = History::of(one_leader(3));
        let first = history.at(100).wrote(ALICE, BALANCE);
        let second = history.at(1_400).writes(ALICE, BALANCE);
        history.at(1_420).appended(L, second);
        history.appends(L, F2, second, Some(2_000));
        history.at(1_446).told_done(second);
        let read = history.at(1_600).reads(ALICE, &[BALANCE]);
        history.at(1_702).served(F2, read, BALANCE, first.held());
        let before = history.trace.len();
        history.at(1_730).saw(read, BALANCE, F2, first.held());

        let violation = history.violation(PROMISE);
        assert_eq!(violation.title, "Alice’s own write is missing");
        assert_eq!(
            violation.sentence,
            "Alice wrote balance = 20 (#2) and was told “done” at 1.446 s. 256 ms later F2 answered Alice’s \
             read of balance with 10 (#1): #2 was on the wire to F2, due 298 ms later."
        );
        let watch = history.watched();
        assert_eq!(watch.verdict(PROMISE, before).state, State::Unknown);
        assert_eq!(watch.verdict(PROMISE, before + 1).state, State::Broken);
    }

    #[test]
    fn a_lost_message_is_told_as_the_cause() {
        let mut history = History::of(one_leader(3));
        let write = history.at(100).writes(ALICE, BALANCE);
        history.appended(L, write);
        history.appends(L, F1, write, None);
        history.at(120).told_done(write);
        history.at(300).read(ALICE, BALANCE, F1, Held::default());
        let sentence = history.violation(PROMISE).sentence;
        assert_eq!(
            sentence,
            "Alice wrote balance = 10 (#1) and was told “done” at 120 ms. 180 ms later F1 answered Alice’s \
             read of balance with nothing: #1 had been lost on the way to F1."
        );
    }

    #[test]
    fn what_was_never_sent_and_what_is_not_shown_yet_are_told_apart() {
        let cause = |reaches: fn(&mut History, Written)| {
            let mut history = History::of(one_leader(3));
            let write = history.at(100).writes(ALICE, BALANCE);
            history.appended(L, write);
            history.persisted(L, write);
            reaches(&mut history, write);
            history.acknowledged(L, write, 1);
            history.at(200).told_done(write);
            history.at(300).read(ALICE, BALANCE, F1, Held::default());
            let sentence = history.violation(PROMISE).sentence;
            sentence.rsplit(": ").next().unwrap().to_owned()
        };
        assert_eq!(cause(|_, _| {}), "#1 had not been sent to F1 yet.");
        let in_memory = |history: &mut History, write| {
            history.appends(L, F1, write, Some(150));
            history.at(150).appended(F1, write);
        };
        assert_eq!(
            cause(in_memory),
            "#1 had reached F1, but was not on its disk yet."
        );
        let on_disk = |history: &mut History, write| {
            history.appends(L, F1, write, Some(150));
            history.at(150).appended(F1, write);
            // Sent once more before the leader knew; that changes nothing.
            history.appends(L, F1, write, Some(400));
            history.at(160).persisted(F1, write);
        };
        assert_eq!(
            cause(on_disk),
            "#1 was on F1’s disk, but reads did not show it yet."
        );
        let down = |history: &mut History, write| {
            let sent = history.appends(L, F1, write, Some(150));
            history.at(140).crashed(F1);
            history.at(150).push(Some(sent), Kind::Undelivered);
            history.at(180).restarted(F1);
        };
        assert_eq!(cause(down), "#1 had arrived while F1 was down.");
        let forgotten = |history: &mut History, write| {
            history.appends(L, F1, write, Some(150));
            history.at(150).appended(F1, write);
            history.at(155).crashed(F1);
            history.at(180).restarted(F1);
        };
        assert_eq!(
            cause(forgotten),
            "F1 had crashed at 155 ms, before #1 was on its disk."
        );
        let left_behind = |history: &mut History, write| {
            history.appends(L, F1, write, None);
            history.at(180).promoted(F1, 2, 0);
        };
        assert_eq!(
            cause(left_behind),
            "F1 had become leader of epoch 2 at 180 ms without #1."
        );
    }

    #[test]
    fn a_read_of_several_copies_names_each() {
        let mut history = History::of(leaderless(1, 2));
        let (a, b, proxy) = (L, F1, crate::ids::NodeId(3));
        let write = history.at(100).writes(ALICE, BALANCE);
        history.stores(a, write, Some(500));
        history.stores(b, write, None);
        history.at(120).told(
            write.op,
            Outcome::Written {
                version: write.stamp(),
            },
        );
        let read = history.at(200).reads(ALICE, &[BALANCE]);
        let carries = Carries {
            op: Some(read),
            ..Carries::default()
        };
        let responses = [a, b, F2].map(|node| {
            let (op, key, held) = (read, BALANCE, Held::default());
            let fetch = history
                .at(205)
                .sends(proxy, node, MessageKind::Fetch, carries, Some(210));
            let delivered = history.at(210).push(Some(fetch), Kind::Delivered);
            history.push(
                Some(delivered),
                Kind::Served {
                    node,
                    op,
                    key,
                    held,
                },
            );
            history.responds(delivered, node, proxy, carries, 220)
        });
        for response in &responses[..2] {
            history.at(220).push(Some(*response), Kind::Delivered);
        }
        let answer = history.sends(proxy, proxy, MessageKind::Answer, carries, Some(240));
        let delivered = history.at(240).push(Some(answer), Kind::Delivered);
        // C's response comes too late to count.
        let (op, key, from, held) = (read, BALANCE, a, Held::default());
        history.push(
            Some(delivered),
            Kind::Saw {
                op,
                key,
                from,
                held,
            },
        );
        assert_eq!(
            history.violation(PROMISE).sentence,
            "Alice wrote balance = 10 (#1) and was told “done” at 120 ms. 120 ms later Alice saw balance = nothing, \
             the newest that A and B had: #1 was on the wire to A, due 290 ms after A answered; #1 had been lost on \
             the way to B."
        );
    }

    #[test]
    fn its_own_value_or_a_later_one_keeps_it() {
        let mut history = History::of(one_leader(3));
        let own = history.at(100).wrote(ALICE, BALANCE);
        history.at(200).read(ALICE, BALANCE, F1, own.held());
        let other = history.at(300).wrote(BOB, BALANCE);
        history.at(400).read(ALICE, BALANCE, F1, other.held());
        let verdict = history.verdict(PROMISE);
        assert_eq!((verdict.state, verdict.checked), (State::Kept, 2));
    }

    #[test]
    fn another_clients_value_that_the_protocol_orders_before_breaks_it() {
        let mut history = History::of(one_leader(3));
        let other = history.at(100).wrote(BOB, BALANCE);
        history.at(200).wrote(ALICE, BALANCE);
        history.at(300).read(ALICE, BALANCE, F1, other.held());
        assert_eq!(
            history.violation(PROMISE).title,
            "Alice’s own write is missing"
        );
    }

    #[test]
    fn a_write_of_unknown_outcome_promises_nothing() {
        let mut history = History::of(one_leader(3));
        let write = history.at(100).writes(ALICE, BALANCE);
        history.at(200).told(write.op, Outcome::Unknown);
        history.at(300).read(ALICE, BALANCE, F1, Held::default());
        assert_eq!(history.verdict(PROMISE).state, State::Unknown);
    }

    #[test]
    fn of_siblings_one_must_equal_or_supersede() {
        let mut history = History::of(leaderless(1, 1));
        let [own, other, third] =
            [ALICE, BOB, CAROL].map(|client| history.at(100).writes(client, BALANCE));
        let [own_version, other_version] = [own.dotted(&[]), other.dotted(&[])];
        let later = third.held_as(third.dotted(&[own, other]));
        let (own_held, other_held) = (own.held_as(own_version), other.held_as(other_version));
        let version = own_version;
        history.at(200).told(own.op, Outcome::Written { version });
        history
            .at(300)
            .read_siblings(ALICE, BALANCE, L, &[other_held, own_held]);
        history.at(400).read_siblings(ALICE, BALANCE, L, &[later]);
        let verdict = history.verdict(PROMISE);
        assert_eq!((verdict.state, verdict.checked), (State::Kept, 2));
        let fourth = history.at(450).writes(BOB, BALANCE);
        let fourth = fourth.held_as(fourth.dotted(&[other]));
        history
            .at(500)
            .read_siblings(ALICE, BALANCE, F1, &[other_held, fourth]);
        let violation = history.violation(PROMISE);
        assert_eq!(
            violation.at.index(),
            history.trace.len() - 2,
            "the last sibling"
        );
        assert_eq!(
            violation.sentence,
            "Alice wrote balance = 10 (#1) and was told “done” at 200 ms. 300 ms later Alice saw balance = 20 (#2) and \
             40 (#4), without #1."
        );
    }

    #[test]
    fn a_write_that_is_sent_again_is_no_later_than_it_was() {
        let mut history = History::of(one_leader(3));
        let first = history.at(100).wrote(ALICE, BALANCE);
        let second = history.at(200).wrote(ALICE, BALANCE);
        history.at(300).wrote_again(first);
        history.at(400).read(ALICE, BALANCE, F1, second.held());
        assert_eq!(history.verdict(PROMISE).state, State::Kept);
        history.at(500).read(ALICE, BALANCE, F1, first.held());
        let sentence = history.violation(PROMISE).sentence;
        assert!(
            sentence.starts_with("Alice wrote balance = 20 (#2) and"),
            "{sentence}"
        );
    }

    #[test]
    fn a_write_of_unknown_outcome_that_is_sent_again_and_done_must_be_seen() {
        let mut history = History::of(one_leader(3));
        let first = history.at(100).writes(ALICE, BALANCE);
        history.at(200).told(first.op, Outcome::Unknown);
        history.at(250).read(ALICE, BALANCE, F1, Held::default());
        assert_eq!(history.verdict(PROMISE).state, State::Unknown);
        history.at(300).wrote_again(first);
        history.at(400).read(ALICE, BALANCE, F1, Held::default());
        let violation = history.violation(PROMISE);
        let start = "Alice wrote balance = 20 (#2), which is #1 sent again, and was told “done” at 300 ms. 100 ms later";
        assert!(violation.sentence.starts_with(start), "{violation:?}");
    }

    #[test]
    fn cuts_pauses_lost_disks_and_hints_are_told_as_causes() {
        let cause = |befalls: fn(&mut History, Written)| {
            let mut history = History::of(leaderless(1, 1));
            let write = history.at(100).writes(ALICE, BALANCE);
            befalls(&mut history, write);
            let version = write.stamp();
            history.at(200).told(write.op, Outcome::Written { version });
            let read = history.at(300).reads(ALICE, &[BALANCE]);
            history.served(L, read, BALANCE, Held::default());
            history.saw(read, BALANCE, L, Held::default());
            let sentence = history.violation(PROMISE).sentence;
            sentence.rsplit(": ").next().unwrap().to_owned()
        };
        assert_eq!(
            cause(|history, write| {
                let sent = history.stores(L, write, None);
                history.at(110).push(Some(sent), Kind::Lost { cut: true });
            }),
            "#1 had been sent to A over a link that was cut."
        );
        assert_eq!(
            cause(|history, write| {
                let sent = history.stores(L, write, Some(140));
                history.at(110).push(Some(sent), Kind::Dropped);
            }),
            "#1 had been dropped on its way to A at 110 ms."
        );
        assert_eq!(
            cause(|history, write| {
                let sent = history.stores(L, write, Some(140));
                let ends = SimTime(1000 * 430);
                history.at(110).push(Some(sent), Kind::Delayed { ends });
            }),
            "#1 was on the wire to A, where it had been held up, due 130 ms later."
        );
        // Held up, and there all the same.
        assert_eq!(
            cause(|history, write| {
                let sent = history.stores(L, write, Some(140));
                let ends = SimTime(1000 * 290);
                history.at(110).push(Some(sent), Kind::Delayed { ends });
            }),
            "#1 had reached A, but was not on its disk yet."
        );
        // What is sent after it may be there first.
        assert_eq!(
            cause(|history, write| {
                let sent = history.stores(L, write, Some(140));
                let ends = SimTime(1000 * 430);
                history.at(110).push(Some(sent), Kind::Delayed { ends });
                history.at(120).stores(L, write, Some(350));
            }),
            "#1 was on the wire to A, due 50 ms later."
        );
        assert_eq!(
            cause(|history, write| {
                let sent = history.stores(L, write, Some(140));
                let ends = SimTime(1000 * 180);
                history.at(110).push(Some(sent), Kind::Delayed { ends });
                history.at(170).push(None, Kind::Paused { node: L });
                history.at(300).push(None, Kind::Resumed { node: L });
            }),
            "#1 had arrived after A was paused at 170 ms, and A had not come to it yet."
        );
        assert_eq!(
            cause(|history, write| {
                history.at(110).stored(L, write);
                history.at(150).lost_its_disk(L);
            }),
            "A had lost its disk at 150 ms, and #1 with it."
        );
        assert_eq!(
            cause(|history, write| {
                history.stores(L, write, Some(140));
                history.at(150).lost_its_disk(L);
            }),
            "A had crashed at 150 ms, before #1 was on its disk."
        );
        assert_eq!(
            cause(|history, write| {
                let carries = Carries {
                    write: Some(crate::ids::WriteId(write.write.0 + 1)),
                    entries: 2,
                    ..Carries::default()
                };
                history
                    .at(130)
                    .sends(F1, L, MessageKind::Handoff, carries, Some(140));
            }),
            "#1 may have been among what was sent to A at 130 ms."
        );
        assert_eq!(
            cause(|history, write| {
                history.at(110).stored(L, write);
                history.at(150).crashed(L);
                history.restored(L, 90);
            }),
            "A’s disk had been replaced at 150 ms by a copy of 90 ms, without #1."
        );
        assert_eq!(
            cause(|history, write| {
                let (node, home, key, write) = (F1, L, write.key, write.write);
                history.at(110).push(
                    None,
                    Kind::HintKept {
                        node,
                        home,
                        key,
                        write,
                    },
                );
            }),
            "B kept #1 for A, which had seemed gone."
        );
        assert_eq!(
            cause(|history, write| {
                let (node, home, key, write) = (F1, L, write.key, write.write);
                let expired = true;
                history.at(130).push(
                    None,
                    Kind::HintGone {
                        node,
                        home,
                        key,
                        write,
                        expired,
                    },
                );
            }),
            "B, which had kept #1 for A, had dropped it for its age at 130 ms."
        );
        assert_eq!(
            cause(|history, write| {
                history.stores(L, write, Some(150));
                history.at(140).push(None, Kind::Paused { node: L });
                history.at(300).push(None, Kind::Resumed { node: L });
                history.at(200);
            }),
            "#1 had arrived after A was paused at 140 ms, and A had not come to it yet."
        );
    }

    #[test]
    fn other_sessions_and_other_keys_are_promised_nothing() {
        let mut history = History::of(one_leader(3));
        history.at(100).wrote(ALICE, BALANCE);
        history.at(200).read(BOB, BALANCE, F1, Held::default());
        history.at(300).read(ALICE, PHOTO, F1, Held::default());
        assert_eq!(history.verdict(PROMISE).state, State::Unknown);
    }
}
