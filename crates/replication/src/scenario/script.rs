//! Reading the script: timed interventions, and what settings each `set` of it leads to.

use serde_json::Value as Json;

use super::clients::{self, ACTS, Mentioned, TERMS};
use super::limits;
use super::places::{target, targets};
use super::pointer;
use super::reader::{At, Object, Read, ScenarioError, listed};
use super::settings;
use super::{ClientPlan, Intervention, Names, OnTheWire, Scripted, Settings, Structure};
use crate::engine::time::SimTime;
use crate::ids::ClientId;
use crate::ordered::sort_by_key;
use crate::trace::MessageKind;

/// What an entry can do, one of them each.
const DEEDS: [&str; 13] = [
    "crash", "restart", "pause", "resume", "skew", "cut", "heal", "slow", "drop", "delay",
    "restore", "set", "client",
];

/// What else stands in an entry that does some of these.
const BESIDE: [(&str, &[&str]); 5] = [
    ("lose_disk", &["crash"]),
    ("by_ms", &["skew", "slow", "delay"]),
    ("from", &["cut", "heal", "slow"]),
    ("one_way", &["cut"]),
    ("as_of_ms", &["restore"]),
];

/// What else stands in any entry.
const ALWAYS: [&str; 3] = ["at_ms", "at_us", "by_hand"];

/// Reads the script, in order of time.
pub(super) fn read(
    root: &Object<'_>,
    document: &Json,
    structure: &Structure,
    initial: &Settings,
    plans: &[ClientPlan],
    mentioned: &mut Mentioned,
    names: &Names,
) -> Read<Vec<Scripted>> {
    let Some(at) = root.optional("script") else {
        return Ok(Vec::new());
    };
    mentioned.close(plans);
    let beside: Vec<&str> = BESIDE.iter().map(|(name, _)| *name).collect();
    let fields = [&ALWAYS[..], &DEEDS, &beside, &ACTS, &TERMS].concat();
    let mut entries = Vec::new();
    let mut sets = Vec::new();
    for (number, at) in at
        .list(0..=limits::SCRIPT, "interventions")?
        .iter()
        .enumerate()
    {
        let entry = at.object(&fields)?;
        let time = time(&entry)?;
        entry.or("by_hand", false, |at| at.boolean())?;
        let (deed, what) = entry.exactly_one(&DEEDS)?;
        refuse_strays(&entry, deed)?;
        let does = match deed {
            "set" => {
                // Its settings depend on all that were set before it in time: see below.
                sets.push((time, number, what));
                continue;
            }
            "client" => Intervention::Do {
                client: client(&what, names)?,
                act: clients::act(&entry, mentioned)?,
            },
            _ => fault(deed, &what, &entry, time, structure, names)?,
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
            does: set(&what, &mut parts, structure, initial, &mentioned.keys)?,
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

/// Refuses what belongs to another deed than the entry's.
fn refuse_strays(entry: &Object<'_>, deed: &str) -> Read<()> {
    let client: &[&str] = &["client"];
    let of_clients = ACTS.iter().chain(&TERMS).map(|name| (*name, client));
    for (stray, deeds) in BESIDE.into_iter().chain(of_clients) {
        if !deeds.contains(&deed) && entry.optional(stray).is_some() {
            let needs = match deeds {
                ["client"] => "a client".to_owned(),
                _ => deeds.join(" or "),
            };
            let message =
                format!("{deed} and {stray} together are not allowed: {stray} needs {needs}");
            return Err(ScenarioError::new(entry.pointer.clone(), message));
        }
    }
    Ok(())
}

/// Reads what is done to replicas and links.
fn fault(
    deed: &str,
    what: &At<'_>,
    entry: &Object<'_>,
    time: SimTime,
    structure: &Structure,
    names: &Names,
) -> Read<Intervention> {
    let node = || target(what, structure, names, false);
    let replica = || target(what, structure, names, true);
    let places = |at: &At<'_>| targets(at, structure, names);
    let others = || entry.optional("from").map(|at| places(&at)).transpose();
    let is_all = what.as_str() == Some("all");
    Ok(match deed {
        "crash" => Intervention::Crash {
            node: node()?,
            lose_disk: entry.or("lose_disk", false, |at| at.boolean())?,
        },
        "restart" => Intervention::Restart(node()?),
        "pause" => Intervention::Pause(node()?),
        "resume" => Intervention::Resume(node()?),
        "skew" => Intervention::Skew {
            node: replica()?,
            by_us: entry.at("by_ms").integer_within(limits::SKEW_MS)? * 1000,
        },
        "cut" => Intervention::Cut {
            from: places(what)?,
            to: others()?,
            one_way: entry.or("one_way", false, |at| at.boolean())?,
        },
        "heal" if is_all => match entry.optional("from") {
            Some(at) => return Err(at.refuse("not beside all, which heals every link")),
            None => Intervention::Heal {
                from: None,
                to: None,
            },
        },
        "heal" => Intervention::Heal {
            from: Some(places(what).map_err(|error| error.or("all"))?),
            to: others()?,
        },
        "slow" => Intervention::Slow {
            from: places(what)?,
            to: others()?,
            by_us: entry.at("by_ms").fractional_ms_as_us(limits::LAG_MS)?,
        },
        "drop" => Intervention::Drop(on_the_wire(what, structure, names)?),
        "delay" => Intervention::Delay {
            which: on_the_wire(what, structure, names)?,
            by_us: entry.at("by_ms").fractional_ms_as_us(limits::LAG_MS)?,
        },
        _ => Intervention::Restore {
            node: match is_all {
                true => None,
                false => Some(replica().map_err(|error| error.or("all"))?),
            },
            as_of: entry.or("as_of_ms", None, |at| {
                let as_of = SimTime(at.ms_as_us(limits::TIME_MS)?);
                if as_of > time {
                    return Err(at.refuse("no later than the restore itself"));
                }
                Ok(Some(as_of))
            })?,
        },
    })
}

/// Reads which message on the wire is meant.
fn on_the_wire(at: &At<'_>, structure: &Structure, names: &Names) -> Read<OnTheWire> {
    let which = at.object(&["from", "to", "message", "number"])?;
    let most = *limits::IN_FLIGHT.end();
    Ok(OnTheWire {
        from: targets(&which.at("from"), structure, names)?,
        to: targets(&which.at("to"), structure, names)?,
        message: which
            .optional("message")
            .map(|at| at.one_of(&MessageKind::NAMED))
            .transpose()?,
        number: which.or("number", 1, |at| at.whole(1..=most))? as u16,
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
fn set(
    at: &At<'_>,
    parts: &mut Json,
    structure: &Structure,
    initial: &Settings,
    keys: &[String],
) -> Read<Intervention> {
    let changes = at.any_object("an object of JSON pointers and what to put there")?;
    if changes.len() == 0 {
        return Err(at.refuse("at least one JSON pointer and what to put there"));
    }
    let mut places = Vec::new();
    for (pointer, change) in changes.fields() {
        if !settable(pointer, parts) {
            let message = "can't change within a run; allowed: pointers into /protocol, /network, /reads, \
                           /writes and /backups, and /clients/N/random/writes_per_s and reads_per_s";
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
    let (mut changed, mut settings, regions) = settings::read(&root).map_err(blame)?;
    settings::by_key(&root, keys, &regions, &mut changed, &mut settings).map_err(blame)?;
    changed.region_by_client = structure.region_by_client.clone();
    if changed != *structure {
        let message = "starts a new run, it can't change within one: what the protocol is, as its kind, nodes, \
                       copies, partitions, promotion, coordinator, versions, topology and conflicts";
        return Err(ScenarioError::new(place("/protocol"), message));
    }
    let (paths, before) = (settings.paths.iter(), initial.paths.iter());
    if !paths
        .map(|path| &path.name)
        .eq(before.map(|path| &path.name))
    {
        let message = "the names of read paths can't change within a run";
        return Err(ScenarioError::new(place("/reads/paths"), message));
    }
    Ok(Intervention::Set(Box::new(settings)))
}

/// Whether a pointer leads to what a run can change; a rate only of a client that has rates.
fn settable(pointer: &str, parts: &Json) -> bool {
    let inside = |part: &&str| {
        let rest = pointer.strip_prefix('/');
        let rest = rest.and_then(|rest| rest.strip_prefix(part));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let random = ["/writes_per_s", "/reads_per_s"]
        .iter()
        .find_map(|rate| pointer.strip_suffix(rate))
        .filter(|random| random.starts_with("/clients/") && random.ends_with("/random"));
    random.is_some_and(|random| parts.pointer(random).is_some())
        || settings::SETTABLE.iter().any(inside)
}
