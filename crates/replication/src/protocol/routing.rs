//! Where a client's operation goes.

use crate::engine::chance::{Address, Chance, Choice};
use crate::ids::{NodeId, OpId, PartitionId};
use crate::scenario::{Coordinator, ProtocolKind, ReadPolicy, Settings, Structure};
use crate::trace::Action;

/// What a client knows that matters for routing.
#[derive(Clone, Copy, Debug)]
pub struct Knows {
    /// The leader of the partition, as far as it has heard.
    pub leader: NodeId,
    /// The replica that it sticks to.
    pub sticky: NodeId,
    /// Replicas that did not answer, as bits.
    pub silent: u16,
}

/// Where an operation on a partition goes, and whether only a leader may answer there.
pub fn target(
    op: OpId,
    action: Action,
    partition: PartitionId,
    knows: Knows,
    structure: &Structure,
    settings: &Settings,
    chance: &mut Chance,
) -> (NodeId, bool) {
    if let Some(proxy) = structure.proxy() {
        return (proxy, false);
    }
    let one_leader = structure.kind == ProtocolKind::SingleLeader;
    if one_leader
        && (matches!(action, Action::Write { .. }) || settings.reads == ReadPolicy::Leader)
    {
        return (knows.leader, true);
    }
    debug_assert!(one_leader || structure.coordinator == Coordinator::Node);
    if settings.reads == ReadPolicy::Sticky {
        return (knows.sticky, false);
    }
    // The same draw whoever is silent, so that one crash does not reroute every other read.
    let draw = chance.draw(Address::choice(Choice::Target, op, partition));
    let drawn = NodeId(draw.pick(usize::from(structure.nodes)) as u8);
    (next_answering(drawn, knows.silent, structure), false)
}

/// The first replica from `from` on, around the circle, that is not known to be silent; `from` itself if all are.
pub fn next_answering(from: NodeId, silent: u16, structure: &Structure) -> NodeId {
    let around = (0..structure.nodes).map(|i| NodeId((from.0 + i) % structure.nodes));
    around
        .into_iter()
        .find(|node| silent & (1 << node.0) == 0)
        .unwrap_or(from)
}
