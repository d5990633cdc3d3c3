//! Where a client's operation goes.

use crate::engine::chance::{Address, Chance, Choice};
use crate::ids::{ClientId, KeyId, NodeId, OpId, PartitionId, Place, RegionId};
use crate::protocol::Lag;
use crate::protocol::defect::{self, Defect};
use crate::scenario::{
    Act, Coordinator, Deed, ProtocolKind, ReadPolicy, Settings, Structure, WritePolicy,
};

/// What a client knows that matters for routing.
#[derive(Clone, Copy, Debug)]
pub struct Knows<'a> {
    /// Who it is.
    pub client: ClientId,
    /// The leader of the partition, as far as it has heard.
    pub leader: NodeId,
    /// The replica that it sticks to.
    pub sticky: NodeId,
    /// Replicas that did not answer, as bits.
    pub silent: u16,
    /// How long ago it last wrote, in microseconds.
    pub since_write_us: Option<u64>,
    /// Lag budget: by replica, its lag in this partition as it last reported it.
    pub lags: &'a [Option<Lag>],
    /// Lag budget: replicas past the hard bound, as bits.
    pub evicted: u16,
}

/// Where the part of an operation that concerns a partition goes, and whether only a leader may answer
/// there. `key` is the first that it concerns.
pub fn target(
    op: OpId,
    act: Act,
    (partition, key): (PartitionId, KeyId),
    knows: Knows<'_>,
    structure: &Structure,
    settings: &Settings,
    chance: &mut Chance,
) -> (NodeId, bool) {
    if let Some(proxy) = structure.proxy() {
        return (proxy, false);
    }
    let writes = matches!(act.deed, Deed::Write(..));
    match structure.kind {
        ProtocolKind::SingleLeader if writes => return (knows.leader, true),
        ProtocolKind::MultiLeader if writes || settings.reads == ReadPolicy::Leader => {
            return (regional_leader(key, knows, structure, settings), false);
        }
        _ => {}
    }
    debug_assert!(
        structure.kind != ProtocolKind::Leaderless || structure.coordinator == Coordinator::Node
    );
    // The same draw whoever is silent, so that one crash does not reroute every other read.
    let mut any = || {
        let draw = chance.draw(Address::choice(Choice::Target, op, partition));
        NodeId(draw.pick(usize::from(structure.nodes)) as u8)
    };
    let one_leader = structure.kind == ProtocolKind::SingleLeader;
    let to_leader = (knows.leader, true);
    match settings.reads {
        ReadPolicy::Leader if one_leader => to_leader,
        ReadPolicy::LeaderAfterWrite { window_us }
            if one_leader && knows.since_write_us.is_some_and(|us| us < window_us) =>
        {
            to_leader
        }
        ReadPolicy::LagBudget { .. } if one_leader => {
            let path = &settings.paths[usize::from(act.path)];
            let within = |node: NodeId| {
                let bit = 1 << node.0;
                let reported = knows.lags[usize::from(node.0)];
                (knows.silent | knows.evicted) & bit == 0
                    && path.max_us != Some(0)
                    && reported.is_some_and(|lag| {
                        path.max_us.is_none_or(|max| lag.us <= max)
                            && path.max_entries.is_none_or(|max| lag.entries <= max)
                    })
            };
            let drawn = any();
            let ignores = defect::is(structure, Defect::BudgetIgnored);
            let found = around(drawn, structure).find(|node| within(*node) || ignores);
            found.map_or(to_leader, |node| (node, false))
        }
        ReadPolicy::Sticky if defect::is(structure, Defect::StickyWanders) => (any(), false),
        ReadPolicy::Sticky => (knows.sticky, false),
        ReadPolicy::Nearest => (nearest(any(), knows, structure, settings), false),
        _ => (next_answering(any(), knows.silent, structure), false),
    }
}

/// Many leaders: the one that a key's writes go to.
fn regional_leader(
    key: KeyId,
    knows: Knows<'_>,
    structure: &Structure,
    settings: &Settings,
) -> NodeId {
    let own = structure.region_of(Place::Client(knows.client));
    let first = match &settings.writes {
        WritePolicy::Local => own,
        WritePolicy::Home { homes } => homes.get(usize::from(key.0)).copied().unwrap_or(own),
    };
    let regions = (0..structure.regions).map(|i| RegionId((first.0 + i) % structure.regions));
    let mut leaders = regions.map(|region| structure.leader_of(region));
    let answering = leaders.find(|leader| knows.silent & (1 << leader.0) == 0);
    answering.unwrap_or(structure.leader_of(first))
}

/// The nearest replica that is not known to be silent; among equals the first from `drawn` on.
fn nearest(drawn: NodeId, knows: Knows<'_>, structure: &Structure, settings: &Settings) -> NodeId {
    let own = structure.region_of(Place::Client(knows.client));
    let distance = |node: &NodeId| {
        let there = structure.region_of(Place::Node(*node));
        let silent = knows.silent & (1 << node.0) != 0;
        (
            silent,
            settings.network.distance_us(own, there, structure.regions),
        )
    };
    around(drawn, structure)
        .min_by_key(distance)
        .unwrap_or(drawn)
}

/// The first replica from `from` on, around the circle, that is not known to be silent; `from` itself if all are.
pub fn next_answering(from: NodeId, silent: u16, structure: &Structure) -> NodeId {
    around(from, structure)
        .find(|node| silent & (1 << node.0) == 0)
        .unwrap_or(from)
}

/// All replicas, from `from` on, around the circle.
fn around(from: NodeId, structure: &Structure) -> impl Iterator<Item = NodeId> {
    let nodes = structure.nodes;
    (0..nodes).map(move |i| NodeId((from.0 + i) % nodes))
}
