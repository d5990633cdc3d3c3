//! Read your writes: a session sees its own acknowledged writes.
//!
//! Broken when a read returns nothing that equals or supersedes the session's latest write to that key
//! acknowledged before the read was invoked. Per key. Another client's value is fine where the protocol
//! orders it after the session's own; a write whose outcome is unknown promises nothing.
//!
//! Terry et al., "Session guarantees for weakly consistent replicated data" (1994).

use crate::ids::{Version, WriteId};
use crate::promise::cause::{Answer, Missing};
use crate::promise::evidence::in_order;
use crate::promise::sessions::Sessions;
use crate::promise::{Case, Monitor, Promise, Violation, words};
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
    invoked: Seq,
    ended: Seq,
}

/// A read that lacked the session's own write.
#[derive(Clone, Copy, Debug)]
pub(super) struct Finding {
    own: Own,
    read: Seq,
    saw: Seq,
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

    fn observe(&mut self, record: &Record, found: &mut Vec<Finding>) {
        match record.kind {
            Kind::Invoked { op, action } => self.sessions.begin(op, action, record.seq),
            Kind::Ended { op, outcome } => {
                let Some(open) = self.sessions.end(op) else {
                    return;
                };
                if let (Action::Write { write, key, .. }, Outcome::Written { version }) =
                    (open.action, outcome)
                {
                    let own = Own {
                        write,
                        version,
                        invoked: open.invoked,
                        ended: record.seq,
                    };
                    self.own[usize::from(op.client.0) * self.keys + usize::from(key.0)] = Some(own);
                }
            }
            // Sessions are sequential: while a read is open, none of its session's writes is acknowledged.
            Kind::Saw { op, key, held, .. } => {
                let Some(open) = self.sessions.open(op) else {
                    return;
                };
                let Some(own) = self.own[usize::from(op.client.0) * self.keys + usize::from(key.0)]
                else {
                    return;
                };
                self.checked += 1;
                if held.version < Some(own.version) {
                    found.push(Finding {
                        own,
                        read: open.invoked,
                        saw: record.seq,
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
        let Finding { own, read, saw } = *finding;
        let mut evidence = vec![own.invoked, own.ended, read, saw];
        let mut title = String::new();
        let mut sentence = String::new();
        if let Some(
            seen @ Record {
                kind: Kind::Saw { op, key, .. },
                ..
            },
        ) = case.record(saw)
        {
            let client = case.names().client(op.client);
            let told_done = case.at(own.ended);
            let answer = Answer::of(
                case,
                seen,
                Missing {
                    write: own.write,
                    key: *key,
                    version: own.version,
                },
            );
            evidence.extend(answer.evidence());
            title = format!("{client}’s own write is missing");
            sentence = format!(
                "{client} wrote {} and was told “done” at {}. {} later {}.",
                case.write_in_words(own.write, own.invoked),
                words::moment(told_done),
                words::span(answer.at(case).since_us(told_done)),
                answer.told(case),
            );
        }
        Violation {
            promise: Promise::ReadYourWrites,
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
    fn other_sessions_and_other_keys_are_promised_nothing() {
        let mut history = History::of(one_leader(3));
        history.at(100).wrote(ALICE, BALANCE);
        history.at(200).read(BOB, BALANCE, F1, Held::default());
        history.at(300).read(ALICE, PHOTO, F1, Held::default());
        assert_eq!(history.verdict(PROMISE).state, State::Unknown);
    }
}
