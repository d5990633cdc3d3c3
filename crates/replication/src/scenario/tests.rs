//! What is read, and what is refused with which words.

use serde_json::{Value as Json, json};

use super::*;
use crate::ids::{Function, ItemId, ItemSet, Places};
use crate::trace::MessageKind;

mod fields;
mod refusals;

/// The example of the format's own description, whole.
const DOUBLE_TRANSFER: &str = r#"{
  "version": 1,
  "title": "The double transfer",
  "story": "Alice pays $60, is told \"done\", and looks at her balance.",
  "seed": 7,
  "protocol": { "kind": "single_leader", "nodes": 3, "partitions": 1, "ack": { "mode": "async" } },
  "network": { "replication_lag_ms": 320, "jitter": 4, "client_ms": 25, "loss_percent": 0 },
  "reads": { "policy": "any" },
  "clients": [
    { "name": "Alice", "does": [
      { "write": { "balance": 100 } },
      { "wait_ms": 900, "add": { "balance": -60 }, "as": "pay" },
      { "wait_ms": 200, "read": ["balance"] },
      { "wait_ms": 500, "when": { "saw": { "balance": 100 } }, "add": { "balance": -60 }, "as": "pay again" }
    ] }
  ],
  "script": [],
  "limits": { "time_ms": 10000 },
  "knobs": ["/reads/policy", "/network/replication_lag_ms"],
  "narration": [ { "on": "broken:read_your_writes", "say": "..." } ],
  "expect": { "broken": ["read_your_writes"], "kept": ["one_leader_at_a_time"] }
}"#;

/// Every field that one leader has.
fn one_leader() -> Json {
    json!({
        "version": 1, "title": "T", "story": "S", "seed": 3,
        "protocol": {
            "kind": "single_leader", "nodes": 5, "partitions": 2,
            "ack": { "mode": "semi_sync", "k": 2, "timeout_ms": 900 },
            "promotion": "majority", "visible": "on_append", "heartbeat_ms": 50, "failure_timeout_ms": 300,
            "resend_ms": 700, "apply_ms": 0.5, "disk_ms": 0
        },
        "network": {
            "replication_lag_ms": 320.5, "jitter": 4, "client_ms": 25, "peer_ms": 6, "loss_percent": 0.5,
            "client_timeout_ms": 1500
        },
        "reads": { "policy": "sticky" },
        "clients": [
            { "name": "Alice", "does": [
                { "write": { "photo": "new" }, "as": "post" },
                { "wait_ms": 20, "when": { "saw": { "photo": "old", "likes": 3 } }, "add": { "likes": -1 } },
                { "read": ["likes", "photo"] }
            ] },
            { "name": "crowd", "random": { "writes_per_s": 1.5, "reads_per_s": 20, "keys": ["likes", "shares"] } }
        ],
        "script": [
            { "at_ms": 900, "restart": "leader", "by_hand": false },
            { "at_us": 400500, "crash": "leader" },
            { "at_ms": 500, "crash": "F4" },
            { "at_ms": 600, "set": { "/reads/policy": "any", "/clients/1/random/reads_per_s": 2 } },
            { "at_ms": 300, "set": { "/protocol/ack/mode": "quorum", "/network/loss_percent": 10 } },
            { "at_ms": 700, "client": "crowd", "write": { "photo": "late" } },
            { "at_ms": 701, "client": "Alice", "read": ["photo"] }
        ],
        "limits": { "time_ms": 5000, "records": 1000, "operations": 100, "in_flight": 50 },
        "knobs": ["/protocol/ack/mode"],
        "narration": [ { "on": "start", "say": "Look." }, { "on": "broken:monotonic_reads", "say": "There." } ],
        "expect": { "broken": ["monotonic_reads"], "kept": ["read_your_writes", "one_leader_at_a_time"] }
    })
}

/// Every field that a leaderless system has.
fn leaderless() -> Json {
    json!({
        "version": 1, "title": "T",
        "protocol": {
            "kind": "leaderless", "nodes": 5, "copies": 3, "w": 1, "r": 3, "coordinator": "proxy",
            "reads_sent_to": "r", "repair": "off", "quorum": "strict", "versions": "timestamps", "disk_ms": 2,
            "legs": {
                "w": { "constant_ms": 5 },
                "a": { "lognormal": { "median_ms": 320, "p99_over_p50": 4 } },
                "r": { "pareto": { "min_ms": 0.235, "alpha": 10 } },
                "s": { "mix": [
                    { "weight": 0.9122, "pareto": { "min_ms": 0.235, "alpha": 10 } },
                    { "weight": 0.0878, "exponential": { "mean_ms": 10 } }
                ] }
            }
        },
        "clients": [ { "name": "Bob", "does": [ { "read": ["x"] } ] } ],
        "script": [ { "at_ms": 5, "crash": "proxy" }, { "at_ms": 6, "restart": "E" } ]
    })
}

fn crashed(node: NodeId) -> Intervention {
    let node = Target::Node(node);
    Intervention::Crash {
        node,
        lose_disk: false,
    }
}

fn read(document: Json) -> Scenario {
    Scenario::from_document(document).unwrap_or_else(|error| panic!("{error}"))
}

fn refused(document: Json) -> String {
    Scenario::from_document(document)
        .expect_err("a refusal")
        .to_string()
}

fn changed(mut document: Json, pointer: &str, value: Json) -> Json {
    pointer::put(&mut document, pointer, value).unwrap();
    document
}

#[test]
fn the_example_of_the_format_is_read_as_it_stands() {
    let scenario = Scenario::from_bytes(DOUBLE_TRANSFER.as_bytes()).unwrap();
    assert_eq!(scenario.seed, 7);
    assert_eq!(scenario.names.nodes, ["L", "F1", "F2"]);
    assert_eq!(scenario.names.keys, ["balance"]);
    assert_eq!(scenario.settings.ack, Ack::Async);
    assert_eq!(scenario.settings.reads, ReadPolicy::Any);
    assert_eq!(
        scenario.settings.network.replication,
        Delay::LogNormal {
            median_ms: 320.0,
            p99_over_p50: 4.0
        }
    );
    assert_eq!(
        scenario.settings.network.client,
        Delay::Constant { ms: 25.0 }
    );
    let Does::Steps(steps) = &scenario.clients[0].does else {
        panic!("Alice has a list");
    };
    assert_eq!(steps[1].act.deed, Deed::Write(KeyId(0), Change::Add(-60)));
    assert_eq!(steps[1].label.as_deref(), Some("pay"));
    assert_eq!(steps[3].when.saw, [(KeyId(0), Value::Number(100))]);
    assert_eq!(scenario.expect.broken, [Promise::ReadYourWrites]);
    assert_eq!(scenario.limits.time, SimTime(10_000_000));
}

#[test]
fn every_field_of_one_leader_is_read() {
    let scenario = read(one_leader());
    let settings = &scenario.settings;
    assert_eq!(
        settings.ack,
        Ack::SemiSync {
            k: 2,
            timeout_us: 900_000
        }
    );
    assert_eq!(settings.visible, Visible::OnAppend);
    assert_eq!(
        (settings.heartbeat_us, settings.failure_timeout_us),
        (50_000, 300_000)
    );
    assert_eq!(
        (settings.resend_us, settings.apply_us, settings.disk_us),
        (700_000, 500, 0)
    );
    assert_eq!(
        (settings.network.loss_ppm, settings.client_timeout_us),
        (5_000, 1_500_000)
    );
    assert_eq!(settings.rates[0], Rates::default());
    assert_eq!(
        settings.rates[1],
        Rates {
            writes_per_s: 1.5,
            reads_per_s: 20.0
        }
    );
    assert_eq!(scenario.structure.partitions, 2);
    assert_eq!(
        scenario.narration[1].on,
        NarrationEvent::Broken(Promise::MonotonicReads)
    );
}

#[test]
fn every_field_of_a_leaderless_system_is_read() {
    let scenario = read(leaderless());
    assert_eq!(scenario.names.nodes, ["A", "B", "C", "D", "E", "proxy"]);
    assert_eq!(
        (
            scenario.settings.w,
            scenario.settings.r,
            scenario.structure.copies
        ),
        (1, 3, 3)
    );
    assert_eq!(scenario.settings.reads_sent_to, ReadsSentTo::R);
    assert_eq!(scenario.settings.network.w, Delay::Constant { ms: 5.0 });
    assert!(matches!(&scenario.settings.network.s, Delay::Mix(parts) if parts.len() == 2));
    assert_eq!(scenario.script[0].does, crashed(NodeId(5)));
}

#[test]
fn what_is_left_out_has_a_default() {
    let clients = json!([{ "name": "Bob", "does": [] }]);
    let one = read(
        json!({ "version": 1, "title": "T", "protocol": { "kind": "single_leader" }, "clients": clients }),
    );
    assert_eq!(
        (one.seed, one.structure.nodes, one.structure.partitions),
        (1, 3, 1)
    );
    assert_eq!(
        (one.settings.ack, one.settings.visible),
        (Ack::Async, Visible::OnAck)
    );
    assert_eq!(one.settings.reads, ReadPolicy::Leader);
    assert_eq!(
        (
            one.limits.records,
            one.limits.operations,
            one.limits.in_flight
        ),
        (500_000, 200_000, 20_000)
    );

    let five = json!({ "kind": "leaderless", "nodes": 5 });
    let none = read(json!({ "version": 1, "title": "T", "protocol": five, "clients": clients }));
    assert_eq!(
        (none.structure.copies, none.settings.w, none.settings.r),
        (5, 3, 3)
    );
    assert_eq!(none.structure.coordinator, Coordinator::Proxy);
}

#[test]
fn a_quorum_shows_what_is_committed_unless_told_otherwise() {
    let quorum = changed(one_leader(), "/protocol/ack/mode", json!("quorum"));
    assert_eq!(read(quorum.clone()).settings.visible, Visible::OnAppend);
    let mut silent = quorum;
    silent["protocol"]
        .as_object_mut()
        .unwrap()
        .remove("visible");
    assert_eq!(read(silent).settings.visible, Visible::OnCommit);
}

#[test]
fn keys_and_texts_are_numbered_by_first_mention() {
    let names = read(one_leader()).names;
    assert_eq!(names.keys, ["photo", "likes", "shares"]);
    assert_eq!(names.texts, ["new", "old", "late"]);
}

#[test]
fn the_script_is_sorted_by_time_and_its_settings_add_up_in_that_order() {
    let scenario = read(one_leader());
    let order: Vec<(u64, u16)> = scenario
        .script
        .iter()
        .map(|entry| (entry.at.0, entry.entry))
        .collect();
    assert_eq!(
        order,
        [
            (300_000, 4),
            (400_500, 1),
            (500_000, 2),
            (600_000, 3),
            (700_000, 5),
            (701_000, 6),
            (900_000, 0)
        ]
    );
    let (Intervention::Set(first), Intervention::Set(second)) =
        (&scenario.script[0].does, &scenario.script[3].does)
    else {
        panic!("two of them set something");
    };
    assert_eq!(
        (first.ack, first.network.loss_ppm, first.reads),
        (Ack::Quorum, 100_000, ReadPolicy::Sticky)
    );
    assert_eq!(
        (second.ack, second.network.loss_ppm, second.reads),
        (Ack::Quorum, 100_000, ReadPolicy::Any)
    );
    assert_eq!(
        (first.rates[1].reads_per_s, second.rates[1].reads_per_s),
        (20.0, 2.0)
    );
}

#[test]
fn a_script_may_set_what_the_document_leaves_out() {
    let mut document = leaderless();
    document["script"] = json!([{ "at_ms": 1, "set": { "/reads/policy": "any" } }]);
    let Intervention::Set(settings) = &read(document).script[0].does else {
        panic!("it sets something");
    };
    assert_eq!(settings.reads, ReadPolicy::Any);
}

#[test]
fn a_knob_can_change_the_mode_and_change_it_back() {
    let semi = read(one_leader());
    let away = semi.with("/protocol/ack/mode", json!("sync")).unwrap();
    assert_eq!(away.settings.ack, Ack::Sync);
    assert_eq!(
        away.with("/protocol/ack/mode", json!("semi-sync"))
            .unwrap()
            .settings,
        semi.settings
    );
}

#[test]
fn changes_made_together_may_be_wrong_alone() {
    let base = read(leaderless());
    let fewer = [("/protocol/copies", json!(2)), ("/protocol/r", json!(2))];
    assert!(base.with(fewer[0].0, fewer[0].1.clone()).is_err());
    assert_eq!(base.with_all(fewer).unwrap().structure.copies, 2);
}

#[test]
fn an_intervention_is_added_and_later_ones_by_hand_are_dropped() {
    let base = read(one_leader());
    let crash = |scenario: &Scenario, at: u64, who: &str| {
        let scenario = scenario.with_intervention(SimTime(at), json!({ "crash": who }));
        scenario.unwrap_or_else(|error| panic!("{error}"))
    };
    let three = crash(&crash(&crash(&base, 10, "F1"), 20, "F2"), 30, "F3");
    assert_eq!(three.script.len(), base.script.len() + 3);
    let forked = crash(&three, 20, "F4");
    let by_hand: Vec<_> = forked
        .script
        .iter()
        .filter(|entry| entry.entry >= 7)
        .collect();
    let expected = [(10, NodeId(1)), (20, NodeId(2)), (20, NodeId(4))];
    for (entry, (at, node)) in by_hand.iter().zip(expected) {
        assert_eq!((entry.at, &entry.does), (SimTime(at), &crashed(node)));
    }
    assert_eq!(by_hand.len(), expected.len());
    assert_eq!(forked.names, base.names);
}

#[test]
fn an_intervention_that_makes_no_sense_is_refused() {
    let base = read(one_leader());
    let refused = |intervention| {
        base.with_intervention(SimTime(5), intervention)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        refused(json!("crash")),
        "/script/7: \"crash\" is not allowed: an object"
    );
    assert_eq!(
        refused(json!({})),
        "/script/7: missing: exactly one of crash, restart, pause, resume, skew, cut, heal, slow, drop, delay, restore, set, client"
    );
    assert_eq!(
        refused(json!({ "client": "Alice", "write": { "phot": 1 } })),
        "/script/7/write/phot: unknown key; the clients' keys are allowed: photo, likes, shares"
    );
}

#[test]
fn what_is_written_out_is_read_back() {
    let scenario = read(one_leader());
    assert_eq!(
        Scenario::from_bytes(scenario.to_text().as_bytes()),
        Ok(scenario)
    );
}

/// Holds a table to what is read: each pointer is set to its value, and the line below is the refusal.
fn check_refusals(document: &Json, table: &str) {
    let lines: Vec<&str> = table.trim().lines().collect();
    for case in lines.chunks(2) {
        let (pointer, value) = case[0].split_once(" = ").expect("POINTER = VALUE");
        let value = serde_json::from_str(value).unwrap_or_else(|error| panic!("{value}: {error}"));
        let document = changed(document.clone(), pointer, value);
        assert_eq!(refused(document), case[1].trim_start(), "{}", case[0]);
    }
}

#[test]
fn a_refusal_names_the_field_the_value_and_what_is_allowed() {
    let table = r#"
/version = 2
    /version: 2 is not allowed: only 1
/title = ""
    /title: "" is not allowed: a text of 1 to 200 characters
/seed = 9007199254740992
    /seed: 9007199254740992 is not allowed: a whole number from 0 to 9007199254740991
/seed = -1
    /seed: -1 is not allowed: a whole number from 0 to 9007199254740991
/seed = 0.5
    /seed: 0.5 is not allowed: a whole number from 0 to 9007199254740991
/sead = 1
    /sead: unknown field; allowed: version, title, story, chapter, seed, regions, protocol, network, reads, writes, backups, shown_as, clients, script, limits, knobs, narration, expect
/shown_as = {"likes": "coins"}
    /shown_as/likes: "coins" is not allowed: text, money, photo, thread, cart, title, counter, document
/shown_as = {"credit": "money"}
    /shown_as/credit: unknown key; the clients' keys are allowed: photo, likes, shares
/protocol/kind = "two_leaders"
    /protocol/kind: "two_leaders" is not allowed: single_leader, multi_leader, leaderless
/protocol/nodes = 13
    /protocol/nodes: 13 is not allowed: a whole number from 1 to 12
/protocol/nodes = 1000000000000000.0
    /protocol/nodes: 1000000000000000.0 is not allowed: a whole number from 1 to 12
/protocol/w = 2
    /protocol/w: unknown field here: it belongs to the kind leaderless; allowed: kind, nodes, disk_ms, partitions, ack, promotion, visible, heartbeat_ms, failure_timeout_ms, resend_ms, apply_ms, manager_region, fencing, log_keeps, snapshot_ms, stream, upgraded, together
/protocol/ack/mode = "full"
    /protocol/ack/mode: "full" is not allowed: async, semi_sync, semi-sync, sync, quorum, standbys
/protocol/ack/k = 5
    /protocol/ack/k: 5 is not allowed: a whole number from 1 to 4 (the followers)
/protocol/nodes = 1
    /protocol/ack/mode: "semi_sync" is not allowed: with 1 node there is no follower to wait for; async, sync, quorum
/protocol/promotion = "manual"
    /protocol/promotion: "manual" is not allowed: majority, reachable
/protocol/failure_timeout_ms = 50
    /protocol/failure_timeout_ms: 50 is not allowed: more than heartbeat_ms, which is 50
/network/jiter = 2
    /network/jiter: unknown field; allowed: replication_lag_ms, jitter, client_ms, peer_ms, loss_percent, duplicate_percent, reorder_percent, reorder_ms, distance_ms, distances, client_timeout_ms
/network/replication_lag_ms = -5
    /network/replication_lag_ms: -5 is not allowed: a number from 0 to 60000
/network/replication_lag_ms = 1000000000000000
    /network/replication_lag_ms: 1000000000000000 is not allowed: a number from 0 to 60000
/network/jitter = 0.9
    /network/jitter: 0.9 is not allowed: a number from 1 to 100
/network/loss_percent = "1"
    /network/loss_percent: "1" is not allowed: a number from 0 to 100
/reads/policy = null
    /reads/policy: null is not allowed: leader, any, sticky, nearest, leader_after_write, session_token, lag_budget
/clients = []
    /clients: 0 entries are not allowed: 1 to 12 clients
/clients/1/name = "Alice"
    /clients/1/name: "Alice" is not allowed: another client has this name; a name of its own
/clients/1/does = []
    /clients/1: does and random together are not allowed: exactly one of does, random
/clients/1/random/writes_per_s = 1001
    /clients/1/random/writes_per_s: 1001 is not allowed: a number from 0 to 1000
/clients/1/random/keys = []
    /clients/1/random/keys: 0 entries are not allowed: 1 to 32 keys
/clients/1/random/keys/1 = "likes"
    /clients/1/random/keys/1: "likes" is not allowed: it is in the list already; each key once
/clients/0/does/0 = {}
    /clients/0/does/0: missing: exactly one of write, add, insert, remove, read
/clients/0/does/0/write = {"a":1,"b":2}
    /clients/0/does/0/write: 2 keys are not allowed: exactly one, since a write to several at once would be a transaction
/clients/0/does/0/write/photo = true
    /clients/0/does/0/write/photo: true is not allowed: a whole number, a text, null or an object with call
/clients/0/does/0/write/photo = 9007199254740992
    /clients/0/does/0/write/photo: 9007199254740992 is not allowed: a whole number from -9007199254740991 to 9007199254740991
/clients/0/does/1/when/seen = {}
    /clients/0/does/1/when/seen: unknown field; allowed: saw, unanswered
/clients/0/does/1/when = {}
    /clients/0/does/1/when/saw: missing: an object of keys and the values last seen
/clients/0/does/1/when/unanswered = "yes"
    /clients/0/does/1/when/unanswered: "yes" is not allowed: true or false
/clients/0/does/1/add/likes = "3"
    /clients/0/does/1/add/likes: "3" is not allowed: a whole number from -9007199254740991 to 9007199254740991
/script/0/crash = "F1"
    /script/0: crash and restart together are not allowed: exactly one of crash, restart, pause, resume, skew, cut, heal, slow, drop, delay, restore, set, client
/script/0/write = {"photo":1}
    /script/0: restart and write together are not allowed: write needs a client
/script/0/at_us = 1
    /script/0: at_ms and at_us together are not allowed: exactly one of at_ms, at_us
/script/2/crash = "F5"
    /script/2/crash: "F5" is not allowed: leader, L, F1, F2, F3, F4
/script/3/set/~1protocol~1nodes = 4
    /script/3/set: starts a new run, it can't change within one: what the protocol is, as its kind, nodes, copies, partitions, promotion, coordinator, versions, topology and conflicts
/script/3/set = {"/protocol/nodes":4}
    /script/3/set/~1protocol~1nodes: starts a new run, it can't change within one: what the protocol is, as its kind, nodes, copies, partitions, promotion, coordinator, versions, topology and conflicts
/script/3/set = {"/limits/time_ms":4}
    /script/3/set/~1limits~1time_ms: can't change within a run; allowed: pointers into /protocol, /network, /reads, /writes and /backups, and /clients/N/random/writes_per_s and reads_per_s
/script/3/set = {"/clients/0/random/reads_per_s":4}
    /script/3/set/~1clients~10~1random~1reads_per_s: can't change within a run; allowed: pointers into /protocol, /network, /reads, /writes and /backups, and /clients/N/random/writes_per_s and reads_per_s
/script/3/set = {"/network/jitter":0}
    /script/3/set/~1network~1jitter: /network/jitter: 0 is not allowed: a number from 1 to 100
/script/3/set = {}
    /script/3/set: {} is not allowed: at least one JSON pointer and what to put there
/script/5/client = "Eve"
    /script/5/client: "Eve" is not allowed: Alice, crowd
/limits/records = 2000001
    /limits/records: 2000001 is not allowed: a whole number from 1 to 2000000
/knobs/0 = "reads"
    /knobs/0: "reads" is not allowed: a JSON pointer, as /reads/policy
/expect/kept/0 = "monotonic_reads"
    /expect/kept/0: "monotonic_reads" is not allowed: it is expected something already; each promise once
"#;
    check_refusals(&one_leader(), table);
}

#[test]
fn a_refusal_of_an_event_lists_all_there_are() {
    let error = refused(changed(one_leader(), "/narration/0/on", json!("crash")));
    let promises = Promise::ALL.map(|promise| format!("broken:{}", promise.name()));
    let expected = format!(
        "/narration/0/on: \"crash\" is not allowed: start, acknowledged, crashed, restarted, promoted, \
         fell_back, discarded, conflict, hinted, handed_off, lease_lost, restored, paused, resumed, cut, \
         healed, dropped, delayed, evicted, let_back, snapshot, stopped, position_lost, end, {}",
        promises.join(", ")
    );
    assert_eq!(error, expected);
}

#[test]
fn a_refusal_of_a_leaderless_field_says_so_too() {
    let table = r#"
/protocol/w = 4
    /protocol/w: 4 is not allowed: a whole number from 1 to 3 (the copies)
/protocol/copies = 6
    /protocol/copies: 6 is not allowed: a whole number from 1 to 5 (the nodes)
/protocol/copies = 2
    /protocol/r: 3 is not allowed: a whole number from 1 to 2 (the copies)
/protocol/repair = "on"
    /protocol/repair: "on" is not allowed: off, background, contacted, write_back
/protocol/legs/x = {}
    /protocol/legs/x: unknown field; allowed: w, a, r, s
/protocol/legs/w = {}
    /protocol/legs/w: missing: exactly one of constant_ms, exponential, lognormal, pareto, mix
/protocol/legs/w/constant_ms = 0
    /protocol/legs/w/constant_ms: 0 is not allowed: a number from 0.001 to 3600000
/protocol/legs/s/mix/0/mix = []
    /protocol/legs/s/mix/0/mix: unknown field; allowed: weight, constant_ms, exponential, lognormal, pareto
/protocol/legs/s/mix/0/weight = 0
    /protocol/legs/s/mix/0/weight: 0 is not allowed: a number from 0.000001 to 1000000
/protocol/coordinator = "node"
    /script/0/crash: "proxy" is not allowed: A, B, C, D, E
/script/0/crash = "leader"
    /script/0/crash: "leader" is not allowed: A, B, C, D, E, proxy
"#;
    check_refusals(&leaderless(), table);
}

#[test]
fn a_refusal_is_one_line_whatever_a_field_is_called() {
    let error = refused(changed(one_leader(), "/network/a\nb\u{1b}[1m", json!(1)));
    assert!(
        error.starts_with("/network/a\\nb\\u{1b}[1m: unknown field"),
        "{error}"
    );
}

#[test]
fn a_refusal_shows_the_start_of_what_is_long() {
    let document = changed(one_leader(), "/story", json!(["é".repeat(300)]));
    let error = format!(
        "/story: [\"{}… is not allowed: a text of at most 2000 characters",
        "é".repeat(58)
    );
    assert_eq!(refused(document), error);
}

#[test]
fn a_missing_field_is_named() {
    for (name, error) in [
        ("version", "/version: missing: only 1"),
        ("title", "/title: missing: a text of 1 to 200 characters"),
        (
            "protocol",
            "/protocol: missing: an object with kind, nodes and what the kind has",
        ),
        ("clients", "/clients: missing: a list of 1 to 12 clients"),
    ] {
        let mut document = one_leader();
        document.as_object_mut().unwrap().remove(name);
        assert_eq!(refused(document), error);
    }
}

#[test]
fn a_file_that_is_no_document_is_refused() {
    let refused = |bytes: &[u8]| Scenario::from_bytes(bytes).unwrap_err().to_string();
    let deep = "[".repeat(100_000);
    let closed = format!("{deep}{}", "]".repeat(100_000));
    for (bytes, error) in [
        (&b""[..], "the file is empty: a scenario is a JSON object"),
        (b" \n", "the file is empty: a scenario is a JSON object"),
        (
            b"{\"title\": \"\xff\"}",
            "not UTF-8 at byte 11: a scenario is JSON in UTF-8",
        ),
        (
            b"{\n  \"seed\": 07\n}",
            "line 2, column 12: not JSON (invalid number)",
        ),
        (
            b"{\"seed\": 1e400}",
            "line 1, column 14: not JSON (number out of range)",
        ),
        (
            b"{\"seed\": 1",
            "line 1, column 10: the file ends in the middle of the document (EOF while parsing an object)",
        ),
        (
            b"{\"seed\": 1, \"seed\": 2}",
            "line 1, column 22: the field \"seed\" is there twice",
        ),
        (b"{} {}", "line 1, column 4: not JSON (trailing characters)"),
        (
            b"[]",
            "[] is not allowed: an object with version, title, story, chapter, seed, regions, protocol, network, reads, writes, backups, shown_as, clients, script, limits, knobs, narration, expect",
        ),
        (
            deep.as_bytes(),
            "line 1, column 33: nested too deep: at most 32 levels are allowed",
        ),
        (
            closed.as_bytes(),
            "line 1, column 33: nested too deep: at most 32 levels are allowed",
        ),
        (
            &vec![b' '; limits::FILE_BYTES + 1],
            "the file is larger than 1048576 bytes: a scenario has at most that many",
        ),
    ] {
        assert_eq!(refused(bytes), error);
    }
}

#[test]
fn a_document_built_too_deep_is_refused_and_does_not_overflow_the_stack() {
    let deep = (0..100_000).fold(Json::Null, |inner, _| Json::Array(vec![inner]));
    assert_eq!(
        refused(deep),
        "nested too deep: at most 32 levels are allowed"
    );
}

#[test]
fn half_a_file_is_refused_wherever_it_ends() {
    let bytes = DOUBLE_TRANSFER.as_bytes();
    for length in 0..bytes.len() {
        let error = Scenario::from_bytes(&bytes[..length]).unwrap_err();
        assert_eq!(error.pointer, "", "{length} bytes gave {error}");
    }
}

#[test]
fn numbers_with_a_zero_fraction_are_whole() {
    let scenario = read(changed(one_leader(), "/protocol/nodes", json!(5.0)));
    assert_eq!(scenario.structure.nodes, 5);
}

/// The pointers of everything in a document, the document itself left out.
fn pointers(document: &Json, prefix: &str, into: &mut Vec<String>) {
    let mut inside = |name: &str, value: &Json| {
        let pointer = format!("{prefix}/{}", pointer::escaped(name));
        into.push(pointer.clone());
        pointers(value, &pointer, into);
    };
    match document {
        Json::Object(fields) => fields.iter().for_each(|(name, value)| inside(name, value)),
        Json::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(i, value)| inside(&i.to_string(), value)),
        _ => {}
    }
}

/// What refers to something elsewhere in the documents below.
const REFERRING: [&str; 9] = [
    "/script/",
    "/protocol/together/",
    "/protocol/manager_region",
    "/protocol/nodes",
    "/network/distances",
    "/reads/leader",
    "/writes/homes/",
    "/clients/0/does/2/path",
    "/clients/1/region",
];

#[test]
fn whatever_a_field_is_replaced_by_the_error_stands_at_it() {
    let values = [
        json!(null),
        json!(true),
        json!(-1),
        json!(1e15),
        json!(0.5),
        json!("x"),
        json!([]),
        json!({}),
        json!([[[{}]]]),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(""),
        json!("\u{0}\u{202e}é"),
    ];
    let mut tried = 0;
    let documents = [one_leader(), leaderless()].into_iter();
    for document in documents.chain(fields::full()) {
        let mut places = Vec::new();
        pointers(&document, "", &mut places);
        for place in places {
            for value in &values {
                tried += 1;
                let Err(error) =
                    Scenario::from_document(changed(document.clone(), &place, value.clone()))
                else {
                    continue;
                };
                let near = error.pointer.starts_with(&place) || place.starts_with(&error.pointer);
                // What is referred to, as a name, leases, or what a script changes, is missed there.
                let refers = REFERRING.iter().any(|part| error.pointer.starts_with(part));
                assert!(near || refers, "{place} = {value} gave {error}");
            }
        }
    }
    assert!(tried > 2000, "only {tried}");
}
