//! What a run cost its clients: latencies, losses, outages and stale reads, from its records alone.
//!
//! Everything is as clients have it: a write is acknowledged when its client hears "done".

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::engine::time::SimTime;
use crate::ids::{KeyId, OpId, Version};
use crate::ordered::{Ordered, sort_by_key};
use crate::promise::{Promise, Violation, shown, together};
use crate::trace::{Action, Kind, Outcome, Record};

/// What was measured up to a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Metrics {
    /// How operations ended.
    pub operations: Operations,
    /// From invoking a write to hearing "done"; `None` where none was.
    pub write_latency_us: Option<Latency>,
    /// From invoking a read to its answer; `None` where none was.
    pub read_latency_us: Option<Latency>,
    /// Acknowledged writes that no disk holds any more.
    pub acked_writes_lost: u32,
    /// How far back the losses go (recovery point), in milliseconds, rounded up: from the
    /// acknowledgement of the earliest lost write to that of the last one or, where that is later, to
    /// the last crash before the last loss was certain. 0 where nothing was lost.
    pub rpo_ms: u64,
    /// The longest outage for writers (recovery time), in milliseconds, rounded up: the longest stretch
    /// without an acknowledgement, counted from when a write was first wanted in it. Such a stretch
    /// lies between two acknowledgements, or before the first, or after the last up to now; a write is
    /// wanted from when it is invoked, or from the stretch's start where one was in flight then. A
    /// writer that gave up still wants it. Where all goes well this is the slowest write.
    pub rto_ms: u64,
    /// What reads returned, one a key; siblings are one.
    pub reads: u32,
    /// Of them, those that lack, in the order of versions, a value of the key that any client had been
    /// told "done" for before the read was invoked: nothing that was returned equals or supersedes it.
    pub stale_reads: u32,
    /// Reads invoked while a write to one of their keys was in flight: invoked, and not over.
    pub reads_during_writes: u32,
}

/// How operations ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operations {
    /// Done, or answered.
    pub ok: u32,
    /// Provably not done; reads whose session token no replica could meet, too.
    pub refused: u32,
    /// No answer in time.
    pub unknown: u32,
    /// Not over yet.
    pub pending: u32,
}

/// How long operations took, by nearest rank, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latency {
    /// Half of them took no longer.
    pub p50: u64,
    /// Of a hundred, ninety-nine took no longer.
    pub p99: u64,
}

/// Measures what has happened up to `now`; later violations are left out.
pub fn measure(happened: &[Record], violations: &[Violation], now: SimTime) -> Metrics {
    let mut meter = Meter::default();
    meter.take(happened, |_, _| ());
    let mut metrics = meter.finish(now);
    let lost = violations
        .iter()
        .filter(|violation| violation.promise == Promise::NoAckedWriteLost)
        .filter(|violation| violation.at.index() < happened.len());
    let loss = Loss::of(happened, lost);
    metrics.acked_writes_lost = loss.writes;
    metrics.rpo_ms = loss.rpo_us().div_ceil(1000);
    metrics
}

/// What the meter makes of one of its client's records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metered {
    /// A read returned a key: whether that was stale, as in [`Metrics::stale_reads`].
    Saw {
        /// Whether it was.
        stale: bool,
    },
    /// An operation is over.
    Ended {
        /// What it was.
        action: Action,
        /// How it ended.
        outcome: Outcome,
        /// When it was invoked.
        since: SimTime,
    },
}

/// One pass over a run's records, which can be taken piece by piece as they come to be known.
#[derive(Clone, Debug, Default)]
pub struct Meter {
    metrics: Metrics,
    open: Ordered<OpId, Open>,
    writes_us: Vec<u64>,
    reads_us: Vec<u64>,
    /// The versions of each key that a client was told "done" for, without those that others supersede.
    newest: Ordered<KeyId, Versions>,
    /// How many writes to each key are in flight.
    writing: Ordered<KeyId, u32>,
    /// How many writes are in flight.
    writes: u32,
    /// Since when a write is wanted and none was acknowledged.
    wanted: Option<SimTime>,
    rto_us: u64,
}

/// An operation that is not over.
#[derive(Clone, Debug)]
struct Open {
    since: SimTime,
    action: Action,
    /// A read's keys, each with the newest versions that were acknowledged when it was invoked.
    newest: Vec<(KeyId, Versions)>,
}

/// Versions that stand side by side: one, but for version vectors.
type Versions = SmallVec<[Version; 1]>;

impl Meter {
    /// Takes in the records that follow those that it knows, and tells what it makes of them. A piece ends
    /// with all that happened in its last step, as what a run knows after a `seek` does.
    pub fn take(&mut self, records: &[Record], mut tell: impl FnMut(&Record, Metered)) {
        let mut rest = records;
        while !rest.is_empty() {
            let (what, others) = rest.split_at(together(rest));
            if let Some(metered) = self.observe(what) {
                tell(&what[0], metered);
            }
            rest = others;
        }
    }

    fn observe(&mut self, what: &[Record]) -> Option<Metered> {
        let record = &what[0];
        match record.kind {
            Kind::Invoked { op, action } => {
                self.invoked(op, action, record.at);
                None
            }
            Kind::Saw { op, key, .. } => {
                let mut newest = self.open.get(op).into_iter().flat_map(|open| &open.newest);
                let stale = newest
                    .find(|(other, _)| *other == key)
                    .is_some_and(|(_, newest)| {
                        !newest.iter().all(|version| shown::covers(what, *version))
                    });
                self.metrics.reads += 1;
                self.metrics.stale_reads += u32::from(stale);
                Some(Metered::Saw { stale })
            }
            Kind::Ended { op, outcome } => Some(self.ended(op, outcome, record.at)),
            _ => None,
        }
    }

    fn invoked(&mut self, op: OpId, action: Action, at: SimTime) {
        let newest = match action {
            Action::Write { key, .. } => {
                *self.writing.or_insert(key, 0) += 1;
                self.writes += 1;
                self.wanted.get_or_insert(at);
                Vec::new()
            }
            Action::Read { keys } => {
                let writing = |key| self.writing.get(key).is_some_and(|writes| *writes > 0);
                self.metrics.reads_during_writes += u32::from(keys.iter().any(writing));
                let newest = |key| Some((key, self.newest.get(key)?.clone()));
                keys.iter().filter_map(newest).collect()
            }
        };
        let since = at;
        self.open.insert(
            op,
            Open {
                since,
                action,
                newest,
            },
        );
    }

    fn ended(&mut self, op: OpId, outcome: Outcome, at: SimTime) -> Metered {
        let open = self.open.remove(op).expect("what ends has begun");
        let took_us = at.since_us(open.since);
        if let Action::Write { key, .. } = open.action {
            *self.writing.or_insert(key, 0) -= 1;
            self.writes -= 1;
            if let Outcome::Written { version } = outcome {
                let newest = self.newest.or_insert(key, Versions::new());
                if !newest.iter().any(|other| other.covers(&version)) {
                    newest.retain(|other| !version.covers(other));
                    newest.push(version);
                }
                let outage_us = self.wanted.map_or(0, |since| at.since_us(since));
                self.rto_us = self.rto_us.max(outage_us);
                self.wanted = (self.writes > 0).then_some(at);
            }
        }
        let operations = &mut self.metrics.operations;
        match outcome {
            Outcome::Written { .. } => {
                operations.ok += 1;
                self.writes_us.push(took_us);
            }
            Outcome::Answered => {
                operations.ok += 1;
                self.reads_us.push(took_us);
            }
            Outcome::Refused | Outcome::PositionLost => operations.refused += 1,
            Outcome::Unknown => operations.unknown += 1,
        }
        Metered::Ended {
            action: open.action,
            outcome,
            since: open.since,
        }
    }

    fn finish(mut self, now: SimTime) -> Metrics {
        let outage_us = self.wanted.map_or(0, |since| now.since_us(since));
        self.metrics.rto_ms = self.rto_us.max(outage_us).div_ceil(1000);
        self.metrics.operations.pending = self.open.len() as u32;
        self.metrics.write_latency_us = latency(self.writes_us);
        self.metrics.read_latency_us = latency(self.reads_us);
        self.metrics
    }
}

/// The latency of operations that took so long each; `None` of none.
pub fn latency(mut us: Vec<u64>) -> Option<Latency> {
    sort_by_key(&mut us, |us| (0, *us));
    let count = us.len();
    // The smallest value that at least so many percent do not exceed.
    let nearest_rank = |percent: usize| us[(count * percent).div_ceil(100) - 1];
    (count > 0).then(|| Latency {
        p50: nearest_rank(50),
        p99: nearest_rank(99),
    })
}

/// What was lost.
#[derive(Default)]
struct Loss {
    writes: u32,
    first_acked: Option<SimTime>,
    last_acked: Option<SimTime>,
    last_crash: Option<SimTime>,
}

impl Loss {
    fn of<'a>(happened: &[Record], lost: impl Iterator<Item = &'a Violation>) -> Loss {
        let crashes: Vec<&Record> = happened
            .iter()
            .filter(|record| matches!(record.kind, Kind::Crashed { .. }))
            .collect();
        let mut loss = Loss::default();
        for violation in lost {
            loss.writes += 1;
            let acked = violation.evidence.iter().map(|seq| &happened[seq.index()]);
            let acked = acked
                .filter(|record| is_acknowledgement(record))
                .map(|record| record.at);
            let Some(acked) = acked.min() else { continue };
            loss.first_acked = Some(loss.first_acked.map_or(acked, |first| first.min(acked)));
            loss.last_acked = loss.last_acked.max(Some(acked));
            // A crash that takes the last disk with it is the loss itself.
            let before = crashes.partition_point(|crash| crash.seq <= violation.at);
            let crash = before.checked_sub(1).map(|last| crashes[last].at);
            loss.last_crash = loss.last_crash.max(crash);
        }
        loss
    }

    fn rpo_us(&self) -> u64 {
        let last = self.last_acked.max(self.last_crash);
        match (self.first_acked, last) {
            (Some(first), Some(last)) => last.since_us(first),
            _ => 0,
        }
    }
}

fn is_acknowledgement(record: &Record) -> bool {
    matches!(
        record.kind,
        Kind::Acknowledged { .. }
            | Kind::Ended {
                outcome: Outcome::Written { .. },
                ..
            }
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{
        Change, ClientId, Dot, Held, KeySet, NodeId, PartitionId, Position, Value, Vector, WriteId,
    };
    use crate::trace::Seq;

    /// A history by hand: each line adds a record at a time in milliseconds.
    #[derive(Default)]
    struct History {
        records: Vec<Record>,
        violations: Vec<Violation>,
    }

    impl History {
        fn add(&mut self, at_ms: u64, kind: Kind) -> Seq {
            let seq = Seq(self.records.len() as u32);
            let at = SimTime(at_ms * 1000);
            let cause = None;
            self.records.push(Record {
                seq,
                at,
                cause,
                kind,
            });
            seq
        }

        fn write(&mut self, at_ms: u64, client: u8, number: u32, key: u8) {
            let write = WriteId(1 + self.records.len() as u32);
            let change = Change::Set(Value::Number(0));
            let key = KeyId(key);
            let action = Action::Write { write, key, change };
            self.add(
                at_ms,
                Kind::Invoked {
                    op: op(client, number),
                    action,
                },
            );
        }

        fn read(&mut self, at_ms: u64, client: u8, number: u32, keys: &[u8]) {
            let keys: KeySet = keys.iter().map(|key| KeyId(*key)).collect();
            let action = Action::Read { keys };
            self.add(
                at_ms,
                Kind::Invoked {
                    op: op(client, number),
                    action,
                },
            );
        }

        fn saw(
            &mut self,
            at_ms: u64,
            client: u8,
            number: u32,
            key: u8,
            version: Option<(u32, u32)>,
        ) {
            let version = version.map(|(epoch, index)| log(epoch, index));
            self.saw_version(at_ms, client, number, key, version);
        }

        fn saw_version(
            &mut self,
            at_ms: u64,
            client: u8,
            number: u32,
            key: u8,
            version: Option<Version>,
        ) {
            let held = Held {
                version,
                ..Held::default()
            };
            let (key, from) = (KeyId(key), NodeId(0));
            self.add(
                at_ms,
                Kind::Saw {
                    op: op(client, number),
                    key,
                    from,
                    held,
                },
            );
        }

        fn ended(&mut self, at_ms: u64, client: u8, number: u32, outcome: Outcome) -> Seq {
            self.add(
                at_ms,
                Kind::Ended {
                    op: op(client, number),
                    outcome,
                },
            )
        }

        fn crashed(&mut self, at_ms: u64) -> Seq {
            self.add(
                at_ms,
                Kind::Crashed {
                    node: NodeId(0),
                    disk_lost: false,
                },
            )
        }

        fn promoted(&mut self, at_ms: u64) -> Seq {
            let (node, partition) = (NodeId(1), PartitionId(0));
            let (epoch, last) = (2, Position::default());
            self.add(
                at_ms,
                Kind::Promoted {
                    node,
                    partition,
                    epoch,
                    last,
                },
            )
        }

        fn lost(&mut self, acknowledged: Seq, at: Seq) {
            self.violations.push(Violation {
                promise: Promise::NoAckedWriteLost,
                at,
                evidence: vec![acknowledged, at],
                title: String::new(),
                sentence: String::new(),
            });
        }

        fn measured(&self, now_ms: u64) -> Metrics {
            measure(&self.records, &self.violations, SimTime(now_ms * 1000))
        }
    }

    fn op(client: u8, number: u32) -> OpId {
        let client = ClientId(client);
        OpId { client, number }
    }

    fn dot(node: u8) -> Dot {
        let (node, counter) = (NodeId(node), 1);
        Dot { node, counter }
    }

    fn log(epoch: u32, index: u32) -> Version {
        Version::Log(Position { epoch, index })
    }

    fn done(epoch: u32, index: u32) -> Outcome {
        Outcome::Written {
            version: log(epoch, index),
        }
    }

    #[test]
    fn nothing_happened_measures_nothing() {
        assert_eq!(History::default().measured(10_000), Metrics::default());
    }

    #[test]
    fn operations_are_counted_by_how_they_ended() {
        let mut history = History::default();
        for number in 0..4 {
            history.write(0, number, 0, 0);
        }
        history.ended(5, 0, 0, done(1, 1));
        history.ended(6, 1, 0, Outcome::Refused);
        history.ended(7, 2, 0, Outcome::Unknown);
        let expected = Operations {
            ok: 1,
            refused: 1,
            unknown: 1,
            pending: 1,
        };
        assert_eq!(history.measured(9).operations, expected);
    }

    #[test]
    fn latencies_are_those_of_nearest_rank_among_what_went_well() {
        let mut history = History::default();
        for (number, took) in [10, 40, 20, 30].into_iter().enumerate() {
            let at = number as u64 * 100;
            history.write(at, 0, number as u32, 0);
            history.ended(at + took, 0, number as u32, done(1, number as u32 + 1));
        }
        history.write(500, 0, 4, 0);
        history.ended(1500, 0, 4, Outcome::Unknown);
        let measured = history.measured(2000);
        assert_eq!(
            measured.write_latency_us,
            Some(Latency {
                p50: 20_000,
                p99: 40_000
            })
        );
        assert_eq!(measured.read_latency_us, None);
    }

    #[test]
    fn a_read_is_stale_only_against_what_was_acknowledged_before_it_began() {
        let mut history = History::default();
        history.write(0, 0, 0, 0);
        history.ended(10, 0, 0, done(1, 1));
        history.write(20, 0, 1, 0);
        // The second write is not acknowledged yet: its predecessor is fresh.
        history.read(25, 1, 0, &[0]);
        history.ended(30, 0, 1, done(1, 2));
        history.saw(35, 1, 0, 0, Some((1, 1)));
        history.ended(35, 1, 0, Outcome::Answered);
        let fresh = history.measured(40);
        assert_eq!((fresh.reads, fresh.stale_reads), (1, 0));
        // Now it is, and the same value is stale; so is nothing at all.
        history.read(45, 1, 1, &[0]);
        history.saw(55, 1, 1, 0, Some((1, 1)));
        history.ended(55, 1, 1, Outcome::Answered);
        history.read(65, 1, 2, &[0]);
        history.saw(75, 1, 2, 0, None);
        history.ended(75, 1, 2, Outcome::Answered);
        let stale = history.measured(80);
        assert_eq!((stale.reads, stale.stale_reads), (3, 2));
    }

    #[test]
    fn siblings_are_stale_together_where_none_of_them_covers_what_was_acknowledged() {
        let dotted = |node, seen: &[Dot]| {
            let mut vector = Vector::default();
            seen.iter().for_each(|dot| vector.cover(*dot));
            let (dot, seen) = (dot(node), vector);
            Version::Dotted { dot, seen }
        };
        let mut history = History::default();
        let versions = [dotted(0, &[]), dotted(1, &[])];
        for (number, version) in versions.into_iter().enumerate() {
            history.write(0, 0, number as u32, 0);
            history.ended(10, 0, number as u32, Outcome::Written { version });
        }
        let shown = [
            (versions.to_vec(), 0),
            (vec![versions[1]], 1),
            (vec![dotted(2, &[dot(0), dot(1)])], 0),
            (vec![dotted(2, &[dot(0)]), versions[0]], 1),
        ];
        let mut stale = 0;
        for (number, (versions, is_stale)) in shown.into_iter().enumerate() {
            history.read(20, 1, number as u32, &[0]);
            for version in versions {
                history.saw_version(25, 1, number as u32, 0, Some(version));
            }
            history.ended(30, 1, number as u32, Outcome::Answered);
            stale += is_stale;
            let measured = history.measured(40);
            assert_eq!(
                (measured.reads, measured.stale_reads),
                (number as u32 + 1, stale)
            );
        }
    }

    #[test]
    fn a_key_never_written_is_not_stale_and_a_newer_value_neither() {
        let mut history = History::default();
        history.write(0, 0, 0, 0);
        history.ended(10, 0, 0, done(1, 1));
        history.read(20, 1, 0, &[0, 1]);
        history.saw(30, 1, 0, 0, Some((2, 1)));
        history.saw(30, 1, 0, 1, None);
        let measured = history.measured(40);
        assert_eq!((measured.reads, measured.stale_reads), (2, 0));
    }

    #[test]
    fn a_later_epoch_is_newer_than_a_longer_log() {
        let mut history = History::default();
        history.write(0, 0, 0, 0);
        history.ended(10, 0, 0, done(2, 5));
        history.read(20, 1, 0, &[0]);
        history.saw(30, 1, 0, 0, Some((1, 7)));
        assert_eq!(history.measured(40).stale_reads, 1);
    }

    #[test]
    fn reads_during_writes_are_those_begun_while_a_write_to_their_key_was_in_flight() {
        let mut history = History::default();
        history.read(0, 1, 0, &[0]);
        history.write(5, 0, 0, 0);
        history.read(10, 2, 0, &[1]);
        history.read(10, 3, 0, &[0, 1]);
        history.ended(20, 0, 0, Outcome::Unknown);
        history.read(25, 4, 0, &[0]);
        assert_eq!(history.measured(30).reads_during_writes, 1);
    }

    #[test]
    fn an_outage_lasts_from_the_first_write_wanted_to_the_next_one_done() {
        let mut history = History::default();
        history.write(0, 0, 0, 0);
        history.ended(30, 0, 0, done(1, 1));
        // Nobody wants to write until 1000, so that is no outage.
        history.write(1000, 0, 1, 0);
        history.ended(3000, 0, 1, Outcome::Unknown);
        history.write(3100, 0, 2, 0);
        history.ended(3500, 0, 2, done(2, 2));
        assert_eq!(history.measured(9000).rto_ms, 2500);
    }

    #[test]
    fn an_outage_that_goes_on_lasts_until_now() {
        let mut history = History::default();
        history.write(100, 0, 0, 0);
        assert_eq!(history.measured(700).rto_ms, 600);
    }

    #[test]
    fn a_write_in_flight_is_wanted_from_the_acknowledgement_before_it() {
        let mut history = History::default();
        history.write(0, 0, 0, 0);
        history.write(10, 1, 0, 0);
        history.ended(30, 0, 0, done(1, 1));
        history.ended(500, 1, 0, done(1, 2));
        assert_eq!(history.measured(900).rto_ms, 470);
    }

    #[test]
    fn the_recovery_point_reaches_from_the_first_lost_write_to_the_crash() {
        let mut history = History::default();
        let mut acknowledged = Vec::new();
        for (number, at) in [(0, 100), (1, 200), (2, 300)] {
            history.write(at - 50, 0, number, 0);
            acknowledged.push(history.ended(at, 0, number, done(1, number + 1)));
        }
        history.crashed(350);
        let promoted = history.promoted(900);
        let crashed = history.crashed(900);
        history.lost(acknowledged[1], promoted);
        history.lost(acknowledged[2], promoted);
        let measured = history.measured(2000);
        assert_eq!((measured.acked_writes_lost, measured.rpo_ms), (2, 150));
        // A crash that is the loss itself, since the last disk goes with it, counts.
        history.lost(acknowledged[2], crashed);
        assert_eq!(history.measured(2000).rpo_ms, 700);
    }

    #[test]
    fn a_loss_after_now_is_not_measured_yet() {
        let mut history = History::default();
        history.write(0, 0, 0, 0);
        let acknowledged = history.ended(10, 0, 0, done(1, 1));
        history.lost(acknowledged, Seq(7));
        let measured = history.measured(20);
        assert_eq!((measured.acked_writes_lost, measured.rpo_ms), (0, 0));
    }
}
