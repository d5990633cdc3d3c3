//! Reading `reads`: where reads go, and what they put up with.

use serde_json::Map;

use super::limits;
use super::reader::{At, Object, Read, ScenarioError};
use super::{LeaderReads, ProtocolKind, ReadPath, ReadPolicy, Settings};

/// Reads the policy and what it counts. What belongs to another policy may stand beside it: so a knob
/// can change the policy and change it back.
pub(super) fn read(root: &Object<'_>, kind: ProtocolKind, settings: &mut Settings) -> Read<()> {
    let empty = Map::new();
    let reads = match root.optional("reads") {
        Some(at) => at.object(&[
            "policy",
            "window_ms",
            "wait_ms",
            "report_ms",
            "evict_ms",
            "return_ms",
            "paths",
            "leader",
        ])?,
        None => Object::empty("/reads", &empty),
    };
    let timeout = |at: At<'_>| at.ms_as_us(limits::TIMEOUT_MS);
    let window_us = reads.or("window_ms", 1_000_000, timeout)?;
    let wait_us = reads.or("wait_ms", 200_000, |at| at.ms_as_us(limits::WAIT_MS))?;
    let report_us = reads.or("report_ms", 100_000, timeout)?;
    let evict_us = reads.or("evict_ms", 2_000_000, timeout)?;
    let return_us = reads.or("return_ms", evict_us.min(1_000_000), timeout)?;
    let policy = reads.or("policy", ReadPolicy::Leader, |at| {
        let policy = at.one_of(&[
            ("leader", ReadPolicy::Leader),
            ("any", ReadPolicy::Any),
            ("sticky", ReadPolicy::Sticky),
            ("nearest", ReadPolicy::Nearest),
            (
                "leader_after_write",
                ReadPolicy::LeaderAfterWrite { window_us },
            ),
            ("session_token", ReadPolicy::SessionToken { wait_us }),
            (
                "lag_budget",
                ReadPolicy::LagBudget {
                    report_us,
                    evict_us,
                    return_us,
                },
            ),
        ])?;
        let needs_one_log = matches!(
            policy,
            ReadPolicy::LeaderAfterWrite { .. }
                | ReadPolicy::SessionToken { .. }
                | ReadPolicy::LagBudget { .. }
        );
        if needs_one_log && kind != ProtocolKind::SingleLeader {
            return Err(at.refuse(
                "it needs one leader's log, which only single_leader has; leader, any, sticky, nearest",
            ));
        }
        Ok(policy)
    })?;
    if matches!(policy, ReadPolicy::LagBudget { .. }) && return_us > evict_us {
        let evict_ms = evict_us / 1000;
        return Err(reads
            .at("return_ms")
            .refuse(format_args!("at most evict_ms, which is {evict_ms}")));
    }
    settings.reads = policy;
    if let Some(at) = reads.optional("paths") {
        settings.paths = paths(&at)?;
    }
    settings.leader_reads = reads.or("leader", LeaderReads::Local, |at| {
        let leader = at.one_of(&[
            ("local", LeaderReads::Local),
            ("lease", LeaderReads::Lease),
            ("confirmed", LeaderReads::Confirmed),
        ])?;
        if leader == LeaderReads::Lease && settings.fencing.is_none() {
            let allowed = "without /protocol/fencing there are no leases; local, confirmed";
            return Err(at.refuse(allowed));
        }
        Ok(leader)
    })?;
    Ok(())
}

/// What reads put up with unless a scenario says so: half a second.
pub(super) fn default_paths() -> Vec<ReadPath> {
    vec![ReadPath {
        name: "reads".to_owned(),
        max_us: Some(500_000),
        max_entries: None,
    }]
}

fn paths(at: &At<'_>) -> Read<Vec<ReadPath>> {
    let mut paths: Vec<ReadPath> = Vec::new();
    for at in at.list(limits::PATHS, "read paths")? {
        let path = at.object(&["name", "max_ms", "max_entries"])?;
        let name = path.at("name").name(limits::NAME_CHARS)?;
        if paths.iter().any(|other| other.name == name) {
            let allowed = "another path has this name; a name of its own";
            return Err(path.at("name").refuse(allowed));
        }
        let max_ms = path.unless_null("max_ms");
        let max_entries = path.unless_null("max_entries");
        if max_ms.is_none() && max_entries.is_none() {
            let message = "missing: at least one of max_ms, max_entries";
            return Err(ScenarioError::new(at.pointer, message));
        }
        let max_us = max_ms.map(|at| at.ms_as_us(limits::TIME_MS)).transpose()?;
        let max_entries = max_entries
            .map(|at| at.whole(limits::ENTRIES))
            .transpose()?;
        paths.push(ReadPath {
            name: name.to_owned(),
            max_us,
            max_entries: max_entries.map(|entries| entries as u32),
        });
    }
    Ok(paths)
}
