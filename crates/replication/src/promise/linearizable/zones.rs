//! The same judgement, of a whole history at once: all zones are made, sorted and compared. It shares
//! nothing with the monitor, and is here to disagree with it.

use crate::ids::{KeyId, OpId, WriteId};
use crate::ordered::{Ordered, sort_by_key};
use crate::promise::linearizable::{Judgement, is_merged};
use crate::trace::{Action, Kind, Outcome, Record, Seq};

/// Judges the operations on one key.
pub fn linearizable(trace: &[Record], key: KeyId) -> Judgement {
    let Some(history) = History::of(trace, key) else {
        return Judgement::Unknown;
    };
    match history.contradiction() {
        None => Judgement::Yes,
        Some(operations) => Judgement::No(evidence(operations.into_iter().flatten())),
    }
}

/// An operation on the key, from its invocation to its end.
#[derive(Clone, Copy, Debug)]
struct Operation {
    begins: Seq,
    /// `None` where it is open to the end.
    ends: Option<Seq>,
    refused: bool,
}

/// A write, and the reads that saw it.
#[derive(Clone, Copy, Debug)]
struct Cluster {
    /// `None` for the beginning of all things, when the key was empty.
    write: Option<Operation>,
    /// Whether a read saw it.
    read: bool,
    /// Of all of them, the one that ends first; `None` where that was before everything.
    ends_first: Option<Operation>,
    /// Of all of them, the one that begins last; likewise.
    begins_last: Option<Operation>,
    /// A read that had ended before the write began.
    too_early: Option<Operation>,
}

/// All clusters of a key.
struct History {
    /// First that of the empty key.
    clusters: Vec<Cluster>,
}

/// Operations that no order explains together.
type Contradiction = [Option<Operation>; 6];

impl History {
    /// What the trace says of the key; `None` where that isn't a register.
    fn of(trace: &[Record], key: KeyId) -> Option<History> {
        let empty = Cluster {
            write: None,
            read: false,
            ends_first: None,
            begins_last: None,
            too_early: None,
        };
        let mut clusters = vec![empty];
        let mut places: Ordered<WriteId, usize> = Ordered::default();
        let mut open: Ordered<OpId, (Seq, Option<usize>)> = Ordered::default();
        let mut reads: Vec<(Option<WriteId>, Operation)> = Vec::new();
        let mut last_saw = None;
        for record in trace {
            match record.kind {
                Kind::Invoked { op, action } => {
                    let place = match action {
                        Action::Write { write, key: of, .. } if of == key => {
                            let write_of = Operation {
                                begins: record.seq,
                                ends: None,
                                refused: false,
                            };
                            places.insert(write, clusters.len());
                            clusters.push(Cluster {
                                write: Some(write_of),
                                ..empty
                            });
                            Some(clusters.len() - 1)
                        }
                        Action::Read { keys } if keys.contains(key) => None,
                        _ => continue,
                    };
                    open.insert(op, (record.seq, place));
                }
                Kind::Ended { op, outcome } => {
                    if let Some((_, Some(place))) = open.remove(op)
                        && let Some(write) = &mut clusters[place].write
                    {
                        match outcome {
                            Outcome::Written { .. } => write.ends = Some(record.seq),
                            Outcome::Refused => {
                                write.refused = true;
                                write.ends = Some(record.seq);
                            }
                            _ => {}
                        }
                    }
                }
                Kind::Saw {
                    op, key: of, held, ..
                } if of == key => {
                    if last_saw == Some(op) || is_merged(held) {
                        return None;
                    }
                    last_saw = Some(op);
                    // A read that its client has given up returns nothing to it.
                    if let Some((begins, _)) = open.get(op) {
                        let read = Operation {
                            begins: *begins,
                            ends: Some(record.seq),
                            refused: false,
                        };
                        reads.push((held.write, read));
                    }
                }
                _ => {}
            }
        }
        for cluster in &mut clusters[1..] {
            if let Some(write) = cluster.write {
                cluster.take(write);
            }
        }
        for (write, read) in reads {
            // What nobody wrote: a trace without beginning.
            let place = write.map_or(Some(0), |write| places.get(write).copied())?;
            let cluster = &mut clusters[place];
            cluster.read = true;
            cluster.take(read);
            if cluster
                .write
                .is_some_and(|write| write.refused || read.ends < Some(write.begins))
            {
                cluster.too_early.get_or_insert(read);
            }
        }
        Some(History { clusters })
    }

    /// Operations that can't be explained.
    fn contradiction(&self) -> Option<Contradiction> {
        let mut lasting: Vec<&Cluster> = Vec::new();
        let mut brief: Vec<&Cluster> = Vec::new();
        for cluster in &self.clusters {
            if cluster.too_early.is_some() {
                return Some([cluster.write, cluster.too_early, None, None, None, None]);
            }
            // What nobody saw may never have taken effect, unless its writer was told so.
            let happened = cluster.read
                || cluster
                    .write
                    .is_some_and(|write| write.ends.is_some() && !write.refused);
            match cluster.zone() {
                (first_end, last_begin) if first_end < last_begin => lasting.push(cluster),
                _ if happened => brief.push(cluster),
                _ => {}
            }
        }
        sort_by_key(&mut lasting, |cluster| (0, cluster.zone().0));
        for pair in lasting.windows(2) {
            if pair[1].zone().0 < pair[0].zone().1 {
                return Some(contradiction(pair[0], pair[1]));
            }
        }
        // They don't overlap: the last one that begins before can alone contain it.
        for brief in brief {
            let (first_end, last_begin) = brief.zone();
            let before = lasting.partition_point(|lasting| lasting.zone().0 < last_begin);
            if let Some(before) = before.checked_sub(1)
                && first_end < lasting[before].zone().1
            {
                return Some(contradiction(lasting[before], brief));
            }
        }
        None
    }
}

impl Cluster {
    fn take(&mut self, operation: Operation) {
        if self.write.is_some()
            && self
                .ends_first
                .is_none_or(|first| end(&operation) < end(&first))
        {
            self.ends_first = Some(operation);
        }
        if self
            .begins_last
            .is_none_or(|last| last.begins < operation.begins)
        {
            self.begins_last = Some(operation);
        }
    }

    /// When the first of its operations ends, and the last begins; 0 is before everything.
    fn zone(&self) -> (u64, u64) {
        let first_end = self.ends_first.map_or(0, |first| end(&first));
        let last_begin = self
            .begins_last
            .map_or(0, |last| u64::from(last.begins.0) + 1);
        (first_end, last_begin)
    }
}

fn end(operation: &Operation) -> u64 {
    operation
        .ends
        .map_or(u64::MAX, |ends| u64::from(ends.0) + 1)
}

fn contradiction(one: &Cluster, other: &Cluster) -> Contradiction {
    [
        one.write,
        one.ends_first,
        one.begins_last,
        other.write,
        other.ends_first,
        other.begins_last,
    ]
}

fn evidence(operations: impl Iterator<Item = Operation>) -> Vec<Seq> {
    let records = operations.flat_map(|operation| [Some(operation.begins), operation.ends]);
    let mut seqs: Vec<Seq> = records.flatten().collect();
    sort_by_key(&mut seqs, |seq| (0, seq.0.into()));
    seqs.dedup();
    seqs
}
