//! Reading the script: timed interventions, and what settings each `set` of it leads to.

use serde_json::Value as Json;

use super::clients::{self, ACTS, Mentioned};
use super::limits;
use super::pointer;
use super::reader::{At, Object, Read, ScenarioError, listed};
use super::settings;
use super::{ClientPlan, Intervention, Names, ProtocolKind, Scripted, Structure, Target};
use crate::engine::time::SimTime;
use crate::ids::{ClientId, NodeId};
use crate::ordered::sort_by_key;

/// What an entry can do, one of them each.
const DEEDS: [&str; 4] = ["crash", "restart", "set", "client"];

/// Reads the script, in order of time.
pub(super) fn read(
    root: &Object<'_>,
    document: &Json,
    structure: &Structure,
    plans: &[ClientPlan],
    mentioned: &mut Mentioned,
    node_names: &[String],
) -> Read<Vec<Scripted>> {
    let Some(at) = root.optional("script") else {
        return Ok(Vec::new());
    };
    mentioned.close_keys();
    let names = Names {
        nodes: node_names.to_vec(),
        clients: plans.iter().map(|plan| plan.name.clone()).collect(),
        ..Names::default()
    };
    let mut entries = Vec::new();
    let mut sets = Vec::new();
    for (number, at) in at
        .list(0..=limits::SCRIPT, "interventions")?
        .iter()
        .enumerate()
    {
        let entry = at.object(&[
            "at_ms", "at_us", "by_hand", "crash", "restart", "set", "client", "write", "add",
            "read",
        ])?;
        let time = time(&entry)?;
        entry.or("by_hand", false, |at| at.boolean())?;
        let (deed, what) = entry.exactly_one(&DEEDS)?;
        let stray = ACTS
            .iter()
            .find(|act| deed != "client" && entry.optional(act).is_some());
        if let Some(stray) = stray {
            let message =
                format!("{deed} and {stray} together are not allowed: {stray} needs a client");
            return Err(ScenarioError::new(entry.pointer, message));
        }
        let does = match deed {
            "crash" => Intervention::Crash(target(&what, structure, &names)?),
            "restart" => Intervention::Restart(target(&what, structure, &names)?),
            "client" => Intervention::Do {
                client: client(&what, &names)?,
                act: clients::act(&entry, mentioned)?,
            },
            _ => {
                // Its settings depend on all that were set before it in time: see below.
                sets.push((time, number, what));
                continue;
            }
        };
        entries.push(Scripted {
            at: time,
            entry: number as u16,
            does,
        });
    }
    sort_by_key(&mut sets, |(time, number, _)| (time.0, *number as u64));
    let mut parts = settings::extract(document);
    for (at, number, what) in sets {
        entries.push(Scripted {
            at,
            entry: number as u16,
            does: set(&what, &mut parts, structure)?,
        });
    }
    sort_by_key(&mut entries, |entry| (entry.at.0, entry.entry.into()));
    Ok(entries)
}

fn time(entry: &Object<'_>) -> Read<SimTime> {
    let us = match entry.exactly_one(&["at_ms", "at_us"])? {
        ("at_ms", at) => at.ms_as_us(limits::TIME_MS)?,
        (_, at) => at.whole(0..=limits::TIME_MS.end() * 1000)?,
    };
    Ok(SimTime(us))
}

fn target(at: &At<'_>, structure: &Structure, names: &Names) -> Read<Target> {
    let leader = (structure.kind == ProtocolKind::SingleLeader).then_some("leader");
    let text = at.as_str();
    if leader.is_some() && text == leader {
        return Ok(Target::Leader);
    }
    let node = names.nodes.iter().position(|name| text == Some(name));
    node.map(|node| Target::Node(NodeId(node as u8)))
        .ok_or_else(|| {
            let nodes = names.nodes.iter().map(String::as_str);
            let allowed: Vec<&str> = leader.into_iter().chain(nodes).collect();
            at.refuse(listed(&allowed))
        })
}

fn client(at: &At<'_>, names: &Names) -> Read<ClientId> {
    let text = at.as_str();
    let client = names.clients.iter().position(|name| text == Some(name));
    client.map(|client| ClientId(client as u8)).ok_or_else(|| {
        let allowed: Vec<&str> = names.clients.iter().map(String::as_str).collect();
        at.refuse(listed(&allowed))
    })
}

/// Changes `parts`, which hold what was set before, and reads the settings that they then give.
fn set(at: &At<'_>, parts: &mut Json, structure: &Structure) -> Read<Intervention> {
    let changes = at.any_object("an object of JSON pointers and what to put there")?;
    if changes.len() == 0 {
        return Err(at.refuse("at least one JSON pointer and what to put there"));
    }
    let mut places = Vec::new();
    for (pointer, change) in changes.fields() {
        if !settable(pointer, parts) {
            let message = "can't change within a run; allowed: pointers into /protocol, /network and /reads, \
                           and /clients/N/random/writes_per_s and reads_per_s";
            return Err(ScenarioError::new(change.pointer, message));
        }
        let value = change
            .json()
            .expect("a field that was listed is there")
            .clone();
        pointer::put(parts, pointer, value)
            .map_err(|error| ScenarioError::new(change.pointer.clone(), error.message))?;
        places.push((pointer, change.pointer));
    }
    // Where one change alone is to blame, the error stands there.
    let place = |wrong: &str| match &places[..] {
        [(_, place)] => place.clone(),
        several => {
            let to_blame = several
                .iter()
                .find(|(pointer, _)| wrong.starts_with(pointer));
            to_blame.map_or(&at.pointer, |(_, place)| place).clone()
        }
    };
    let blame = |error: ScenarioError| ScenarioError::new(place(&error.pointer), error.to_string());
    let root = At::root(parts).any_object("the settings").map_err(blame)?;
    let (mut changed, settings) = settings::read(&root).map_err(blame)?;
    changed.keys = structure.keys;
    if changed != *structure {
        let message = "starts a new run, it can't change within one: the protocol's kind, nodes, copies, \
                       partitions and coordinator";
        return Err(ScenarioError::new(place("/protocol"), message));
    }
    Ok(Intervention::Set(Box::new(settings)))
}

/// Whether a pointer leads to what a run can change; a rate only of a client that has rates.
fn settable(pointer: &str, parts: &Json) -> bool {
    let inside = |part: &str| {
        let rest = pointer.strip_prefix(part);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let random = ["/writes_per_s", "/reads_per_s"]
        .iter()
        .find_map(|rate| pointer.strip_suffix(rate))
        .filter(|random| random.starts_with("/clients/") && random.ends_with("/random"));
    random.is_some_and(|random| parts.pointer(random).is_some())
        || ["/protocol", "/network", "/reads"].into_iter().any(inside)
}
