//! Reading where things stand: regions, the names of places, and what an entry of the script hits.

use serde_json::Value as Json;

use super::limits;
use super::reader::{At, Object, Read, ScenarioError, listed};
use super::{Names, ProtocolKind, Structure, Target, Targets};
use crate::ids::{ClientId, NodeId, Place, RegionId};

/// The regions: their names, and by replica the region that it stands in. Both are empty where a
/// scenario has none.
#[derive(Default)]
pub(super) struct Regions {
    pub names: Vec<String>,
    pub by_replica: Vec<RegionId>,
}

/// Reads the regions.
pub(super) fn regions(root: &Object<'_>) -> Read<Regions> {
    let mut regions = Regions::default();
    let Some(at) = root.optional("regions") else {
        return Ok(regions);
    };
    for (number, at) in at.list(limits::REGIONS, "regions")?.iter().enumerate() {
        let region = at.object(&["name", "nodes"])?;
        let name = region.at("name").name(limits::NAME_CHARS)?;
        if regions.names.iter().any(|other| other == name) {
            let allowed = "another region has this name; a name of its own";
            return Err(region.at("name").refuse(allowed));
        }
        regions.names.push(name.to_owned());
        let nodes = region.or("nodes", 1, |at| at.whole(limits::NODES))?;
        regions
            .by_replica
            .extend((0..nodes).map(|_| RegionId(number as u8)));
    }
    let (nodes, most) = (regions.by_replica.len() as u64, *limits::NODES.end());
    if nodes > most {
        let message = format!("{nodes} nodes are not allowed: at most {most} in all regions");
        return Err(ScenarioError::new(at.pointer, message));
    }
    Ok(regions)
}

/// Reads the name of a region.
pub(super) fn region(at: &At<'_>, regions: &[String]) -> Read<RegionId> {
    let text = at.as_str();
    let region = regions.iter().position(|name| text == Some(name));
    region.map(|region| RegionId(region as u8)).ok_or_else(|| {
        let names: Vec<&str> = regions.iter().map(String::as_str).collect();
        match names[..] {
            [] => at.refuse("it needs regions, and the scenario has none"),
            _ => at.refuse(listed(&names)),
        }
    })
}

/// What replicas are called: "L", "F1", "F2" where one leads, at first; "A", "B", "C" where nobody
/// does; where many lead, the leader of a region as the region, and its followers "us-east 1".
pub(super) fn node_names(structure: &Structure, regions: &[String]) -> Vec<String> {
    let name = |NodeId(node): NodeId| match structure.kind {
        ProtocolKind::SingleLeader if node == 0 => "L".to_owned(),
        ProtocolKind::SingleLeader => format!("F{node}"),
        ProtocolKind::Leaderless => char::from(b'A' + node).to_string(),
        ProtocolKind::MultiLeader => {
            let region = structure.region_of(Place::Node(NodeId(node)));
            let name = &regions[usize::from(region.0)];
            match node - structure.leader_of(region).0 {
                0 => name.clone(),
                follower => format!("{name} {follower}"),
            }
        }
    };
    let proxy = structure.proxy().map(|_| "proxy".to_owned());
    let manager = structure.manager().map(|_| "manager".to_owned());
    let replicas = structure.replicas().map(name);
    replicas.chain(proxy).chain(manager).collect()
}

/// Refuses names that could mean two places. Without regions, only what a script then names is
/// refused: see [`targets`].
pub(super) fn check_names(root: &Object<'_>, structure: &Structure, names: &Names) -> Read<()> {
    let taken = |name: &str| match name {
        "leader" | "all" => Some("it has a meaning of its own in scripts; another name"),
        _ => None,
    };
    let at = |list: &str, i: usize| {
        let at = root.at(list).list(0..=limits::STEPS, list)?.swap_remove(i);
        Ok(at.any_object("an object")?.at("name"))
    };
    for (number, region) in names.regions.iter().enumerate() {
        // Where many lead, a region's leader has its name.
        let own = (structure.kind == ProtocolKind::MultiLeader)
            .then(|| structure.leader_of(RegionId(number as u8)));
        let node = (0..).map(NodeId).zip(&names.nodes);
        let mut others = node.filter(|(node, _)| Some(*node) != own);
        let of_node = others.any(|(_, name)| name == region);
        let why = of_node.then_some("a node has this name; another one");
        if let Some(why) = why.or(taken(region)) {
            return Err(at("regions", number)?.refuse(why));
        }
    }
    if names.regions.is_empty() {
        return Ok(());
    }
    for (number, client) in names.clients.iter().enumerate() {
        let why = if names.regions.contains(client) {
            Some("a region has this name; another one")
        } else if names.nodes.contains(client) {
            Some("a node has this name; another one")
        } else {
            taken(client)
        };
        if let Some(why) = why {
            return Err(at("clients", number)?.refuse(why));
        }
    }
    Ok(())
}

/// Reads whom an intervention hits: a node by its name, or "leader"; only a replica where `replica`.
pub(super) fn target(
    at: &At<'_>,
    structure: &Structure,
    names: &Names,
    replica: bool,
) -> Read<Target> {
    let nodes = match replica {
        true => &names.nodes[..usize::from(structure.nodes)],
        false => &names.nodes[..],
    };
    let leader = (structure.kind == ProtocolKind::SingleLeader).then_some("leader");
    let text = at.as_str();
    if leader.is_some() && text == leader {
        return Ok(Target::Leader);
    }
    let node = nodes.iter().position(|name| text == Some(name));
    node.map(|node| Target::Node(NodeId(node as u8)))
        .ok_or_else(|| {
            let nodes = nodes.iter().map(String::as_str);
            let allowed: Vec<&str> = leader.into_iter().chain(nodes).collect();
            at.refuse(listed(&allowed))
        })
}

/// Reads the places at the ends of links: the name of a node, a client or a region (all that is in it),
/// "leader", or a list of those.
pub(super) fn targets(at: &At<'_>, structure: &Structure, names: &Names) -> Read<Targets> {
    let mut targets = Targets::default();
    match at.json() {
        Some(Json::Array(_)) => {
            for at in at.list(1..=limits::PLACES, "places")? {
                add(&at, structure, names, &mut targets)?;
            }
        }
        _ => add(at, structure, names, &mut targets)?,
    }
    Ok(targets)
}

fn add(at: &At<'_>, structure: &Structure, names: &Names, targets: &mut Targets) -> Read<()> {
    let text = at.as_str();
    let place = |names: &[String]| names.iter().position(|name| text == Some(name));
    let region = place(&names.regions);
    // Where many lead, the name of a region's leader is that of its region, and means the region.
    let node = match region {
        Some(_) => None,
        None => place(&names.nodes),
    };
    let client = place(&names.clients);
    let leader = structure.kind == ProtocolKind::SingleLeader && text == Some("leader");
    match (region, node, client, leader) {
        (None, Some(_), Some(_), _) | (_, _, Some(_), true) => {
            return Err(at.refuse("a client has this name too; another name for the client"));
        }
        (_, _, _, true) => targets.leader = true,
        (Some(region), ..) => {
            let region = RegionId(region as u8);
            let all = all(names).filter(|place| structure.region_of(*place) == region);
            all.for_each(|place| targets.places.insert(place));
        }
        (_, Some(node), ..) => targets.places.insert(Place::Node(NodeId(node as u8))),
        (_, _, Some(client), _) => targets.places.insert(Place::Client(ClientId(client as u8))),
        (None, None, None, false) => {
            let leader = (structure.kind == ProtocolKind::SingleLeader).then_some("leader");
            let mut allowed: Vec<&str> = leader.into_iter().collect();
            for names in [&names.nodes, &names.clients, &names.regions] {
                for name in names {
                    if !allowed.contains(&name.as_str()) {
                        allowed.push(name);
                    }
                }
            }
            return Err(at.refuse(format_args!("{}, or a list of these", listed(&allowed))));
        }
    }
    Ok(())
}

/// All places that have a name.
fn all(names: &Names) -> impl Iterator<Item = Place> + use<> {
    let nodes = (0..names.nodes.len()).map(|node| Place::Node(NodeId(node as u8)));
    let clients = (0..names.clients.len()).map(|client| Place::Client(ClientId(client as u8)));
    nodes.chain(clients)
}
