//! Reading `protocol`: what each kind of replication has.

use super::places::{self, Regions};
use super::reader::{At, Object, Read, listed};
use super::{
    Ack, AckWhen, Conflicts, Coordinator, Fencing, LeaderReads, NetworkSettings, NodeList,
    Promotion, ProtocolKind, ReadPolicy, ReadsSentTo, Repair, Settings, Sloppy, Stream, Structure,
    Topology, Versions, Visible, WritePolicy,
};
use super::{delays, limits, reads};
use crate::ids::{NodeId, RegionId};

/// The kinds, by the bits of [`FIELDS`].
const KINDS: [(&str, ProtocolKind); 3] = [
    ("single_leader", ProtocolKind::SingleLeader),
    ("multi_leader", ProtocolKind::MultiLeader),
    ("leaderless", ProtocolKind::Leaderless),
];

const ANY: u8 = 0b111;
const ONE: u8 = 0b001;
const MANY: u8 = 0b010;
const NONE: u8 = 0b100;

/// Every field, and the kinds that it belongs to.
const FIELDS: [(&str, u8); 32] = [
    ("kind", ANY),
    ("nodes", ANY),
    ("disk_ms", ANY),
    ("partitions", ONE),
    ("ack", ONE),
    ("promotion", ONE),
    ("visible", ONE),
    ("heartbeat_ms", ONE),
    ("failure_timeout_ms", ONE),
    ("resend_ms", ONE | MANY),
    ("apply_ms", ONE | MANY),
    ("manager_region", ONE),
    ("fencing", ONE),
    ("log_keeps", ONE),
    ("snapshot_ms", ONE),
    ("stream", ONE),
    ("upgraded", ONE),
    ("together", ONE),
    ("topology", MANY),
    ("conflicts", MANY),
    ("copies", NONE),
    ("w", NONE),
    ("r", NONE),
    ("coordinator", NONE),
    ("reads_sent_to", NONE),
    ("repair", NONE),
    ("quorum", NONE),
    ("versions", NONE),
    ("legs", NONE),
    ("hint_expires_ms", NONE),
    ("doubt_after_ms", NONE),
    ("anti_entropy_ms", NONE),
];

/// Reads the structure but for its number of keys, and the settings of the protocol; the rest of them
/// as it is where nothing is said.
pub(super) fn read(
    root: &Object<'_>,
    regions: &Regions,
    network: NetworkSettings,
) -> Read<(Structure, Settings)> {
    let at = root.at("protocol");
    let object = at.any_object("an object with kind, nodes and what the kind has")?;
    let kind = object.at("kind").one_of(&KINDS)?;
    only_fields_of(kind, &object)?;
    if kind == ProtocolKind::MultiLeader && regions.names.len() < 2 {
        let most = limits::REGIONS.end();
        return Err(root.at("regions").refuse(format_args!(
            "2 to {most} regions, since multi_leader has a leader in each"
        )));
    }
    let nodes = match regions.by_replica.len() as u64 {
        0 => object.or("nodes", 3, |at| at.whole(limits::NODES))?,
        sum => object.or("nodes", sum, |at| {
            at.whole_of(sum..=sum, " (the nodes of the regions)")
        })?,
    } as u8;
    let disk_us = object.or("disk_ms", 1000, |at| {
        at.fractional_ms_as_us(limits::WORK_MS)
    })?;
    // What the other kinds would read from their own fields has values too, that nobody looks at.
    let mut structure = Structure {
        kind,
        nodes,
        partitions: 1,
        partition_by_key: Vec::new(),
        region_by_node: match &regions.by_replica[..] {
            [] => vec![RegionId(0); usize::from(nodes)],
            regions => regions.to_vec(),
        },
        region_by_client: Vec::new(),
        regions: regions.names.len().max(1) as u8,
        promotion: Promotion::Majority,
        copies: nodes,
        coordinator: Coordinator::Proxy,
        versions: Versions::Timestamps,
        topology: Topology::AllToAll,
        conflicts: Conflicts::LastWriteWins,
        keys: 0,
        #[cfg(test)]
        defect: None,
    };
    let mut settings = Settings {
        ack: Ack::Async,
        ack_when: AckWhen::Persisted,
        visible: Visible::OnAck,
        heartbeat_us: 100_000,
        failure_timeout_us: 400_000,
        resend_us: 2_000_000,
        apply_us: 1000,
        fencing: None,
        log_keeps: None,
        snapshot_us: 200_000,
        stream: Stream::LogicalRows,
        upgraded: 0,
        disk_us,
        w: 1,
        r: 1,
        reads_sent_to: ReadsSentTo::All,
        repair: Repair::Off,
        anti_entropy_us: None,
        sloppy: None,
        doubt_after_us: 150_000,
        writes: WritePolicy::Local,
        network,
        reads: ReadPolicy::Leader,
        leader_reads: LeaderReads::Local,
        paths: reads::default_paths(),
        backups: None,
        client_timeout_us: 0,
        rates: Vec::new(),
    };
    let mut region_of_extra = RegionId(0);
    match kind {
        ProtocolKind::SingleLeader => {
            region_of_extra = object.or("manager_region", region_of_extra, |at| {
                places::region(&at, &regions.names)
            })?;
            single_leader(&object, &mut structure, &mut settings)?;
        }
        ProtocolKind::MultiLeader => multi_leader(&object, &mut structure, &mut settings)?,
        ProtocolKind::Leaderless => leaderless(&object, &mut structure, &mut settings)?,
    }
    if structure.extra().is_some() {
        structure.region_by_node.push(region_of_extra);
    }
    Ok((structure, settings))
}

/// Refuses a field that the kind does not have, and says which kind does.
fn only_fields_of(kind: ProtocolKind, protocol: &Object<'_>) -> Read<()> {
    let bit = |of: ProtocolKind| match of {
        ProtocolKind::SingleLeader => ONE,
        ProtocolKind::MultiLeader => MANY,
        ProtocolKind::Leaderless => NONE,
    };
    let own = FIELDS.iter().filter(|(_, kinds)| kinds & bit(kind) != 0);
    let allowed: Vec<&str> = own.map(|(name, _)| *name).collect();
    protocol.only(&allowed, |name| {
        let (_, kinds) = FIELDS.iter().find(|(field, _)| *field == name)?;
        let others = KINDS.iter().filter(|(_, other)| kinds & bit(*other) != 0);
        let others: Vec<&str> = others.map(|(name, _)| *name).collect();
        let s = if others.len() > 1 { "s" } else { "" };
        Some(format!(
            "here: it belongs to the kind{s} {}",
            listed(&others)
        ))
    })
}

fn single_leader(
    protocol: &Object<'_>,
    structure: &mut Structure,
    settings: &mut Settings,
) -> Read<()> {
    let timeout = |at: At<'_>| at.ms_as_us(limits::TIMEOUT_MS);
    let partitions = protocol.or("partitions", 1, |at| at.whole(limits::PARTITIONS))?;
    structure.partitions = partitions as u8;
    if let Some(at) = protocol.optional("ack") {
        (settings.ack, settings.ack_when) = ack(&at, structure.nodes)?;
    }
    structure.promotion = protocol.or("promotion", Promotion::Majority, |at| {
        at.one_of(&[
            ("majority", Promotion::Majority),
            ("reachable", Promotion::Reachable),
        ])
    })?;
    let visible = match settings.ack {
        Ack::Quorum => Visible::OnCommit,
        _ => Visible::OnAck,
    };
    settings.visible = protocol.or("visible", visible, |at| {
        at.one_of(&[
            ("on_append", Visible::OnAppend),
            ("on_ack", Visible::OnAck),
            ("on_commit", Visible::OnCommit),
        ])
    })?;
    settings.heartbeat_us = protocol.or("heartbeat_ms", settings.heartbeat_us, timeout)?;
    settings.failure_timeout_us =
        protocol.or("failure_timeout_ms", settings.failure_timeout_us, timeout)?;
    if settings.failure_timeout_us <= settings.heartbeat_us {
        // Where only the heartbeat is written, it is what has to change.
        let written = protocol.optional("failure_timeout_ms");
        let (heartbeat_ms, timeout_ms) = (
            settings.heartbeat_us / 1000,
            settings.failure_timeout_us / 1000,
        );
        return Err(match written {
            Some(at) => at.refuse(format_args!(
                "more than heartbeat_ms, which is {heartbeat_ms}"
            )),
            None => protocol.at("heartbeat_ms").refuse(format_args!(
                "less than failure_timeout_ms, which is {timeout_ms} unless given"
            )),
        });
    }
    resend_and_apply(protocol, settings)?;
    if let Some(at) = protocol.unless_null("fencing") {
        settings.fencing = fencing(&at)?;
    }
    if let Some(at) = protocol.unless_null("log_keeps") {
        settings.log_keeps = Some(at.whole(1..=*limits::ENTRIES.end())? as u32);
    }
    settings.snapshot_us = protocol.or("snapshot_ms", settings.snapshot_us, |at| {
        at.ms_as_us(limits::WAIT_MS)
    })?;
    settings.stream = protocol.or("stream", Stream::LogicalRows, |at| {
        at.one_of(&[
            ("statement", Stream::Statement),
            ("write_ahead_log", Stream::WriteAheadLog),
            ("logical", Stream::LogicalRows),
        ])
    })?;
    if let Some(at) = protocol.optional("upgraded") {
        for node in replicas(&at, structure.nodes, 0)? {
            settings.upgraded |= 1 << node.0;
        }
    }
    Ok(())
}

fn resend_and_apply(protocol: &Object<'_>, settings: &mut Settings) -> Read<()> {
    settings.resend_us = protocol.or("resend_ms", settings.resend_us, |at| {
        at.ms_as_us(limits::TIMEOUT_MS)
    })?;
    settings.apply_us = protocol.or("apply_ms", settings.apply_us, |at| {
        at.fractional_ms_as_us(limits::WORK_MS)
    })?;
    Ok(())
}

/// Reads a list of at least so many replicas of one leader, of which there are so many.
fn replicas(at: &At<'_>, nodes: u8, least: usize) -> Read<Vec<NodeId>> {
    let name = |node| match node {
        0 => "L".to_owned(),
        follower => format!("F{follower}"),
    };
    let names: Vec<String> = (0..nodes).map(name).collect();
    let choices = names.iter().map(String::as_str).zip((0..).map(NodeId));
    let choices: Vec<(&str, NodeId)> = choices.collect();
    let mut list = Vec::new();
    for at in at.list(least..=names.len(), "nodes")? {
        let node = at.one_of(&choices)?;
        if list.contains(&node) {
            return Err(at.refuse("it is in the list already; each node once"));
        }
        list.push(node);
    }
    Ok(list)
}

/// Reads leases: what they are, or `true` for the usual ones and `false` for none.
fn fencing(at: &At<'_>) -> Read<Option<Fencing>> {
    let usual = Fencing {
        lease_us: 300_000,
        clock_error_us: 50_000,
    };
    if let Some(on) = at.json().and_then(serde_json::Value::as_bool) {
        return Ok(on.then_some(usual));
    }
    const FIELDS: [&str; 2] = ["lease_ms", "clock_error_ms"];
    let fencing = at.any_object("true, false, or an object with lease_ms, clock_error_ms")?;
    fencing.only(&FIELDS, |_| None)?;
    Ok(Some(Fencing {
        lease_us: fencing.or("lease_ms", usual.lease_us, |at| {
            at.ms_as_us(limits::TIMEOUT_MS)
        })?,
        clock_error_us: fencing.or("clock_error_ms", usual.clock_error_us, |at| {
            at.ms_as_us(limits::WAIT_MS)
        })?,
    }))
}

/// Reads the acknowledgement rule. What one mode alone counts may stand beside any: so a knob can
/// change the mode and change it back.
fn ack(at: &At<'_>, nodes: u8) -> Read<(Ack, AckWhen)> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mode {
        Async,
        SemiSync,
        Sync,
        Quorum,
        Standbys,
    }
    let ack = at.object(&["mode", "k", "timeout_ms", "first", "any", "of", "when"])?;
    let mode = ack.at("mode").one_of(&[
        ("async", Mode::Async),
        ("semi_sync", Mode::SemiSync),
        ("semi-sync", Mode::SemiSync),
        ("sync", Mode::Sync),
        ("quorum", Mode::Quorum),
        ("standbys", Mode::Standbys),
    ])?;
    let followers = u64::from(nodes) - 1;
    let waits_for_some = matches!(mode, Mode::SemiSync | Mode::Standbys);
    if waits_for_some && followers == 0 {
        let allowed = "with 1 node there is no follower to wait for; async, sync, quorum";
        return Err(ack.at("mode").refuse(allowed));
    }
    let most = *limits::NODES.end();
    let (k_max, why) = match mode {
        Mode::SemiSync => (followers, " (the followers)"),
        _ => (most - 1, ""),
    };
    let k = ack.or("k", 1, |at| at.whole_of(1..=k_max, why))? as u8;
    let timeout_us = ack.or("timeout_ms", 10_000_000, |at| {
        at.ms_as_us(limits::TIMEOUT_MS)
    })?;
    let nodes = if mode == Mode::Standbys {
        nodes
    } else {
        most as u8
    };
    let list: NodeList = match ack.unless_null("of") {
        Some(at) => replicas(&at, nodes, 1)?.into_iter().collect(),
        // PostgreSQL's `*`: all, of which a leader never waits for itself.
        None => (0..nodes).map(NodeId).collect(),
    };
    let (first, counted) = match (ack.unless_null("first"), ack.unless_null("any")) {
        (Some(_), Some(any)) => return Err(any.refuse("beside first: only one of the two")),
        (None, Some(any)) => (false, Some(any)),
        (first, None) => (true, first),
    };
    let count = match (counted, mode) {
        (None, _) => 1,
        (Some(at), Mode::Standbys) => {
            let listed = list.iter().count() as u64;
            at.whole_of(1..=listed.min(followers), " (the list, without a leader)")?
        }
        (Some(at), _) => at.whole(1..=most - 1)?,
    } as u8;
    let when = ack.or("when", AckWhen::Persisted, |at| {
        let when = at.one_of(&[
            ("received", AckWhen::Received),
            ("persisted", AckWhen::Persisted),
            ("applied", AckWhen::Applied),
        ])?;
        if when == AckWhen::Received && mode == Mode::Quorum {
            let allowed = "a quorum is counted on disks; persisted, applied";
            return Err(at.refuse(allowed));
        }
        Ok(when)
    })?;
    let rule = match mode {
        Mode::Async => Ack::Async,
        Mode::SemiSync => Ack::SemiSync { k, timeout_us },
        Mode::Sync => Ack::Sync,
        Mode::Quorum => Ack::Quorum,
        Mode::Standbys => Ack::Standbys { count, first, list },
    };
    Ok((rule, when))
}

fn multi_leader(
    protocol: &Object<'_>,
    structure: &mut Structure,
    settings: &mut Settings,
) -> Read<()> {
    structure.topology = protocol.or("topology", Topology::AllToAll, |at| {
        at.one_of(&[
            ("all_to_all", Topology::AllToAll),
            ("ring", Topology::Ring),
            ("star", Topology::Star),
        ])
    })?;
    structure.conflicts = protocol.or("conflicts", Conflicts::LastWriteWins, |at| {
        at.one_of(&[
            ("last_write_wins", Conflicts::LastWriteWins),
            ("highest_version", Conflicts::HighestVersion),
            ("merge", Conflicts::Merge),
            ("siblings", Conflicts::Siblings),
        ])
    })?;
    resend_and_apply(protocol, settings)
}

fn leaderless(
    protocol: &Object<'_>,
    structure: &mut Structure,
    settings: &mut Settings,
) -> Read<()> {
    let nodes = u64::from(structure.nodes);
    let copies = protocol.or("copies", nodes, |at| at.whole_of(1..=nodes, " (the nodes)"))?;
    structure.copies = copies as u8;
    let majority = copies / 2 + 1;
    let count = |at: At<'_>| at.whole_of(1..=copies, " (the copies)");
    settings.w = protocol.or("w", majority, count)? as u8;
    settings.r = protocol.or("r", majority, count)? as u8;
    structure.coordinator = protocol.or("coordinator", Coordinator::Proxy, |at| {
        at.one_of(&[("proxy", Coordinator::Proxy), ("node", Coordinator::Node)])
    })?;
    settings.reads_sent_to = protocol.or("reads_sent_to", ReadsSentTo::All, |at| {
        at.one_of(&[("all", ReadsSentTo::All), ("r", ReadsSentTo::R)])
    })?;
    settings.repair = protocol.or("repair", Repair::Off, |at| {
        at.one_of(&[
            ("off", Repair::Off),
            ("background", Repair::Background),
            ("contacted", Repair::Contacted),
            ("write_back", Repair::WriteBack),
        ])
    })?;
    let timeout = |at: At<'_>| at.ms_as_us(limits::TIMEOUT_MS);
    let hint_expires_us = protocol.or("hint_expires_ms", 60_000_000, timeout)?;
    settings.sloppy = protocol.or("quorum", None, |at| {
        let sloppy = at.one_of(&[
            ("strict", None),
            ("sloppy", Some(Sloppy { hint_expires_us })),
        ])?;
        if sloppy.is_some() && copies == nodes {
            let allowed = "every node holds a copy, so that nobody is left to stand in; strict";
            return Err(at.refuse(allowed));
        }
        Ok(sloppy)
    })?;
    settings.doubt_after_us = protocol.or("doubt_after_ms", settings.doubt_after_us, timeout)?;
    if let Some(at) = protocol.unless_null("anti_entropy_ms") {
        settings.anti_entropy_us = Some(timeout(at)?);
    }
    structure.versions = protocol.or("versions", Versions::Timestamps, |at| {
        at.one_of(&[
            ("timestamps", Versions::Timestamps),
            ("dotted", Versions::Dotted),
            ("version_vectors", Versions::Dotted),
        ])
    })?;
    if let Some(at) = protocol.optional("legs") {
        delays::legs(&at, &mut settings.network)?;
    }
    Ok(())
}
