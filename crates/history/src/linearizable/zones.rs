//! Zones: Gibbons and Korach, "Testing shared memories" (1997).
//!
//! A write and the reads that saw it are a cluster. Where one of them had ended before another began, the
//! register held that value at least from the first end to the last beginning; else there is a moment that
//! all of them share. Two of the former must not overlap, and no such moment can be chosen where the whole
//! choice lies within one of the former.

use crate::linearizable::{Judged, OPEN, Timeline};
use crate::{Action, Operation, ValueId};

/// A write and the reads that saw it; or the initial value and its reads, written before everything.
#[derive(Clone, Copy)]
struct Cluster {
    value: ValueId,
    write: (u32, u32),
    first_end: u32,
    last_begin: u32,
    read: bool,
}

impl Cluster {
    fn is_lasting(&self) -> bool {
        self.first_end < self.last_begin
    }
}

/// Judges a register whose written values all differ, from each other and from the initial one.
pub(super) fn judge(operations: &[Operation], timeline: &Timeline, initial: ValueId) -> Judged {
    let mut clusters = vec![Cluster {
        value: initial,
        write: (0, 0),
        first_end: 0,
        last_begin: 0,
        read: true,
    }];
    for (operation, (begins, ends)) in operations.iter().zip(&timeline.spans) {
        if let Action::Write(value) = operation.action {
            clusters.push(Cluster {
                value,
                write: (*begins, *ends),
                first_end: *ends,
                last_begin: *begins,
                read: false,
            });
        }
    }
    clusters.sort_unstable_by_key(|cluster| cluster.value);
    let mut too_early = OPEN;
    for (operation, (begins, ends)) in operations.iter().zip(&timeline.spans) {
        if let Action::Read(value) = operation.action
            && let Ok(place) = clusters.binary_search_by_key(&value, |cluster| cluster.value)
        {
            let cluster = &mut clusters[place];
            cluster.read = true;
            cluster.first_end = cluster.first_end.min(*ends);
            cluster.last_begin = cluster.last_begin.max(*begins);
            if *ends < cluster.write.0 {
                too_early = too_early.min(cluster.write.0);
            }
        }
    }
    if too_early < OPEN {
        return Judged::No(too_early);
    }
    // What nobody saw may never have taken effect, unless its writer was told so.
    clusters.retain(|cluster| cluster.read || cluster.write.1 < OPEN);
    let mut lasting = clusters.clone();
    lasting.retain(Cluster::is_lasting);
    lasting.sort_unstable_by_key(|cluster| cluster.first_end);
    for pair in lasting.windows(2) {
        if pair[1].first_end < pair[0].last_begin {
            return Judged::No(pair[0].last_begin.max(pair[1].last_begin));
        }
    }
    // They don't overlap: the last one that begins before can alone contain it.
    for brief in clusters.iter().filter(|cluster| !cluster.is_lasting()) {
        let before = lasting.partition_point(|lasting| lasting.first_end < brief.last_begin);
        if let Some(before) = before.checked_sub(1)
            && brief.first_end < lasting[before].last_begin
        {
            return Judged::No(lasting[before].last_begin);
        }
    }
    Judged::Yes
}
