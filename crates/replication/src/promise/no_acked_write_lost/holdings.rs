//! Which disks held a write, told by as few records as show that one did all the time.

use smallvec::SmallVec;

use crate::ids::NodeId;
use crate::promise::Case;
use crate::promise::cause::Missing;
use crate::trace::{Kind, Record, Seq};

/// A disk held a write, or what supersedes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Holding {
    pub node: NodeId,
    /// Whose it is, where it is a hint.
    home: Option<NodeId>,
    /// Whether it is the write itself.
    pub is_itself: bool,
    /// From the first record that says so.
    pub since: Seq,
    /// The same, or the replacement of its disk by a copy that holds it: that is one moment.
    begins: Seq,
    /// Until the last record that says that it no longer does; it may have come back in between.
    pub until: Option<Seq>,
}

/// All of a replica from the write's invocation on, or from another record, up to and with a last one.
pub(super) fn of_node(
    case: &Case<'_>,
    node: NodeId,
    missing: Missing,
    (from, upto): (Option<Seq>, Seq),
) -> SmallVec<[Holding; 2]> {
    let from = from.or(case.index.invoked(missing.write)).unwrap_or(Seq(0));
    let partition = case.scenario.partition_of(missing.key);
    let mut holdings: SmallVec<[Holding; 2]> = SmallVec::new();
    let mut restored: Option<&Record> = None;
    for record in case.of_replica(node, partition, from, Seq(upto.0 + 1)) {
        let (seq, is_itself) = (record.seq, is_of(missing, record));
        if let Kind::Restored { .. } = record.kind {
            restored = Some(record);
        }
        let of_copy = restored.filter(|restored| restored.at == record.at);
        let mut holds = |home: Option<NodeId>| {
            let holding = holdings.iter_mut().find(|holding| holding.home == home);
            match holding {
                Some(holding) => holding.until = None,
                None => holdings.push(Holding {
                    node,
                    home,
                    is_itself,
                    since: seq,
                    begins: of_copy.map_or(seq, |restored| restored.seq),
                    until: None,
                }),
            }
        };
        match record.kind {
            Kind::HintKept { node: on, home, .. } if on == node && is_itself => holds(Some(home)),
            _ if missing.is_held_after(record) == Some(true) => holds(None),
            _ => {
                for holding in &mut holdings {
                    if holding.until.is_none() && holding.ends(missing, record) {
                        holding.until = Some(seq);
                    }
                }
            }
        }
    }
    holdings
}

/// Whether a record tells of this write, and not of another in its place.
fn is_of(missing: Missing, record: &Record) -> bool {
    match record.kind {
        Kind::Persisted { write, .. } => write == Some(missing.write),
        Kind::Stored { write, .. } | Kind::HintKept { write, .. } => write == missing.write,
        _ => false,
    }
}

impl Holding {
    /// Whether it ends with a record that concerns its replica.
    fn ends(&self, missing: Missing, record: &Record) -> bool {
        match (record.kind, self.home) {
            (
                Kind::HintGone {
                    node, home, write, ..
                },
                Some(of),
            ) => (node, home, write) == (self.node, of, missing.write),
            (_, Some(_)) => is_wipe(record),
            (_, None) => missing.is_held_after(record) == Some(false),
        }
    }
}

/// Whether all that was on a disk is gone.
fn is_wipe(record: &Record) -> bool {
    matches!(
        record.kind,
        Kind::Restored { .. }
            | Kind::Crashed {
                disk_lost: true,
                ..
            }
    )
}

/// So few of them that from a record on, up to another, one held it all the time; `first` is one of them.
/// `last` is the node whose disk ceases to hold it with the last record, if any.
pub(super) fn cover(
    case: &Case<'_>,
    missing: Missing,
    span: (Seq, Seq),
    first: Option<Holding>,
    last: Option<NodeId>,
) -> SmallVec<[Holding; 2]> {
    // By its stamp what supersedes a write may be older than it.
    let mut chain = [None, Some(Seq(0))]
        .into_iter()
        .find_map(|since| cover_since(case, missing, since, span, first, last))
        .unwrap_or_default();
    without_detours(case, &mut chain);
    chain
}

/// The same, of what was held since a record; `None` where that is not enough.
fn cover_since(
    case: &Case<'_>,
    missing: Missing,
    since: Option<Seq>,
    (from, upto): (Seq, Seq),
    first: Option<Holding>,
    last: Option<NodeId>,
) -> Option<SmallVec<[Holding; 2]>> {
    let of_node = |node| of_node(case, node, missing, (since, upto));
    let mut chain: SmallVec<[Holding; 2]> = first.into_iter().collect();
    let mut covered = first.map_or(from, |first| lasts(&first).max(from));
    // Most often the last disk has held it all the time.
    let mut others = last.map_or_else(SmallVec::new, of_node);
    let mut are_all = false;
    while covered < upto {
        let mut longest = None;
        for holding in others.iter().filter(|holding| holding.begins <= covered) {
            if longest.is_none_or(|longest| lasts(longest) < lasts(holding)) {
                longest = Some(holding);
            }
        }
        let enough = if are_all { Seq(covered.0 + 1) } else { upto };
        match longest.filter(|longest| lasts(longest) >= enough) {
            Some(longest) => {
                covered = lasts(longest);
                chain.push(*longest);
            }
            None if are_all => return None,
            None => {
                let nodes = case.scenario.structure.replicas();
                others = nodes.flat_map(of_node).collect();
                are_all = true;
            }
        }
    }
    Some(chain)
}

/// How long it lasted.
fn lasts(holding: &Holding) -> Seq {
    holding.until.unwrap_or(Seq(u32::MAX))
}

/// Where a disk is wiped that held it before in another way, that was enough.
fn without_detours(case: &Case<'_>, chain: &mut SmallVec<[Holding; 2]>) {
    let mut place = 0;
    while place < chain.len() {
        let node = chain[place].node;
        let wiped = |other: &Holding| {
            let until = other.until.and_then(|until| case.record(until));
            other.node == node && until.is_some_and(is_wipe)
        };
        if let Some(later) = chain.iter().rposition(wiped).filter(|later| *later > place) {
            chain[place].until = chain[later].until;
            chain.drain(place + 1..=later);
        }
        place += 1;
    }
}
