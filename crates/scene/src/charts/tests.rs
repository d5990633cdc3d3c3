//! Each number of the charts against a plain count over the records, on shipped scenarios.

use std::path::Path;
use std::sync::Arc;

use replication::engine::time::SimTime;
use replication::ids::{KeyId, NodeId, OpId, Place, Version};
use replication::measure::measure;
use replication::run::{self, Run};
use replication::scenario::Scenario;
use replication::trace::{Action, Kind, Outcome, Record};

use super::*;
use crate::index::SceneIndex;
use crate::moment::{Moment, message};

/// A run to its end and back to each of some moments.
fn at_moments(names: &[&str], mut look: impl FnMut(&str, &dyn Run, &SceneIndex, &Tally)) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    for name in names {
        let bytes = std::fs::read(folder.join(format!("{name}.json"))).expect("shipped");
        let scenario = Arc::new(Scenario::from_bytes(&bytes).expect("valid"));
        let (seed, end_us) = (scenario.seed, scenario.limits.time.0);
        let mut run = run::open(scenario, seed);
        let (mut index, mut tally) = (SceneIndex::new(), Tally::default());
        // Piece by piece, as it is played.
        for step in 0..=40 {
            run.seek(SimTime(end_us / 40 * step));
            index.update(run.as_ref());
            tally.update(run.as_ref());
            look(name, run.as_ref(), &index, &tally);
        }
        for step in (0..40).step_by(7) {
            run.seek(SimTime(end_us / 40 * step + 1));
            look(name, run.as_ref(), &index, &tally);
        }
    }
}

const LED: [&str; 9] = [
    "double-transfer",
    "split-brain",
    "leader-crash-async",
    "leader-crash-quorum",
    "snapshot-after-trim",
    "answer-before-question",
    "long-pause",
    "slow-replica",
    "lag-budget",
];
const OTHERS: [&str; 7] = [
    "two-titles",
    "the-cart-merges",
    "ring-with-a-gap",
    "dynamo-stale-read",
    "hinted-handoff",
    "trap-restored-replica",
    "measured-delays",
];

fn all() -> Vec<&'static str> {
    LED.into_iter().chain(OTHERS).collect()
}

fn value<'a>(charts: &'a [Chart], id: &str, row: &str) -> &'a str {
    let chart = charts.iter().find(|chart| chart.id == id).expect("a chart");
    let row = chart.rows.iter().find(|other| other.name == row);
    &row.expect("a row").value
}

/// Which, what, since when; when and how it ended.
type Operation = (OpId, Action, SimTime, Option<(SimTime, Outcome)>);

/// When each operation began and ended, and how.
fn operations(records: &[Record]) -> Vec<Operation> {
    let mut all: Vec<Operation> = Vec::new();
    for record in records {
        match record.kind {
            Kind::Invoked { op, action } => all.push((op, action, record.at, None)),
            Kind::Ended { op, outcome } => {
                let open = all.iter_mut().find(|(other, ..)| *other == op);
                open.expect("it has begun").3 = Some((record.at, outcome));
            }
            _ => {}
        }
    }
    all
}

#[test]
fn operations_reads_and_load_are_what_the_records_count() {
    let mut stale = 0;
    at_moments(&all(), |name, run, _, tally| {
        let charts = charts(run, tally);
        let records = &run.records()[..run.happened()];
        let ended = operations(records).into_iter().filter_map(|op| op.3);
        let outcomes: Vec<Outcome> = ended.map(|(_, outcome)| outcome).collect();
        let counted = |is: fn(&Outcome) -> bool| {
            let number = outcomes.iter().filter(|outcome| is(outcome)).count();
            number.to_string()
        };
        let answered = counted(|is| matches!(is, Outcome::Written { .. } | Outcome::Answered));
        let refused = counted(|is| matches!(is, Outcome::Refused | Outcome::PositionLost));
        let unknown = counted(|is| *is == Outcome::Unknown);
        assert_eq!(value(&charts, "answers", "answered"), answered, "{name}");
        assert_eq!(value(&charts, "answers", "refused"), refused, "{name}");
        assert_eq!(value(&charts, "answers", "unknown"), unknown, "{name}");

        let metrics = measure(records, run.violations(), run.now());
        let stale_reads = metrics.stale_reads.to_string();
        assert_eq!(value(&charts, "reads", "stale"), stale_reads, "{name}");
        stale += metrics.stale_reads;

        for (node, called) in run.scenario().names.nodes.iter().enumerate() {
            let node = Place::Node(NodeId(node as u8));
            let sent = records
                .iter()
                .filter(|record| record.kind == Kind::Delivered);
            let sent = sent.map(|record| &run.records()[record.cause.expect("a sending").index()]);
            let messages = sent.filter_map(message).filter(|sent| sent.to == node);
            let from: Vec<Place> = messages.map(|sent| sent.from).collect();
            let clients = from.iter().filter(|from| matches!(from, Place::Client(_)));
            let said = format!("{} · {}", from.len(), clients.count());
            assert_eq!(value(&charts, "load", called), said, "{name}");
        }
    });
    assert!(stale > 0, "nothing stale was ever read");
}

#[test]
fn percentiles_are_nearest_ranks_of_what_was_answered() {
    at_moments(&all(), |name, run, index, tally| {
        let ops = operations(&run.records()[..run.happened()]);
        let mut took: Vec<u64> = ops
            .iter()
            .filter(|(_, action, ..)| matches!(action, Action::Write { .. }))
            .filter_map(|(_, _, since, ended)| match ended {
                Some((at, Outcome::Written { .. })) => Some(at.since_us(*since)),
                _ => None,
            })
            .collect();
        took.sort_unstable();
        let rank = |percent: usize| {
            let at_most = |us: &&u64| {
                let no_longer = took.iter().filter(|other| other <= us).count();
                no_longer * 100 >= percent * took.len()
            };
            took.iter().find(at_most)
        };
        let said = match (rank(50), rank(99)) {
            (Some(p50), Some(p99)) => both(*p50, *p99),
            _ => "–".to_owned(),
        };
        let charts = charts(run, tally);
        assert_eq!(value(&charts, "waits", "writes"), said, "{name}");
        let [_, fast, _] = trilemma(run, index, tally);
        assert_eq!(fast.share.is_some(), !took.is_empty(), "{name}");
        if !took.is_empty() {
            assert!(fast.value.ends_with(&format!(" of {}", took.len())));
        }
    });
}

#[test]
fn behind_one_leader_is_what_its_card_says() {
    let mut lagged = 0;
    at_moments(&LED, |name, run, _, tally| {
        let mut index = SceneIndex::new();
        index.update(run);
        let now = Moment::of(run, &index);
        for (node, steps) in tally.lag.iter().enumerate() {
            let card = now.behind(&now.nodes()[node]).unwrap_or_default();
            let is = steps.at(run.happened()).unwrap_or_default();
            let said = (is.entries, is.us_at(run.now().0));
            let at = format!("{name}: {} at {} us", now.names.nodes[node], run.now().0);
            assert_eq!(said, (card.entries, card.us), "{at}");
            lagged += card.entries;
        }
    });
    assert!(lagged > 0, "nobody ever lagged");
}

/// The versions of a key that came to a disk since that was last lost or replaced.
fn stored(records: &[Record], node: NodeId, key: KeyId) -> Vec<(Version, u32)> {
    let mut stored = Vec::new();
    for record in records {
        match record.kind {
            Kind::Stored {
                node: n,
                key: k,
                version,
                write,
                ..
            } if (n, k) == (node, key) => stored.push((version, write.0)),
            Kind::Crashed {
                node: n,
                disk_lost: true,
            }
            | Kind::Restored { node: n, .. }
                if n == node =>
            {
                stored.clear()
            }
            _ => {}
        }
    }
    stored
}

#[test]
fn behind_without_a_log_is_what_other_disks_have() {
    at_moments(&OTHERS, |name, run, index, tally| {
        let records = &run.records()[..run.happened()];
        let now = Moment::of(run, index);
        for (node, steps) in tally.lag.iter().enumerate() {
            let mut lacking = 0;
            for key in (0..now.structure.keys).map(KeyId) {
                let copies = now.copies(key);
                if !copies.contains(&NodeId(node as u8)) {
                    continue;
                }
                let mine = stored(records, NodeId(node as u8), key);
                let mut lacked = Vec::new();
                for other in copies {
                    let theirs = stored(records, other, key);
                    for (version, write) in &theirs {
                        let replaced = theirs.iter().any(|(by, _)| by.supersedes(version));
                        let has = mine.iter().any(|(held, _)| held.covers(version));
                        if !replaced && !has && !lacked.contains(write) {
                            lacked.push(*write);
                        }
                    }
                }
                lacking += lacked.len() as u32;
            }
            let is = steps.at(run.happened()).unwrap_or_default();
            assert_eq!(is.entries, lacking, "{name} at {} us", run.now().0);
        }
    });
}

#[test]
fn copies_are_the_disks_of_the_newest_acknowledged_write() {
    at_moments(&all(), |name, run, index, tally| {
        let now = Moment::of(run, index);
        let Some(acked) = index.last_acked(run.happened()) else {
            assert_eq!(tally.copies.at(run.happened()), None, "{name}");
            return;
        };
        let is = tally
            .copies
            .at(run.happened())
            .expect("one is acknowledged");
        let at = format!("{name}: #{} at {} us", acked.write.0, run.now().0);
        assert_eq!(is.write, acked.write, "{at}");
        assert_eq!(usize::from(is.have), now.holders(acked).len(), "{at}");
    });
}

#[test]
fn at_risk_is_each_write_that_one_disk_alone_holds() {
    let mut risky = 0;
    at_moments(&LED, |name, run, index, tally| {
        let now = Moment::of(run, index);
        let mut one = Vec::new();
        for (_, action, _, ended) in operations(&run.records()[..run.happened()]) {
            if let (Action::Write { key, .. }, Some((_, Outcome::Written { version }))) =
                (action, ended)
                && now.on_disks(key, version) == 1
                && !now.is_left_behind(key, version)
                && !one.contains(&version)
            {
                one.push(version);
            }
        }
        let is = trilemma::at_risk(&now, tally, run.happened());
        assert_eq!(is, one.len(), "{name} at {} us", run.now().0);
        risky += is;
    });
    assert!(risky > 0, "nothing was ever at risk");
}

#[test]
fn during_faults_counts_what_was_under_way_while_something_was_broken() {
    let mut counted = 0;
    at_moments(&all(), |name, run, index, tally| {
        let records = &run.records()[..run.happened()];
        // By the moments at which something is done to nodes and links, whether something is broken then.
        let mut broken: Vec<(SimTime, bool)> = Vec::new();
        let (mut nodes, mut links): (Vec<NodeId>, Vec<(Place, Place)>) = (Vec::new(), Vec::new());
        for record in records {
            match record.kind {
                Kind::Crashed { node, .. } | Kind::Paused { node } => nodes.push(node),
                Kind::Restarted { node } | Kind::Resumed { node } => nodes.retain(|n| *n != node),
                Kind::Cut { from, to, .. } | Kind::Slowed { from, to, .. } => {
                    links.extend(from.iter().flat_map(|a| to.iter().map(move |b| (a, b))));
                }
                Kind::Healed { from, to } => links.retain(|(a, b)| {
                    let this = from.contains(*a) && to.contains(*b);
                    let other = from.contains(*b) && to.contains(*a);
                    !this && !other
                }),
                _ => continue,
            }
            broken.push((record.at, !nodes.is_empty() || !links.is_empty()));
        }
        let is_during = |since: SimTime, ended: SimTime| {
            let before = broken.iter().rev().find(|(at, _)| *at <= since);
            let within = broken.iter().filter(|(at, _)| since <= *at && *at <= ended);
            before.is_some_and(|(_, is)| *is) || within.clone().any(|(_, is)| *is)
        };
        let ended: Vec<Outcome> = operations(records)
            .into_iter()
            .filter_map(|(_, _, since, ended)| {
                let (at, outcome) = ended?;
                is_during(since, at).then_some(outcome)
            })
            .collect();
        let answered = ended
            .iter()
            .filter(|outcome| matches!(outcome, Outcome::Written { .. } | Outcome::Answered));
        let said = match ended.len() {
            0 => "–".to_owned(),
            all => format!("{} of {all}", answered.count()),
        };
        let [_, _, available] = trilemma(run, index, tally);
        assert_eq!(available.value, said, "{name} at {} us", run.now().0);
        counted += ended.len();
    });
    assert!(counted > 0, "nothing was ever broken");
}

#[test]
fn a_tally_notices_another_run() {
    let mut tally = Tally::default();
    at_moments(&["double-transfer"], |_, run, _, _| tally.update(run));
    at_moments(&["two-titles"], |_, run, _, fresh| {
        tally.update(run);
        assert_eq!(charts(run, &tally), charts(run, fresh));
    });
}

#[test]
fn no_picture_has_more_than_a_few_points() {
    at_moments(&["measured-delays"], |_, run, _, tally| {
        for row in charts(run, tally).iter().flat_map(|chart| &chart.rows) {
            for shape in &row.shapes {
                if let Shape::Area { path, .. } | Shape::Marks { path, .. } = shape {
                    assert!(path.matches('V').count() <= 120, "{}", row.name);
                }
            }
        }
    });
}

#[test]
fn two_lengths_of_one_unit_name_it_once() {
    assert_eq!(both(31_000, 140_000), "31 · 140 ms");
    assert_eq!(both(900, 1_200_000), "0.9 ms · 1.2 s");
    assert_eq!(both(1_100_000, 1_200_000), "1.1 s · 1.2 s");
}

#[test]
fn who_holds_no_copy_is_not_called_in_sync() {
    at_moments(&["dynamo-stale-read"], |name, run, _, tally| {
        let lag = charts(run, tally).swap_remove(0);
        let holds: Vec<bool> = lag.rows.iter().map(|row| row.value != "no copy").collect();
        assert_eq!(holds, [true, true, true, false, false], "{name}");
    });
}
