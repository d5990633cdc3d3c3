//! Reading what decides how replicas, network and clients behave: `regions`, `protocol`, `network`,
//! `reads`, `writes`, `backups` and the clients' rates.
//!
//! Read once for the start of a run, and again for each `set` of its script.

use serde_json::{Map, Value as Json};

use super::places::{self, Regions};
use super::reader::{At, Object, Read, ScenarioError, listed};
use super::{Backups, ProtocolKind, Rates, Settings, Structure, WritePolicy};
use super::{kinds, limits, network, reads};
use crate::ids::{KeyId, PartitionId, RegionId};

/// The parts of a document that a script can set.
pub(super) const SETTABLE: [&str; 5] = ["protocol", "network", "reads", "writes", "backups"];

/// The parts of a document that decide the settings, and nothing else: small, however long the clients'
/// lists and the script are.
pub(super) fn extract(document: &Json) -> Json {
    let mut parts = Map::new();
    for name in SETTABLE.into_iter().chain(["regions"]) {
        if let Some(part) = document.get(name) {
            parts.insert(name.to_owned(), part.clone());
        }
    }
    let clients = document.get("clients").and_then(Json::as_array);
    let rates = |client: &Json| match client.get("random") {
        Some(random) => Json::Object(Map::from_iter([("random".to_owned(), random.clone())])),
        None => Json::Object(Map::new()),
    };
    let clients = clients.map(|clients| clients.iter().map(rates).collect());
    parts.insert(
        "clients".to_owned(),
        Json::Array(clients.unwrap_or_default()),
    );
    Json::Object(parts)
}

/// Reads the settings, and the structure but for what depends on the clients: see [`by_key`].
pub(super) fn read(root: &Object<'_>) -> Read<(Structure, Settings, Regions)> {
    let regions = places::regions(root)?;
    let (network, client_timeout_us) = network::read(root, &regions.names)?;
    let (structure, mut settings) = kinds::read(root, &regions, network)?;
    settings.client_timeout_us = client_timeout_us;
    reads::read(root, structure.kind, &mut settings)?;
    settings.backups = match root.unless_null("backups") {
        Some(at) => Some(backups(&at, structure.kind)?),
        None => None,
    };
    settings.rates = rates(root)?;
    Ok((structure, settings, regions))
}

/// Reads what depends on the keys: which partition each belongs to, and which region.
pub(super) fn by_key(
    root: &Object<'_>,
    keys: &[String],
    regions: &Regions,
    structure: &mut Structure,
    settings: &mut Settings,
) -> Read<()> {
    structure.keys = keys.len() as u8;
    structure.partition_by_key = together(root, keys, structure.partitions)?;
    settings.writes = writes(root, keys, structure.kind, &regions.names)?;
    Ok(())
}

/// By key, its partition: its number modulo the number of partitions, but that keys which belong
/// together are where the first of them is.
fn together(root: &Object<'_>, keys: &[String], partitions: u8) -> Read<Vec<PartitionId>> {
    let numbers = 0..keys.len() as u8;
    let mut by_key: Vec<PartitionId> = numbers.map(|key| PartitionId(key % partitions)).collect();
    let protocol = root.at("protocol").any_object("an object")?;
    let Some(at) = protocol.optional("together") else {
        return Ok(by_key);
    };
    let mut grouped: Vec<KeyId> = Vec::new();
    for at in at.list(0..=limits::KEYS, "groups of keys")? {
        let mut first = None;
        for at in at.list(2..=limits::KEYS, "keys")? {
            let key = known_key(at.as_str(), keys).map_err(|known| at.refuse(known))?;
            if grouped.contains(&key) {
                return Err(at.refuse("it is in a group already; each key once"));
            }
            grouped.push(key);
            let number = usize::from(key.0);
            by_key[number] = *first.get_or_insert(by_key[number]);
        }
    }
    Ok(by_key)
}

/// The number of a key that the clients use; an error names those.
pub(super) fn known_key(name: Option<&str>, keys: &[String]) -> Result<KeyId, String> {
    let key = keys.iter().position(|key| name == Some(key));
    key.map(|key| KeyId(key as u8)).ok_or_else(|| {
        let known: Vec<&str> = keys.iter().map(String::as_str).collect();
        format!("the clients' keys are allowed: {}", listed(&known))
    })
}

fn writes(
    root: &Object<'_>,
    keys: &[String],
    kind: ProtocolKind,
    regions: &[String],
) -> Read<WritePolicy> {
    let Some(at) = root.optional("writes") else {
        return Ok(WritePolicy::Local);
    };
    if kind != ProtocolKind::MultiLeader {
        return Err(at.refuse("only with the kind multi_leader"));
    }
    let writes = at.object(&["policy", "homes"])?;
    let mut homes: Vec<RegionId> = (0..keys.len())
        .map(|key| RegionId((key % regions.len().max(1)) as u8))
        .collect();
    if let Some(at) = writes.optional("homes") {
        let object = at.any_object("an object of keys and their regions")?;
        for (name, at) in object.fields() {
            let key = known_key(Some(name), keys).map_err(|known| {
                ScenarioError::new(at.pointer.clone(), format!("unknown key; {known}"))
            })?;
            homes[usize::from(key.0)] = places::region(&at, regions)?;
        }
    }
    writes.or("policy", WritePolicy::Local, |at| {
        at.one_of(&[
            ("local", WritePolicy::Local),
            ("home", WritePolicy::Home { homes }),
        ])
    })
}

fn backups(at: &At<'_>, kind: ProtocolKind) -> Read<Backups> {
    let backups = at.object(&["every_ms", "keep", "failing", "point_in_time"])?;
    Ok(Backups {
        every_us: backups.or("every_ms", 1_000_000, |at| at.ms_as_us(limits::TIMEOUT_MS))?,
        keep: backups.or("keep", 5, |at| at.whole(limits::BACKUPS))? as u8,
        failing: backups.or("failing", false, |at| at.boolean())?,
        point_in_time: backups.or("point_in_time", false, |at| {
            let on = at.boolean()?;
            if on && kind != ProtocolKind::SingleLeader {
                return Err(at.refuse("it needs a log, which only single_leader has; false"));
            }
            Ok(on)
        })?,
    })
}

/// How often each client writes and reads; zeros for one with a list of its own.
fn rates(root: &Object<'_>) -> Read<Vec<Rates>> {
    let clients = root.at("clients").list(limits::CLIENTS, "clients")?;
    let rates = |client: &At<'_>| {
        let client = client.any_object("a client")?;
        let Some(random) = client.optional("random") else {
            return Ok(Rates::default());
        };
        let random = random.object(&RANDOM)?;
        let rate = |at: At<'_>| at.number(limits::RATE_PER_S);
        Ok(Rates {
            writes_per_s: random.or("writes_per_s", 0.0, rate)?,
            reads_per_s: random.or("reads_per_s", 0.0, rate)?,
        })
    };
    clients.iter().map(rates).collect()
}

/// The fields of a random workload.
pub(super) const RANDOM: [&str; 5] = ["writes_per_s", "reads_per_s", "keys", "changes", "items"];
