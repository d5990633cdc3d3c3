//! One leader at a time: nobody says "done" as leader after a leader of a higher epoch has.
//!
//! Broken when a leader acknowledges after a leader of a higher epoch of that partition had. Counted
//! when it is said, not when it arrives: whom it deceives is another promise's. Two replicas that
//! *think* that they lead break nothing as long as one of them stays silent. Where several are meant to
//! lead, or nobody is, it is unknown.

use crate::ids::PartitionId;
use crate::promise::evidence::in_order;
use crate::promise::{Case, Heard, Monitor, Promise, Violation, words};
use crate::scenario::{ProtocolKind, Scenario};
use crate::trace::{Kind, Record, Seq};

/// The monitor.
#[derive(Clone, Debug)]
pub(super) struct OneLeaderAtATime {
    /// By partition: the last acknowledgement in the highest epoch that acknowledged.
    highest: Vec<Option<Said>>,
    checked: u32,
    /// Whether one is meant to lead: elsewhere it is unknown.
    one_leads: bool,
}

/// A leader said "done".
#[derive(Clone, Copy, Debug)]
struct Said {
    epoch: u32,
    acknowledged: Seq,
}

/// A leader said "done" after one of a higher epoch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Finding {
    higher: Said,
    lower: Said,
    partition: PartitionId,
}

impl OneLeaderAtATime {
    /// A monitor that has seen nothing yet.
    pub fn new(scenario: &Scenario) -> Self {
        OneLeaderAtATime {
            highest: vec![None; usize::from(scenario.structure.partitions)],
            checked: 0,
            one_leads: scenario.structure.kind == ProtocolKind::SingleLeader,
        }
    }
}

impl Monitor for OneLeaderAtATime {
    type Finding = Finding;
    const HEARS: Heard = Heard::DONE;

    fn observe(&mut self, what: &[Record], found: &mut Vec<Finding>) {
        let record = &what[0];
        let Kind::Acknowledged {
            partition, epoch, ..
        } = record.kind
        else {
            return;
        };
        if epoch == 0 || !self.one_leads {
            return;
        }
        self.checked += 1;
        let said = Said {
            epoch,
            acknowledged: record.seq,
        };
        match &mut self.highest[usize::from(partition.0)] {
            Some(higher) if higher.epoch > epoch => found.push(Finding {
                higher: *higher,
                lower: said,
                partition,
            }),
            highest => *highest = Some(said),
        }
    }

    fn checked(&self) -> u32 {
        self.checked
    }

    fn explain(&self, finding: &Finding, case: &Case<'_>) -> Violation {
        let Finding {
            higher,
            lower,
            partition,
        } = *finding;
        let mut evidence = vec![higher.acknowledged, lower.acknowledged];
        let mut sentence = String::new();
        if let (Some(before), Some(after)) = (
            case.record(higher.acknowledged),
            case.record(lower.acknowledged),
        ) && let Kind::Acknowledged {
            node: leader,
            write: newer,
            ..
        } = before.kind
            && let Kind::Acknowledged {
                node: deposed,
                write: older,
                ..
            } = after.kind
        {
            let names = case.names();
            sentence = format!("{}, leader of epoch {}", names.node(leader), higher.epoch);
            if let Some(promotion) = case.index.promotion(partition, higher.epoch) {
                evidence.push(promotion.seq);
                sentence += &format!(" since {}", words::moment(case.at(promotion.seq)));
            }
            sentence += &format!(
                ", said “done” for {} at {}. {} later {}, still leading epoch {}, said “done” for {}.",
                words::chip(newer),
                words::moment(before.at),
                words::span(after.at.since_us(before.at)),
                names.node(deposed),
                lower.epoch,
                words::chip(older),
            );
        }
        Violation {
            promise: Promise::OneLeaderAtATime,
            at: lower.acknowledged,
            evidence: in_order(evidence),
            title: "Two leaders said “done”".to_owned(),
            sentence,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::promise::testing::*;
    use crate::promise::{Promise, State};

    const PROMISE: Promise = Promise::OneLeaderAtATime;

    #[test]
    fn done_from_a_lower_epoch_after_done_from_a_higher_one_breaks_it() {
        let mut history = History::of(one_leader(3));
        let writes = [ALICE, BOB].map(|client| history.at(4_200).writes(client, BALANCE));
        history.at(4_350).promoted(F1, 2, 0);
        history.at(5_000).acknowledged(F1, writes[0], 2);
        history.at(5_210).acknowledged(L, writes[1], 1);
        let violation = history.violation(PROMISE);
        assert_eq!(violation.title, "Two leaders said “done”");
        assert_eq!(
            violation.sentence,
            "F1, leader of epoch 2 since 4.350 s, said “done” for #1 at 5.000 s. 210 ms later L, still leading \
             epoch 1, said “done” for #2."
        );
    }

    #[test]
    fn a_deposed_leader_that_spoke_first_or_of_another_partition_keeps_it() {
        let mut history = History::of(one_leader(3));
        let [first, second] = [ALICE, BOB].map(|client| history.at(10).writes(client, BALANCE));
        let other = history.writes(CAROL, PHOTO);
        history.at(20).promoted(F1, 2, 0);
        history.at(30).acknowledged(L, first, 1);
        history.at(40).acknowledged(F1, second, 2);
        history.at(50).acknowledged(L, other, 1);
        let verdict = history.verdict(PROMISE);
        assert_eq!((verdict.state, verdict.checked), (State::Kept, 3));
    }

    #[test]
    fn where_nobody_leads_or_several_do_it_is_unknown() {
        let mut history = History::of(leaderless(1, 1));
        let write = history.at(10).writes(ALICE, BALANCE);
        history.at(20).acknowledged(L, write, 0);
        assert_eq!(history.verdict(PROMISE).state, State::Unknown);
        let mut history = History::of(many_leaders());
        let write = history.at(10).writes(ALICE, BALANCE);
        history.at(20).acknowledged(L, write, 1);
        assert_eq!(history.verdict(PROMISE).state, State::Unknown);
    }
}
