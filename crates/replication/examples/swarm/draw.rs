//! A scenario from one seed: every option, fault and workload is drawn.
//!
//! Faults first; then all is mended and nobody writes, so that what must converge can.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use replication::trace::MessageKind;
use serde_json::{Map, Value as Json, json};

/// From here on nothing is wrong any more.
const MENDED_MS: u64 = 3000;
/// From here on nobody reads or writes.
const QUIET_MS: u64 = 3600;
const END_MS: u64 = 9000;

/// The scenario of a seed, as its document.
pub fn document(seed: u64) -> Json {
    let mut dice = Dice::of(seed);
    match dice.below(20) {
        0..=9 => single_leader(&mut dice, seed),
        10..=15 => leaderless(&mut dice, seed),
        _ => multi_leader(&mut dice, seed),
    }
}

struct Dice(ChaCha8Rng);

impl Dice {
    fn of(seed: u64) -> Self {
        Dice(ChaCha8Rng::seed_from_u64(seed))
    }

    fn below(&mut self, n: u64) -> u64 {
        (u64::from(self.0.next_u32()) * n) >> 32
    }

    fn between(&mut self, first: u64, last: u64) -> u64 {
        first + self.below(last - first + 1)
    }

    /// True so many times in a hundred.
    fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize].clone()
    }
}

fn single_leader(dice: &mut Dice, seed: u64) -> Json {
    let nodes = dice.pick(&[1, 2, 3, 3, 3, 4, 5, 5, 7]);
    // Half of all seeds lie where theory gives a guarantee; there it is to be broken. Some others have a
    // theme: what is rare by chance, and known to break something.
    let theme = match dice.below(12) {
        0 => Theme::LostPosition,
        1 => Theme::Reachable,
        2 => Theme::Deposed,
        _ => Theme::None,
    };
    let nodes = if theme == Theme::None {
        nodes
    } else {
        dice.pick(&[3, 3, 5])
    };
    let names: Vec<String> = (0..nodes)
        .map(|i| {
            if i == 0 {
                "L".to_owned()
            } else {
                format!("F{i}")
            }
        })
        .collect();
    let safe = match theme {
        Theme::None => dice.percent(50),
        theme => theme == Theme::Deposed,
    };
    let modes = ["async", "semi_sync", "sync", "quorum", "standbys"];
    let mode = match theme {
        _ if safe => "quorum",
        Theme::LostPosition => "async",
        Theme::Reachable => "quorum",
        _ => dice.pick(&modes),
    };
    let mode = if nodes == 1 && (mode == "semi_sync" || mode == "standbys") {
        "async"
    } else {
        mode
    };
    let mut ack = json!({ "mode": mode });
    if mode == "semi_sync" {
        ack["k"] = dice.between(1, nodes - 1).into();
        ack["timeout_ms"] = dice.between(50, 600).into();
    }
    if mode == "standbys" {
        ack[dice.pick(&["first", "any"])] = dice.between(1, nodes - 1).into();
    }
    let whens: &[&str] = if mode == "quorum" {
        &["persisted", "applied"]
    } else {
        &["received", "persisted", "applied"]
    };
    ack["when"] = dice.pick(whens).into();
    let reachable = theme == Theme::Reachable || !safe && theme == Theme::None && dice.percent(40);
    let fencing = theme == Theme::None && dice.percent(40);
    let stream = dice.pick(&["logical", "logical", "statement", "write_ahead_log"]);
    let mut protocol = json!({
        "kind": "single_leader", "nodes": nodes, "partitions": dice.pick(&[1, 1, 1, 2, 3]), "ack": ack,
        "promotion": if reachable { "reachable" } else { "majority" },
        "heartbeat_ms": 40, "failure_timeout_ms": dice.between(120, 300), "resend_ms": dice.between(150, 500),
        "apply_ms": dice.pick(&[0, 1, 20]), "disk_ms": dice.pick(&[0, 1, 5]), "stream": stream,
    });
    if mode != "quorum" || !safe {
        protocol["visible"] = dice.pick(&["on_append", "on_ack", "on_commit"]).into();
    }
    if fencing {
        protocol["fencing"] = json!({ "lease_ms": dice.between(100, 250), "clock_error_ms": 20 });
    }
    if dice.percent(30) {
        protocol["log_keeps"] = dice.between(1, 20).into();
        protocol["snapshot_ms"] = 50.into();
    }
    if stream == "write_ahead_log" && nodes > 1 && dice.percent(40) {
        protocol["upgraded"] = json!([names[1]]);
    }
    let policies = [
        "leader",
        "leader",
        "any",
        "sticky",
        "nearest",
        "leader_after_write",
        "session_token",
        "session_token",
        "lag_budget",
    ];
    let leader_reads: &[&str] = if fencing {
        &["local", "lease", "lease", "confirmed"]
    } else {
        &["local", "local", "confirmed"]
    };
    let (policy, leader) = match theme {
        Theme::LostPosition => ("session_token", "local"),
        Theme::Deposed => ("leader", "local"),
        _ => (dice.pick(&policies), dice.pick(leader_reads)),
    };
    let reads = json!({
        "policy": policy, "leader": leader, "window_ms": 300, "wait_ms": 100,
        "report_ms": 60, "evict_ms": 400, "return_ms": 100, "paths": [ { "name": "reads", "max_ms": dice.pick(&[0, 50, 300]) } ],
    });
    let mut clients = clients(
        dice,
        if stream == "statement" {
            &["write", "write", "add"]
        } else {
            &["write"]
        },
    );
    if stream == "statement" && dice.percent(70) {
        let call = dice.pick(&["NOW()", "RAND()", "UUID()", "NEXT_ID()"]);
        let steps = json!([ { "wait_ms": 300, "write": { "c": { "call": call } } }, { "wait_ms": 500, "read": ["c"] } ]);
        clients.push(json!({ "name": "Caller", "does": steps }));
    }
    let two_keys = clients[0]["random"]["keys"]
        .as_array()
        .is_some_and(|keys| keys.len() > 1);
    if two_keys && dice.percent(30) {
        protocol["together"] = json!([["a", "b"]]);
    }
    let mut document = common(dice, seed, protocol, reads, clients);
    regions_for_one_leader(dice, &mut document, nodes, reachable);
    let may_lose = !safe || dice.percent(15);
    if theme == Theme::LostPosition {
        document["network"]["replication_lag_ms"] = dice.pick(&[80, 250]).into();
    }
    faults(
        dice,
        &mut document,
        &names,
        true,
        may_lose && theme == Theme::None,
    );
    if theme != Theme::None {
        against_the_leader(dice, &mut document, &names, theme);
    }
    document
}

/// What is rare by chance.
#[derive(Clone, Copy, PartialEq)]
enum Theme {
    None,
    /// An asynchronous leader crashes; clients have session tokens.
    LostPosition,
    /// A leader is cut off, and a failover manager promotes whom it reaches.
    Reachable,
    /// A leader is cut off from its followers and not from its clients, and answers reads.
    Deposed,
}

fn against_the_leader(dice: &mut Dice, document: &mut Json, nodes: &[String], theme: Theme) {
    let (at, long) = (dice.between(300, 1200), dice.between(700, 1500));
    let (wrong, mended) = match theme {
        Theme::LostPosition => ("crash", json!({ "restart": "leader" })),
        _ => ("cut", json!({ "heal": "all" })),
    };
    let mut wrong = json!({ "at_ms": at, wrong: "leader" });
    if theme == Theme::Deposed {
        wrong["from"] = json!(nodes);
    }
    if theme == Theme::Reachable {
        // With one follower on its side, which has what the others lack.
        wrong["cut"] = json!(["leader", nodes[1], "Ann"]);
    }
    let mut mended = mended;
    mended["at_ms"] = (at + long).into();
    document["script"]
        .as_array_mut()
        .expect("a list")
        .extend([wrong, mended]);
}

/// Some systems stand in two or three regions.
fn regions_for_one_leader(dice: &mut Dice, document: &mut Json, nodes: u64, reachable: bool) {
    if nodes < 3 || !dice.percent(30) {
        return;
    }
    let names = ["east", "west", "north"];
    let first = dice.between(1, nodes - 2);
    let sizes = [first, nodes - first - 1, 1];
    let regions: Vec<Json> = names
        .iter()
        .zip(sizes)
        .map(|(name, nodes)| json!({ "name": name, "nodes": nodes }))
        .collect();
    document["regions"] = regions.into();
    // Near enough for an election to end before the next begins.
    document["network"]["distance_ms"] = dice.between(1, 15).into();
    if reachable {
        document["protocol"]["manager_region"] = dice.pick(&names).into();
    }
    for client in document["clients"].as_array_mut().expect("a list") {
        client["region"] = dice.pick(&names).into();
    }
}

fn leaderless(dice: &mut Dice, seed: u64) -> Json {
    let (contacted, substitutes) = match dice.below(10) {
        0 => (true, false),
        1 => (false, true),
        _ => (false, false),
    };
    let themed = contacted || substitutes;
    let copies = if themed {
        3
    } else {
        dice.pick(&[1, 2, 3, 3, 3, 3, 5])
    };
    let nodes = copies
        + if substitutes {
            2
        } else {
            dice.pick(&[0, 0, 1, 2])
        };
    let names: Vec<String> = (0..nodes)
        .map(|i| char::from(b'A' + i as u8).to_string())
        .collect();
    let (mut w, mut r) = (dice.between(1, copies), dice.between(1, copies));
    let safe = !themed && dice.percent(45);
    if safe || substitutes {
        (w, r) = (copies / 2 + 1, copies / 2 + 1);
    }
    if contacted {
        (w, r) = (copies, 1);
    }
    let repair = match () {
        () if safe || substitutes => "write_back",
        () if contacted => "contacted",
        () => dice.pick(&["off", "background", "contacted", "write_back"]),
    };
    let sloppy = substitutes || !safe && !contacted && nodes > copies && dice.percent(70);
    let dotted = !themed && dice.percent(if safe { 10 } else { 30 });
    let mut protocol = json!({
        "kind": "leaderless", "nodes": nodes, "copies": copies, "w": w, "r": r,
        "coordinator": dice.pick(&["proxy", "node", "node"]), "reads_sent_to": dice.pick(&["all", "r"]),
        "repair": repair, "quorum": if sloppy { "sloppy" } else { "strict" },
        "versions": if dotted { "dotted" } else { "timestamps" },
        "hint_expires_ms": dice.pick(&[300, 60_000]), "doubt_after_ms": dice.between(60, 200), "disk_ms": dice.pick(&[0, 1, 5]),
    });
    if dice.percent(60) {
        protocol["anti_entropy_ms"] = dice.between(100, 400).into();
    }
    if dice.percent(20) {
        protocol["legs"] = dice.pick(&["lnkd_ssd", "lnkd_disk", "ymmr", "wan"]).into();
    }
    let reads = json!({ "policy": dice.pick(&["any", "sticky", "nearest"]) });
    let changes: &[&str] = if dotted {
        &["write", "write", "items"]
    } else {
        &["write"]
    };
    let mut clients = clients(dice, changes);
    if dice.percent(30) {
        let steps = json!([ { "wait_ms": 200, "write": { "a": 7 }, "w": dice.between(w, copies) }, { "read": ["a"], "r": dice.between(r, copies) } ]);
        clients.push(json!({ "name": "Asker", "does": steps }));
    }
    let mut document = common(dice, seed, protocol, reads, clients);
    let may_lose = !themed && (!safe || dice.percent(15));
    if contacted {
        document["network"]["replication_lag_ms"] = 80.into();
        document["network"]["jitter"] = 4.into();
    }
    faults(dice, &mut document, &names, false, may_lose);
    document
}

fn multi_leader(dice: &mut Dice, seed: u64) -> Json {
    let count = dice.between(2, 4);
    let all = ["east", "west", "north", "south"];
    let regions = &all[..count as usize];
    let sizes: Vec<u64> = regions.iter().map(|_| dice.pick(&[1, 1, 2, 3])).collect();
    let mut names = Vec::new();
    for (region, size) in regions.iter().zip(&sizes) {
        names.push((*region).to_owned());
        names.extend((1..*size).map(|i| format!("{region} {i}")));
    }
    let conflicts = dice.pick(&["last_write_wins", "highest_version", "merge", "siblings"]);
    let protocol = json!({
        "kind": "multi_leader", "topology": dice.pick(&["all_to_all", "ring", "star"]), "conflicts": conflicts,
        "resend_ms": dice.between(150, 500), "apply_ms": dice.pick(&[0, 1, 20]), "disk_ms": dice.pick(&[0, 1, 5]),
    });
    let changes: &[&str] = match conflicts {
        "merge" => &["write", "add", "items"],
        "siblings" => &["write", "items"],
        _ => &["write", "add"],
    };
    // Under merge a key is used in one way only.
    let changes = match conflicts {
        "merge" => vec![dice.pick(changes)],
        _ => changes.to_vec(),
    };
    let reads = json!({ "policy": dice.pick(&["leader", "any", "sticky", "nearest"]) });
    let clients = clients(dice, &changes);
    let mut document = common(dice, seed, protocol, reads, clients);
    let list: Vec<Json> = regions
        .iter()
        .zip(&sizes)
        .map(|(name, nodes)| json!({ "name": name, "nodes": nodes }))
        .collect();
    document["regions"] = list.into();
    document["network"]["distance_ms"] = dice.between(1, 60).into();
    if dice.percent(30) {
        document["writes"] = json!({ "policy": "home" });
    }
    for client in document["clients"].as_array_mut().expect("a list") {
        client["region"] = dice.pick(regions).into();
    }
    let may_lose = dice.percent(50);
    faults(dice, &mut document, &names, false, may_lose);
    document
}

fn clients(dice: &mut Dice, changes: &[&str]) -> Vec<Json> {
    let keys = dice.pick(&[vec!["a"], vec!["a", "b"], vec!["a", "b", "c"]]);
    let people = ["Ann", "Bob", "Cyd", "Dan"];
    let count = dice.between(1, 4) as usize;
    let client = |name: &&str| {
        let mut random = json!({
            "writes_per_s": dice.between(1, 12), "reads_per_s": dice.between(1, 15), "keys": keys, "changes": dice.pick(changes),
        });
        if random["changes"] == "items" {
            random["items"] = json!(["milk", "eggs", "tea"]);
        }
        json!({ "name": name, "random": random })
    };
    people[..count].iter().map(client).collect()
}

fn common(dice: &mut Dice, seed: u64, protocol: Json, reads: Json, clients: Vec<Json>) -> Json {
    let mut network = json!({
        "replication_lag_ms": dice.pick(&[1, 5, 20, 80, 250]), "jitter": dice.pick(&[1, 2, 3, 4]),
        "peer_ms": dice.pick(&[1, 5, 15]), "client_ms": dice.pick(&[1, 5, 20]), "client_timeout_ms": dice.between(200, 800),
    });
    if dice.percent(40) {
        network["loss_percent"] = dice.between(1, 10).into();
    }
    if dice.percent(30) {
        network["duplicate_percent"] = dice.between(1, 20).into();
    }
    if dice.percent(30) {
        network["reorder_percent"] = dice.between(1, 20).into();
        network["reorder_ms"] = dice.between(20, 200).into();
    }
    let mut document = json!({
        "version": 1, "title": format!("swarm {seed}"), "seed": seed, "protocol": protocol, "network": network,
        "reads": reads, "clients": clients, "script": [], "limits": { "time_ms": END_MS },
    });
    if dice.percent(25) {
        document["backups"] =
            json!({ "every_ms": dice.between(200, 800), "keep": 4, "failing": dice.percent(20) });
    }
    document
}

/// What goes wrong, and that it is mended in the end.
fn faults(
    dice: &mut Dice,
    document: &mut Json,
    nodes: &[String],
    leads: bool,
    may_lose_disks: bool,
) {
    let mut script = Vec::new();
    let count = dice.between(0, 7);
    let mut targets: Vec<Json> = nodes.iter().map(|name| json!(name)).collect();
    if leads {
        targets.extend(std::iter::repeat_n(json!("leader"), nodes.len()));
    }
    for _ in 0..count {
        let at = dice.between(100, 2600);
        let target = dice.pick(&targets);
        let until = at + dice.between(50, 900);
        let node = dice.pick(nodes);
        let mut entry = |at: u64, fields: Json| {
            let mut entry = Map::from_iter([("at_ms".to_owned(), at.into())]);
            entry.extend(fields.as_object().expect("an object").clone());
            script.push(Json::Object(entry));
        };
        match dice.below(10) {
            0..=2 => {
                let lose_disk = may_lose_disks && dice.percent(25);
                entry(at, json!({ "crash": target, "lose_disk": lose_disk }));
                entry(until, json!({ "restart": target }));
            }
            3 | 4 => {
                entry(at, json!({ "pause": target }));
                entry(until, json!({ "resume": target }));
            }
            5 | 6 => {
                let some = dice.between(1, nodes.len().max(2) as u64 / 2) as usize;
                let first = dice.below(nodes.len() as u64) as usize;
                let group: Vec<&String> = (0..some)
                    .map(|i| &nodes[(first + i) % nodes.len()])
                    .collect();
                let mut cut = json!({ "cut": group, "one_way": dice.percent(25) });
                // Often clients still reach both sides.
                if nodes.len() > some && dice.percent(60) {
                    let rest: Vec<&String> =
                        nodes.iter().filter(|name| !group.contains(name)).collect();
                    cut["from"] = json!(rest);
                }
                entry(at, cut);
                entry(until, json!({ "heal": "all" }));
            }
            7 => {
                entry(at, json!({ "slow": node, "by_ms": dice.between(10, 300) }));
            }
            8 => {
                let by = dice.between(0, 800) as i64 - 400;
                if may_lose_disks {
                    entry(at, json!({ "skew": node, "by_ms": by }));
                }
            }
            _ => {
                if may_lose_disks && document.get("backups").is_some() {
                    entry(at, json!({ "restore": node }));
                }
            }
        }
    }
    script.extend(by_hand(dice, document, nodes));
    let mut mend = |fields: Json| {
        let mut entry = Map::from_iter([("at_ms".to_owned(), MENDED_MS.into())]);
        entry.extend(fields.as_object().expect("an object").clone());
        script.push(Json::Object(entry));
    };
    mend(json!({ "heal": "all" }));
    for node in nodes {
        mend(json!({ "restart": node }));
        mend(json!({ "resume": node }));
    }
    mend(
        json!({ "set": { "/network/loss_percent": 0, "/network/duplicate_percent": 0, "/network/reorder_percent": 0, "/network/jitter": 1 } }),
    );
    let mut rates = Map::new();
    for (i, client) in document["clients"]
        .as_array()
        .expect("a list")
        .iter()
        .enumerate()
    {
        if client.get("random").is_some() {
            rates.insert(format!("/clients/{i}/random/writes_per_s"), 0.into());
            rates.insert(format!("/clients/{i}/random/reads_per_s"), 0.into());
        }
    }
    if !rates.is_empty() {
        script.push(json!({ "at_ms": QUIET_MS, "set": rates }));
    }
    document["script"] = script.into();
}

/// Single messages that are dropped or held up.
fn by_hand(dice: &mut Dice, document: &Json, nodes: &[String]) -> Vec<Json> {
    let clients = document["clients"].as_array().expect("a list");
    let clients = clients.iter().filter_map(|client| client["name"].as_str());
    let all: Vec<&str> = nodes.iter().map(String::as_str).chain(clients).collect();
    let count = dice.between(0, 12);
    let entry = |_| {
        let end = |dice: &mut Dice| match dice.percent(50) {
            true => json!(all),
            false => json!(dice.pick(&all)),
        };
        let mut which = json!({ "from": end(dice), "to": end(dice), "number": dice.between(1, 3) });
        if dice.percent(30) {
            let (message, _) = dice.pick(&MessageKind::NAMED);
            which["message"] = message.into();
        }
        let at = dice.between(100, 2600);
        match dice.percent(50) {
            true => json!({ "at_ms": at, "drop": which }),
            false => json!({ "at_ms": at, "delay": which, "by_ms": dice.between(1, 600) }),
        }
    };
    (0..count).map(entry).collect()
}
