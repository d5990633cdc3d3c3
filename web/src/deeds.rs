//! What one can do at the cursor to a replica, a link, a region or all of them: the entries of a script,
//! and what they are called. What would change nothing is left out.

use replication::engine::time::SimTime;
use replication::ids::{Change, ClientId, Function, NodeId, Place, RegionId};
use replication::run::{LinkView, Run};
use replication::scenario::{
    Conflicts, Coordinator, Deed as Act, Does, Names, ProtocolKind, Scenario, Settings, Versions,
};
use replication::trace::Seq;
use scene::{SceneIndex, Underway, underway};
use serde_json::{Value as Json, json};

/// How much a slow link takes longer, in milliseconds.
pub const SLOW_MS: u64 = 300;
/// How long a message is held up, in milliseconds.
pub const DELAY_MS: u64 = 200;
/// How many messages of a link can be acted on one by one.
const MESSAGES_MAX: usize = 6;
/// By how much a clock is set, in milliseconds.
const SKEW_MS: i64 = 200;

/// One of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Deed {
    /// What it is called.
    pub name: String,
    /// The entries of a script that do it.
    pub does: Vec<Json>,
}

impl Deed {
    fn new(name: impl Into<String>, does: Json) -> Self {
        Deed {
            name: name.into(),
            does: vec![does],
        }
    }
}

/// Deeds that belong together, and what there is to say about them.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// A sentence or two; empty where the deeds say enough.
    pub says: String,
    /// The deeds.
    pub deeds: Vec<Deed>,
}

impl Group {
    fn new(says: impl Into<String>, deeds: Vec<Deed>) -> Self {
        Group {
            says: says.into(),
            deeds,
        }
    }
}

/// What can be done to a replica, the proxy or the manager.
pub fn of_node(run: &dyn Run, node: NodeId) -> Vec<Group> {
    let scenario = run.scenario();
    let Some(view) = run.nodes().into_iter().find(|view| view.id == node) else {
        return Vec::new();
    };
    let name = scenario.names.node(node);
    let restart = Deed::new("Restart it", json!({ "restart": name }));
    let crash = Deed::new("Crash it", json!({ "crash": name }));
    let is_replica = node.0 < scenario.structure.nodes;
    let mut life = vec![crash];
    if is_replica {
        life.push(Deed::new(
            "Crash, disk lost",
            json!({ "crash": name, "lose_disk": true }),
        ));
    }
    let mut groups = vec![match (view.up, view.paused) {
        (false, _) => Group::new(
            "It is down. It starts again from what is on its disk.",
            vec![restart],
        ),
        (true, true) => {
            life.insert(0, Deed::new("Resume it", json!({ "resume": name })));
            Group::new(
                "It is paused: it keeps its memory, and what reaches it waits.",
                life,
            )
        }
        (true, false) => {
            life.push(Deed::new("Pause it", json!({ "pause": name })));
            Group::new(
                "A crash stops it: what is on its disk comes back with it, the rest is gone.",
                life,
            )
        }
    }];
    groups.extend(of_links(run, Place::Node(node)));
    if is_replica && view.up && clock_matters(scenario, run.settings(), node) {
        let skew_ms = view.skew_us / 1000;
        let set = |name: String, by_ms: i64| {
            Deed::new(
                name,
                json!({ "skew": scenario.names.node(node), "by_ms": by_ms }),
            )
        };
        let mut deeds = vec![
            set(format!("Clock +{SKEW_MS} ms"), skew_ms + SKEW_MS),
            set(format!("Clock −{SKEW_MS} ms"), skew_ms - SKEW_MS),
        ];
        let says = match skew_ms {
            0 => "Its clock is right.".to_owned(),
            1.. => format!("Its clock is {skew_ms} ms ahead."),
            _ => format!("Its clock is {} ms behind.", -skew_ms),
        };
        if skew_ms != 0 {
            deeds.push(set("Set its clock right".to_owned(), 0));
        }
        groups.push(Group::new(says, deeds));
    }
    if is_replica && !run.backups().is_empty() {
        let restore = Deed::new("Restore the newest backup", json!({ "restore": name }));
        groups.push(Group::new(
            "Its disk is replaced by the copy, and it starts again.",
            vec![restore],
        ));
    }
    groups
}

/// What can be done to all links of a place at once.
pub fn of_links(run: &dyn Run, place: Place) -> Option<Group> {
    let scenario = run.scenario();
    let name = name_of(&scenario.names, place);
    let mine: Vec<LinkView> = run
        .links()
        .into_iter()
        .filter(|link| link.from == place || link.to == place)
        .collect();
    let cut = mine.iter().filter(|link| link.cut).count();
    let others = usize::from(scenario.structure.nodes)
        + usize::from(scenario.structure.extra().is_some())
        + scenario.clients.len()
        - 1;
    // Where many lead, the name of a region's leader means the region, with all that is in it.
    let whole_region = is_region(scenario, place);
    let mut deeds = Vec::new();
    if cut < 2 * others {
        let words = if whole_region {
            "Cut its region off"
        } else {
            "Cut off from all others"
        };
        deeds.push(Deed::new(words, json!({ "cut": name })));
    }
    if mine.iter().all(|link| link.slow_us == 0) {
        let words = if whole_region {
            "Slow its region"
        } else {
            "Slow"
        };
        deeds.push(Deed::new(
            format!("{words} by {SLOW_MS} ms"),
            json!({ "slow": name, "by_ms": SLOW_MS }),
        ));
    }
    if !mine.is_empty() {
        deeds.push(Deed::new("Heal its links", json!({ "heal": name })));
    }
    let says = match (cut, mine.len()) {
        (0, 0) => "",
        (0, _) => "Some of its links are slow.",
        _ => "Some of its links are cut: what is sent there is lost.",
    };
    (!deeds.is_empty()).then(|| Group::new(says, deeds))
}

/// What can be done to the link between two places.
pub fn of_link(run: &dyn Run, (one, other): (Place, Place)) -> Group {
    let scenario = run.scenario();
    let (a, b) = (
        name_of(&scenario.names, one),
        name_of(&scenario.names, other),
    );
    let links = run.links();
    let view =
        |from: Place, to: Place| links.iter().find(|link| link.from == from && link.to == to);
    let is_cut = |from: Place, to: Place| view(from, to).is_some_and(|link| link.cut);
    let (there, back) = (is_cut(one, other), is_cut(other, one));
    let slow = view(one, other).is_some_and(|link| link.slow_us > 0);
    let mut deeds = Vec::new();
    if !(there && back) {
        deeds.push(Deed::new("Cut it", json!({ "cut": a, "from": b })));
    }
    if !there {
        deeds.push(Deed::new(
            format!("Cut only {a} → {b}"),
            json!({ "cut": a, "from": b, "one_way": true }),
        ));
    }
    if !back {
        deeds.push(Deed::new(
            format!("Cut only {b} → {a}"),
            json!({ "cut": b, "from": a, "one_way": true }),
        ));
    }
    if !slow {
        deeds.push(Deed::new(
            format!("Slow by {SLOW_MS} ms"),
            json!({ "slow": a, "from": b, "by_ms": SLOW_MS }),
        ));
    }
    if there || back || slow || view(other, one).is_some() {
        deeds.push(Deed::new("Heal it", json!({ "heal": a, "from": b })));
    }
    let says = match (there, back) {
        (true, true) => "Cut: what is sent either way is lost.".to_owned(),
        (true, false) => format!("Cut one way: what {a} sends to {b} is lost."),
        (false, true) => format!("Cut one way: what {b} sends to {a} is lost."),
        (false, false) if slow => "Slow, both ways.".to_owned(),
        (false, false) => "What is on the wire still arrives.".to_owned(),
    };
    Group::new(says, deeds)
}

/// What is on the wire between two places, and what can be done to each, oldest first and heartbeats last.
pub fn of_messages(run: &dyn Run, index: &SceneIndex, (one, other): (Place, Place)) -> Vec<Group> {
    let all = underway(run, index);
    let (beats, mut shown): (Vec<_>, Vec<_>) = all
        .iter()
        .filter(|message| [(one, other), (other, one)].contains(&(message.from, message.to)))
        .partition(|message| message.chatter);
    shown.extend(beats);
    let more = shown.len().saturating_sub(MESSAGES_MAX);
    shown.truncate(MESSAGES_MAX);
    let groups = shown.into_iter();
    let mut groups: Vec<Group> = groups
        .map(|message| to_message(run.scenario(), &all, message))
        .collect();
    if more > 0 {
        groups.push(Group::new(
            format!("{more} more are on the wire."),
            Vec::new(),
        ));
    }
    groups
}

/// What can be done to the message that a record sends, while it is on the wire.
pub fn of_message(run: &dyn Run, index: &SceneIndex, seq: Seq) -> Option<Group> {
    let all = underway(run, index);
    let message = all.iter().find(|message| message.seq == seq)?;
    Some(to_message(run.scenario(), &all, message))
}

/// A script names a message by what can be seen of it: so it means the same one where something else was
/// chosen, as far as there is such a one.
fn to_message(scenario: &Scenario, all: &[Underway], message: &Underway) -> Group {
    let is_at = |place: Place, named: Place| match is_region(scenario, named) {
        true => scenario.structure.region_of(place) == scenario.structure.region_of(named),
        false => place == named,
    };
    let is_alike = |other: &&Underway| {
        other.seq <= message.seq
            && other.kind == message.kind
            && is_at(other.from, message.from)
            && is_at(other.to, message.to)
    };
    let mut which = json!({
        "message": message.kind.name(),
        "from": name_of(&scenario.names, message.from),
        "to": name_of(&scenario.names, message.to),
    });
    let number = all.iter().filter(is_alike).count();
    if number > 1 {
        which["number"] = json!(number);
    }
    let drop = Deed::new("Drop it", json!({ "drop": which }));
    let delay = Deed::new(
        format!("Hold it up for {DELAY_MS} ms"),
        json!({ "delay": which, "by_ms": DELAY_MS }),
    );
    Group::new(message.says.clone(), vec![drop, delay])
}

/// The places with which one exchanges messages.
pub fn neighbours(run: &dyn Run, place: Place) -> Vec<Place> {
    let scenario = run.scenario();
    let structure = &scenario.structure;
    let nodes = structure
        .replicas()
        .chain(structure.extra())
        .map(Place::Node);
    let clients = (0..scenario.clients.len() as u8).map(|client| Place::Client(ClientId(client)));
    let talk = |other: &Place| *other != place && do_talk(run, place, *other);
    nodes.chain(clients).filter(talk).collect()
}

fn do_talk(run: &dyn Run, one: Place, other: Place) -> bool {
    let structure = &run.scenario().structure;
    let settings = run.settings();
    match (one, other) {
        (Place::Client(_), Place::Client(_)) => false,
        (Place::Node(node), Place::Client(_)) | (Place::Client(_), Place::Node(node)) => {
            match structure.proxy() {
                Some(proxy) => node == proxy,
                None => Some(node) != structure.manager(),
            }
        }
        (Place::Node(a), Place::Node(b)) => match structure.kind {
            ProtocolKind::SingleLeader => true,
            // A follower hears from the leader of its own region alone.
            ProtocolKind::MultiLeader => {
                let leads = |node: NodeId| {
                    structure.leader_of(structure.region_of(Place::Node(node))) == node
                };
                (leads(a) && leads(b))
                    || (structure.region_of(one) == structure.region_of(other)
                        && (leads(a) || leads(b)))
            }
            ProtocolKind::Leaderless => {
                let proxied = structure
                    .proxy()
                    .is_some_and(|proxy| a != proxy && b != proxy);
                !proxied || settings.anti_entropy_us.is_some() || settings.sloppy.is_some()
            }
        },
    }
}

/// What can be done to a region.
pub fn of_region(run: &dyn Run, region: RegionId) -> Group {
    let scenario = run.scenario();
    let name = &scenario.names.regions[usize::from(region.0)];
    let structure = &scenario.structure;
    let inside = |place: Place| structure.region_of(place) == region;
    let links = run.links();
    let is_cut = links
        .iter()
        .any(|link| link.cut && inside(link.from) != inside(link.to));
    Group::new(
        "",
        vec![match is_cut {
            true => Deed::new("Heal", json!({ "heal": name })),
            false => Deed::new("Cut off", json!({ "cut": name })),
        }],
    )
}

/// What can be done to everything at once.
pub fn of_all(run: &dyn Run) -> Vec<Deed> {
    let scenario = run.scenario();
    let mut deeds = Vec::new();
    if !run.links().is_empty() {
        deeds.push(Deed::new("Heal all links", json!({ "heal": "all" })));
    }
    let mut up = Vec::new();
    for view in run.nodes() {
        let name = scenario.names.node(view.id);
        if !view.up {
            up.push(json!({ "restart": name }));
        } else if view.paused {
            up.push(json!({ "resume": name }));
        }
    }
    if !up.is_empty() {
        deeds.push(Deed {
            name: "Bring everyone back up".to_owned(),
            does: up,
        });
    }
    if !run.backups().is_empty() {
        deeds.push(Deed::new(
            "Restore all from the newest backup",
            json!({ "restore": "all" }),
        ));
    }
    deeds
}

/// Restores every replica as of a moment.
pub fn back_to(as_of: SimTime) -> Json {
    json!({ "restore": "all", "as_of_ms": as_of.0 / 1000 })
}

/// What a place is called, in scripts too.
pub fn name_of(names: &Names, place: Place) -> &str {
    match place {
        Place::Node(node) => names.node(node),
        Place::Client(client) => names.client(client),
    }
}

fn is_region(scenario: &Scenario, place: Place) -> bool {
    let names = &scenario.names;
    names
        .regions
        .iter()
        .any(|region| region == name_of(names, place))
}

/// Whether anything depends on what a replica's clock says. Timeouts do not: they measure how long
/// something takes, and clocks do not drift. A lease does, where the clock is set while it runs.
fn clock_matters(scenario: &Scenario, settings: &Settings, node: NodeId) -> bool {
    let structure = &scenario.structure;
    match structure.kind {
        ProtocolKind::SingleLeader => {
            let asks = |does: &Does| match does {
                Does::Steps(steps) => steps.iter().any(|step| {
                    matches!(step.act.deed, Act::Write(_, Change::Call(Function::Now)))
                }),
                Does::Random { .. } => false,
            };
            settings.fencing.is_some() || scenario.clients.iter().any(|plan| asks(&plan.does))
        }
        ProtocolKind::MultiLeader => {
            let leads = structure.leader_of(structure.region_of(Place::Node(node))) == node;
            leads
                && matches!(
                    structure.conflicts,
                    Conflicts::LastWriteWins | Conflicts::Merge
                )
        }
        ProtocolKind::Leaderless => {
            structure.coordinator == Coordinator::Node && structure.versions == Versions::Timestamps
        }
    }
}
