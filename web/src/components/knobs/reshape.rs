//! The whole scenario with another kind of replication, or more or fewer of something: what no longer fits
//! is cut down or left out, so that the result can be run.

use replication::scenario::{ProtocolKind, Scenario, limits};
use serde_json::{Map, Value as Json, json};

/// What regions are called where a scenario has no names for so many.
const REGIONS: [&str; 6] = [
    "us-east",
    "eu-west",
    "ap-northeast",
    "us-west",
    "london",
    "frankfurt",
];

/// Another kind of replication, over as many replicas.
pub fn of_kind(scenario: &Scenario, kind: ProtocolKind) -> Json {
    let structure = &scenario.structure;
    let mut nodes = structure.nodes;
    let mut document = scenario.document.clone();
    if kind == ProtocolKind::MultiLeader && structure.regions < 2 {
        let regions = if nodes > 2 { 3 } else { 2 };
        nodes = nodes.max(regions);
        document = of_regions(scenario, regions.into(), nodes.into());
    }
    let majority = nodes / 2 + 1;
    document["protocol"] = match kind {
        ProtocolKind::SingleLeader => {
            json!({ "kind": "single_leader", "nodes": nodes, "ack": { "mode": "async" } })
        }
        ProtocolKind::MultiLeader => json!({ "kind": "multi_leader" }),
        ProtocolKind::Leaderless => {
            json!({ "kind": "leaderless", "nodes": nodes, "copies": nodes, "w": majority, "r": majority, "coordinator": "proxy" })
        }
    };
    let one = kind == ProtocolKind::SingleLeader;
    let fields = fields_of(&mut document);
    if kind != ProtocolKind::MultiLeader {
        fields.remove("writes");
    }
    if let Some(reads) = fields.get_mut("reads").and_then(Json::as_object_mut) {
        // There are no leases any more.
        reads.remove("leader");
        let policy = reads
            .get("policy")
            .and_then(Json::as_str)
            .unwrap_or_default();
        if !one && ["leader_after_write", "session_token", "lag_budget"].contains(&policy) {
            reads.insert("policy".to_owned(), "leader".into());
        }
    }
    if let Some(backups) = fields
        .get_mut("backups")
        .and_then(Json::as_object_mut)
        .filter(|_| !one)
    {
        backups.remove("point_in_time");
    }
    if let Some(limits) = fields
        .get_mut("limits")
        .and_then(Json::as_object_mut)
        .filter(|_| !one)
    {
        cut(limits, "operations", limits::OPERATIONS_OF_VECTORS);
    }
    let copies = if kind == ProtocolKind::Leaderless {
        nodes
    } else {
        0
    };
    for_each_request(&mut document, |request| {
        fit_quorum(request, copies.into());
        // Only one leader evaluates a function; elsewhere its name is a text.
        if let Some(written) = request
            .get_mut("write")
            .and_then(Json::as_object_mut)
            .filter(|_| !one)
        {
            for (_, value) in written {
                if let Some(call) = value.get("call").cloned() {
                    *value = call;
                }
            }
        }
    });
    document
}

/// Another number of copies.
pub fn of_size(scenario: &Scenario, copies: u64) -> Json {
    let structure = &scenario.structure;
    let leaderless = structure.kind == ProtocolKind::Leaderless;
    // Spare replicas, which hold no copy of a key, stay as many as they are.
    let spare = u64::from(structure.nodes - structure.copies);
    let nodes = (copies + spare).min(*limits::NODES.end());
    let mut document = match structure.regions {
        1 => scenario.document.clone(),
        regions => of_regions(scenario, u64::from(regions).min(nodes), nodes),
    };
    let protocol = fields_of(&mut document["protocol"]);
    protocol.insert("nodes".to_owned(), nodes.into());
    if leaderless {
        protocol.insert("copies".to_owned(), copies.into());
        cut(protocol, "w", copies);
        cut(protocol, "r", copies);
        if nodes == copies {
            protocol.remove("quorum");
        }
        for_each_request(&mut document, |request| fit_quorum(request, copies));
        return document;
    }
    let followers = copies.saturating_sub(1).max(1);
    let is_left = |name: &Json| {
        let names = &scenario.names.nodes;
        let number = names.iter().position(|other| name == other);
        number.is_some_and(|number| (number as u64) < copies)
    };
    if let Some(Json::Array(upgraded)) = protocol.get_mut("upgraded") {
        upgraded.retain(is_left);
    }
    if let Some(ack) = protocol.get_mut("ack").and_then(Json::as_object_mut) {
        let mut standbys = followers;
        if let Some(Json::Array(list)) = ack.get_mut("of") {
            list.retain(is_left);
            standbys = list.len() as u64;
        }
        if standbys == 0 {
            ack.remove("of");
            standbys = followers;
        }
        cut(ack, "k", followers);
        cut(ack, "first", standbys);
        cut(ack, "any", standbys);
    }
    document
}

/// Leaderless: so many nodes beside those that hold a key.
pub fn of_spare(scenario: &Scenario, spare: u64) -> Json {
    let copies = u64::from(scenario.structure.copies);
    let nodes = (copies + spare).min(*limits::NODES.end());
    let mut document = match scenario.structure.regions {
        1 => scenario.document.clone(),
        regions => of_regions(scenario, u64::from(regions).min(nodes), nodes),
    };
    let protocol = fields_of(&mut document["protocol"]);
    protocol.insert("nodes".to_owned(), nodes.into());
    protocol.insert("copies".to_owned(), copies.into());
    if spare == 0 {
        protocol.remove("quorum");
    }
    document
}

/// So many regions, over which so many nodes are spread, and the clients. One region is none.
pub fn of_regions(scenario: &Scenario, count: u64, nodes: u64) -> Json {
    let mut document = scenario.document.clone();
    let count = count as usize;
    let old = &scenario.names.regions;
    let fresh = REGIONS
        .iter()
        .map(|name| (*name).to_owned())
        .filter(|name| !old.contains(name));
    let names: Vec<String> = old.iter().cloned().chain(fresh).take(count).collect();
    let has = |name: &Json| {
        name.as_str()
            .is_some_and(|name| names.iter().any(|other| other == name))
    };
    let fields = fields_of(&mut document);
    if count < 2 {
        fields.remove("regions");
    } else {
        let share = |(number, name): (usize, &String)| {
            let more = usize::from(number < nodes as usize % count);
            json!({ "name": name, "nodes": nodes as usize / count + more })
        };
        let regions: Vec<Json> = names.iter().enumerate().map(share).collect();
        fields.insert("regions".to_owned(), regions.into());
    }
    for (number, client) in fields
        .get_mut("clients")
        .and_then(Json::as_array_mut)
        .into_iter()
        .flatten()
        .enumerate()
    {
        let client = fields_of(client);
        if count < 2 {
            client.remove("region");
        } else if !client.get("region").is_some_and(has) {
            client.insert("region".to_owned(), names[number % count].clone().into());
        }
    }
    let protocol = fields_of(fields.entry("protocol").or_insert_with(|| json!({})));
    match protocol.get("kind").and_then(Json::as_str) {
        Some("multi_leader") => protocol.remove("nodes"),
        _ => protocol.insert("nodes".to_owned(), nodes.into()),
    };
    if !protocol.get("manager_region").is_some_and(has) || count < 2 {
        protocol.remove("manager_region");
    }
    let distances = fields
        .get_mut("network")
        .and_then(|network| network.get_mut("distances"));
    if let Some(Json::Array(distances)) = distances {
        distances.retain(|pair| {
            let between = pair.get("between").and_then(Json::as_array);
            count > 1 && between.is_some_and(|between| between.iter().all(has))
        });
    }
    let homes = fields
        .get_mut("writes")
        .and_then(|writes| writes.get_mut("homes"));
    if let Some(Json::Object(homes)) = homes {
        homes.retain(|_, region| has(region));
    }
    document
}

/// A request may name no more of its copies than there are, and none where nobody counts them.
fn fit_quorum(request: &mut Map<String, Json>, copies: u64) {
    for name in ["w", "r"] {
        match copies {
            0 => drop(request.remove(name)),
            copies => cut(request, name, copies),
        }
    }
}

/// Looks at each step of each client, and at each entry of the script.
fn for_each_request(document: &mut Json, mut look: impl FnMut(&mut Map<String, Json>)) {
    let mut look_at = |list: Option<&mut Json>| {
        let entries = list.and_then(Json::as_array_mut).into_iter().flatten();
        entries.filter_map(Json::as_object_mut).for_each(&mut look);
    };
    look_at(document.get_mut("script"));
    for client in document
        .get_mut("clients")
        .and_then(Json::as_array_mut)
        .into_iter()
        .flatten()
    {
        look_at(client.get_mut("does"));
    }
}

/// The fields of an object that a valid scenario has.
fn fields_of(object: &mut Json) -> &mut Map<String, Json> {
    object
        .as_object_mut()
        .expect("a scenario that was read has an object here")
}

fn cut(fields: &mut Map<String, Json>, name: &str, most: u64) {
    if fields
        .get(name)
        .and_then(Json::as_u64)
        .is_some_and(|value| value > most)
    {
        fields.insert(name.to_owned(), most.into());
    }
}
