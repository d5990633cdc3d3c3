//! Fields one by one: with which words each is refused.

use super::fields::{bare, leaderless, many_leaders, one_leader, with};
use super::{check_refusals, refused};
use serde_json::json;

#[test]
fn a_refusal_of_a_new_field_of_one_leader_names_what_is_allowed() {
    let mut document = one_leader();
    document["clients"][1] = json!({ "name": "Bob", "random": { "keys": ["z"] } });
    document["script"] = json!([
        { "at_ms": 1, "crash": "F1" },
        { "at_ms": 1, "cut": "F1" },
        { "at_ms": 1, "slow": "F1", "by_ms": 1 },
        { "at_ms": 1, "skew": "F1", "by_ms": 1 },
        { "at_ms": 1, "restore": "F1" },
        { "at_ms": 1, "heal": "all" },
        { "at_ms": 1, "set": { "/network/jitter": 1 } },
        { "at_ms": 1, "client": "Bob", "read": ["x"] },
        { "at_ms": 1, "drop": { "from": "L", "to": "F1" } },
        { "at_ms": 1, "delay": { "from": "L", "to": "F1" }, "by_ms": 1 }
    ]);
    let table = r#"
/protocol/ack = {"mode":"standbys","first":3}
    /protocol/ack/first: 3 is not allowed: a whole number from 1 to 2 (the list, without a leader)
/protocol/ack = {"mode":"standbys","any":2,"of":["F1"]}
    /protocol/ack/any: 2 is not allowed: only 1 (the list, without a leader)
/protocol/ack = {"mode":"standbys","first":1,"any":1}
    /protocol/ack/any: 1 is not allowed: beside first: only one of the two
/protocol/ack = {"mode":"standbys","of":["F3"]}
    /protocol/ack/of/0: "F3" is not allowed: L, F1, F2
/protocol/ack = {"mode":"standbys","of":["F1","F1"]}
    /protocol/ack/of/1: "F1" is not allowed: it is in the list already; each node once
/protocol/ack = {"mode":"standbys","of":[]}
    /protocol/ack/of: 0 entries are not allowed: 1 to 3 nodes
/protocol/ack = {"mode":"async","any":12}
    /protocol/ack/any: 12 is not allowed: a whole number from 1 to 11
/protocol/ack = {"mode":"quorum","when":"received"}
    /protocol/ack/when: "received" is not allowed: a quorum is counted on disks; persisted, applied
/protocol/ack = {"mode":"sync","when":"seen"}
    /protocol/ack/when: "seen" is not allowed: received, persisted, applied
/protocol/fencing = 1
    /protocol/fencing: 1 is not allowed: true, false, or an object with lease_ms, clock_error_ms
/protocol/fencing = {"lease_ms":0}
    /protocol/fencing/lease_ms: 0 is not allowed: a whole number from 1 to 600000
/protocol/fencing = {"clock_error_ms":-1}
    /protocol/fencing/clock_error_ms: -1 is not allowed: a whole number from 0 to 600000
/protocol/fencing = {"lease":1}
    /protocol/fencing/lease: unknown field; allowed: lease_ms, clock_error_ms
/protocol/manager_region = "us"
    /protocol/manager_region: "us" is not allowed: it needs regions, and the scenario has none
/protocol/log_keeps = 0
    /protocol/log_keeps: 0 is not allowed: a whole number from 1 to 2000000
/protocol/snapshot_ms = 600001
    /protocol/snapshot_ms: 600001 is not allowed: a whole number from 0 to 600000
/clients/0/does/0/idempotency_key = ""
    /clients/0/does/0/idempotency_key: "" is not allowed: a text of 1 to 40 characters
/clients/0/does/0/idempotency_key = 7
    /clients/0/does/0/idempotency_key: 7 is not allowed: a text of 1 to 40 characters
/clients/0/does/1/idempotency_key = "look"
    /clients/0/does/1/idempotency_key: "look" is not allowed: only writes have an idempotency key
/script/0/idempotency_key = "pay"
    /script/0: crash and idempotency_key together are not allowed: idempotency_key needs a client
/protocol/stream = "rows"
    /protocol/stream: "rows" is not allowed: statement, write_ahead_log, logical
/protocol/upgraded = ["A"]
    /protocol/upgraded/0: "A" is not allowed: L, F1, F2
/protocol/together = [["x"]]
    /protocol/together/0: 1 entries are not allowed: 2 to 32 keys
/protocol/together = [["x","nobody's"]]
    /protocol/together/0/1: "nobody's" is not allowed: the clients' keys are allowed: x, y, z
/protocol/together = [["x","y"],["y","z"]]
    /protocol/together/1/0: "y" is not allowed: it is in a group already; each key once
/protocol/topology = "ring"
    /protocol/topology: unknown field here: it belongs to the kind multi_leader; allowed: kind, nodes, disk_ms, partitions, ack, promotion, visible, heartbeat_ms, failure_timeout_ms, resend_ms, apply_ms, manager_region, fencing, log_keeps, snapshot_ms, stream, upgraded, together
/writes = {}
    /writes: {} is not allowed: only with the kind multi_leader
/backups = true
    /backups: true is not allowed: an object with every_ms, keep, failing, point_in_time
/backups/every_ms = 0
    /backups/every_ms: 0 is not allowed: a whole number from 1 to 600000
/backups/keep = 9
    /backups/keep: 9 is not allowed: a whole number from 1 to 8
/backups/failing = "no"
    /backups/failing: "no" is not allowed: true or false
/network/duplicate_percent = 101
    /network/duplicate_percent: 101 is not allowed: a number from 0 to 100
/network/reorder_percent = -1
    /network/reorder_percent: -1 is not allowed: a number from 0 to 100
/network/reorder_ms = 60001
    /network/reorder_ms: 60001 is not allowed: a number from 0 to 60000
/network/distances = [{"between":["a","b"],"ms":1}]
    /network/distances: 1 entries are not allowed: 0 pairs of regions
/reads/leader = "lease"
    /reads/leader: "lease" is not allowed: without /protocol/fencing there are no leases; local, confirmed
/reads/leader = "quorum"
    /reads/leader: "quorum" is not allowed: local, lease, confirmed
/reads = {"policy":"lag_budget","evict_ms":500,"return_ms":501}
    /reads/return_ms: 501 is not allowed: at most evict_ms, which is 500
/reads/window_ms = 0
    /reads/window_ms: 0 is not allowed: a whole number from 1 to 600000
/reads/wait_ms = 0.5
    /reads/wait_ms: 0.5 is not allowed: a whole number from 0 to 600000
/reads/report_ms = 0
    /reads/report_ms: 0 is not allowed: a whole number from 1 to 600000
/reads/paths = []
    /reads/paths: 0 entries are not allowed: 1 to 8 read paths
/reads/paths = [{"name":"a"}]
    /reads/paths/0: missing: at least one of max_ms, max_entries
/reads/paths = [{"name":"a","max_ms":1},{"name":"a","max_ms":2}]
    /reads/paths/1/name: "a" is not allowed: another path has this name; a name of its own
/reads/paths = [{"name":"a","max_entries":2000001}]
    /reads/paths/0/max_entries: 2000001 is not allowed: a whole number from 0 to 2000000
/clients/0/region = "us"
    /clients/0/region: "us" is not allowed: it needs regions, and the scenario has none
/clients/0/does/0/write/x = ["milk"]
    /clients/0/does/0/write/x: ["milk"] is not allowed: a whole number, a text, null or an object with call
/clients/0/does/0/write/x = {"call":"SYSDATE()"}
    /clients/0/does/0/write/x/call: "SYSDATE()" is not allowed: NOW(), RAND(), UUID(), NEXT_ID()
/clients/0/does/0/w = 2
    /clients/0/does/0/w: 2 is not allowed: only with the kind leaderless
/clients/0/does/0/path = "reads"
    /clients/0/does/0/path: "reads" is not allowed: only reads have a path
/clients/0/does/1/path = "profile"
    /clients/0/does/1/path: "profile" is not allowed: reads
/clients/0/does/1/when = {"saw":{"x":true}}
    /clients/0/does/1/when/saw/x: true is not allowed: a whole number, a text, null or a list of items
/clients/0/does/0 = {"insert":{"x":1}}
    /clients/0/does/0/insert/x: 1 is not allowed: a text of 1 to 40 characters
/clients/1/random/changes = "delete"
    /clients/1/random/changes: "delete" is not allowed: write, add, items
/clients/1/random/changes = "items"
    /clients/1/random/items: missing: a list of 1 to 32 items
/clients/1/random/items = []
    /clients/1/random/items: 0 entries are not allowed: 1 to 32 items
/script/0/lose_disk = 1
    /script/0/lose_disk: 1 is not allowed: true or false
/script/0/by_ms = 1
    /script/0: crash and by_ms together are not allowed: by_ms needs skew or slow or delay
/script/0/from = "F2"
    /script/0: crash and from together are not allowed: from needs cut or heal or slow
/script/0/w = 1
    /script/0: crash and w together are not allowed: w needs a client
/script/1/cut = "Eve"
    /script/1/cut: "Eve" is not allowed: leader, L, F1, F2, Alice, Bob, or a list of these
/script/1/cut = ["F1", "all"]
    /script/1/cut/1: "all" is not allowed: leader, L, F1, F2, Alice, Bob, or a list of these
/script/1/cut = []
    /script/1/cut: 0 entries are not allowed: 1 to 32 places
/script/1/lose_disk = true
    /script/1: cut and lose_disk together are not allowed: lose_disk needs crash
/script/2/by_ms = -1
    /script/2/by_ms: -1 is not allowed: a number from 0 to 60000
/script/2/one_way = true
    /script/2: slow and one_way together are not allowed: one_way needs cut
/script/8/drop = "F1"
    /script/8/drop: "F1" is not allowed: an object with from, to, message, number
/script/8/drop/to = "Eve"
    /script/8/drop/to: "Eve" is not allowed: leader, L, F1, F2, Alice, Bob, or a list of these
/script/8/drop/number = 0
    /script/8/drop/number: 0 is not allowed: a whole number from 1 to 20000
/script/8/drop/nth = 2
    /script/8/drop/nth: unknown field; allowed: from, to, message, number
/script/8/by_ms = 2
    /script/8: drop and by_ms together are not allowed: by_ms needs skew or slow or delay
/script/9/delay/from = []
    /script/9/delay/from: 0 entries are not allowed: 1 to 32 places
/script/9/by_ms = 60001
    /script/9/by_ms: 60001 is not allowed: a number from 0 to 60000
/script/3/by_ms = 3600001
    /script/3/by_ms: 3600001 is not allowed: a whole number from -3600000 to 3600000
/script/4/as_of_ms = 2
    /script/4/as_of_ms: 2 is not allowed: no later than the restore itself
/script/4/restore = "everything"
    /script/4/restore: "everything" is not allowed: all, leader, L, F1, F2
/script/5/heal = "everything"
    /script/5/heal: "everything" is not allowed: all, leader, L, F1, F2, Alice, Bob, or a list of these
/script/5/from = "F1"
    /script/5/from: "F1" is not allowed: not beside all, which heals every link
/script/6/set = {"/protocol/promotion":"reachable"}
    /script/6/set/~1protocol~1promotion: starts a new run, it can't change within one: what the protocol is, as its kind, nodes, copies, partitions, promotion, coordinator, versions, topology and conflicts
/script/6/set = {"/protocol/together":[["y","x"]],"/protocol/partitions":2}
    /script/6/set: starts a new run, it can't change within one: what the protocol is, as its kind, nodes, copies, partitions, promotion, coordinator, versions, topology and conflicts
/script/6/set = {"/regions":[]}
    /script/6/set/~1regions: can't change within a run; allowed: pointers into /protocol, /network, /reads, /writes and /backups, and /clients/N/random/writes_per_s and reads_per_s
/script/6/set = {"/reads/paths":[{"name":"other","max_ms":1}]}
    /script/6/set/~1reads~1paths: the names of read paths can't change within a run
/script/6/set = {"/backups/keep":0}
    /script/6/set/~1backups~1keep: /backups/keep: 0 is not allowed: a whole number from 1 to 8
/script/6/set = {"/reads/leader":"lease"}
    /script/6/set/~1reads~1leader: /reads/leader: "lease" is not allowed: without /protocol/fencing there are no leases; local, confirmed
/script/7/r = 1
    /script/7/r: 1 is not allowed: only with the kind leaderless
"#;
    check_refusals(&document, table);
}

#[test]
fn a_refusal_of_a_new_leaderless_field_names_what_is_allowed() {
    let table = r#"
/protocol/copies = 5
    /protocol/quorum: "sloppy" is not allowed: every node holds a copy, so that nobody is left to stand in; strict
/protocol/quorum = "loose"
    /protocol/quorum: "loose" is not allowed: strict, sloppy
/protocol/hint_expires_ms = 600001
    /protocol/hint_expires_ms: 600001 is not allowed: a whole number from 1 to 600000
/protocol/doubt_after_ms = 0
    /protocol/doubt_after_ms: 0 is not allowed: a whole number from 1 to 600000
/protocol/anti_entropy_ms = 0
    /protocol/anti_entropy_ms: 0 is not allowed: a whole number from 1 to 600000
/protocol/versions = "vectors"
    /protocol/versions: "vectors" is not allowed: timestamps, dotted, version_vectors
/protocol/legs = "lan"
    /protocol/legs: "lan" is not allowed: lnkd_ssd, lnkd_disk, ymmr, wan
/protocol/legs = 5
    /protocol/legs: 5 is not allowed: an object with w, a, r, s, or one of lnkd_ssd, lnkd_disk, ymmr, wan
/protocol/resend_ms = 5
    /protocol/resend_ms: unknown field here: it belongs to the kinds single_leader, multi_leader; allowed: kind, nodes, disk_ms, copies, w, r, coordinator, reads_sent_to, repair, quorum, versions, legs, hint_expires_ms, doubt_after_ms, anti_entropy_ms
/limits/operations = 60001
    /limits/operations: 60001 is not allowed: a whole number from 1 to 60000 (version vectors)
/reads/policy = "session_token"
    /reads/policy: "session_token" is not allowed: it needs one leader's log, which only single_leader has; leader, any, sticky, nearest
/reads/leader = "lease"
    /reads/leader: "lease" is not allowed: without /protocol/fencing there are no leases; local, confirmed
/backups/point_in_time = true
    /backups/point_in_time: true is not allowed: it needs a log, which only single_leader has; false
/clients/0/does/0/w = 4
    /clients/0/does/0/w: 4 is not allowed: a whole number from 1 to 3 (the copies)
/clients/0/does/0/r = 1
    /clients/0/does/0/r: 1 is not allowed: here a request may name its own w
/clients/0/does/1/w = 1
    /clients/0/does/1/w: 1 is not allowed: here a request may name its own r
/clients/0/does/0/write/x = {"call":"NOW()"}
    /clients/0/does/0/write/x: {"call":"NOW()"} is not allowed: only with the kind single_leader; a whole number, a text or null
/clients/0/does/0/idempotency_key = "pay"
    /clients/0/does/0/idempotency_key: "pay" is not allowed: it needs one leader’s log to be found in: only with the kind single_leader
/script/0 = {"at_ms":1,"skew":"proxy","by_ms":1}
    /script/0/skew: "proxy" is not allowed: A, B, C, D, E
/script/0 = {"at_ms":1,"restore":"proxy"}
    /script/0/restore: "proxy" is not allowed: all, A, B, C, D, E
/script/0 = {"at_ms":1,"cut":"leader"}
    /script/0/cut: "leader" is not allowed: A, B, C, D, E, proxy, Alice, Bob, or a list of these
/script/0 = {"at_ms":1,"skew":"A"}
    /script/0/by_ms: missing: a whole number from -3600000 to 3600000
/script/0 = {"at_ms":1,"slow":"A"}
    /script/0/by_ms: missing: a number from 0 to 60000
"#;
    let changes = json!({
        "/protocol/quorum": "sloppy", "/protocol/versions": "dotted",
        "/script": [{ "at_ms": 1, "crash": "A" }]
    });
    check_refusals(&with(&leaderless(), changes), table);
}

#[test]
fn a_refusal_of_a_field_of_many_leaders_names_what_is_allowed() {
    let table = r#"
/regions = []
    /regions: 0 entries are not allowed: 1 to 6 regions
/regions = [{"name":"a"}]
    /regions: [{"name":"a"}] is not allowed: 2 to 6 regions, since multi_leader has a leader in each
/regions = [{"name":"a","nodes":7},{"name":"b","nodes":6}]
    /regions: 13 nodes are not allowed: at most 12 in all regions
/regions/1/name = "us-east"
    /regions/1/name: "us-east" is not allowed: another region has this name; a name of its own
/regions/1/name = "us-east 1"
    /regions/1/name: "us-east 1" is not allowed: a node has this name; another one
/regions/1/name = "all"
    /regions/1/name: "all" is not allowed: it has a meaning of its own in scripts; another name
/regions/1/nodes = 0
    /regions/1/nodes: 0 is not allowed: a whole number from 1 to 12
/protocol/nodes = 3
    /protocol/nodes: 3 is not allowed: only 4 (the nodes of the regions)
/protocol/topology = "line"
    /protocol/topology: "line" is not allowed: all_to_all, ring, star
/protocol/conflicts = "first"
    /protocol/conflicts: "first" is not allowed: last_write_wins, highest_version, merge, siblings
/protocol/ack = {"mode":"sync"}
    /protocol/ack: unknown field here: it belongs to the kind single_leader; allowed: kind, nodes, disk_ms, resend_ms, apply_ms, topology, conflicts
/writes/policy = "leader"
    /writes/policy: "leader" is not allowed: local, home
/writes/homes = {"x":"mars"}
    /writes/homes/x: "mars" is not allowed: us-east, eu-west
/writes/homes = {"w":"us-east"}
    /writes/homes/w: unknown key; the clients' keys are allowed: x, y
/reads/policy = "lag_budget"
    /reads/policy: "lag_budget" is not allowed: it needs one leader's log, which only single_leader has; leader, any, sticky, nearest
/clients/0/name = "eu-west"
    /clients/0/name: "eu-west" is not allowed: a region has this name; another one
/clients/0/name = "us-east 2"
    /clients/0/name: "us-east 2" is not allowed: a node has this name; another one
/clients/0/name = "all"
    /clients/0/name: "all" is not allowed: it has a meaning of its own in scripts; another name
/clients/0/does/1 = {"add":{"x":1}}
    /clients/0/does/1/add/x: x is changed by write elsewhere: where conflicts are merged, a key is changed either by add, or by insert and remove, or by write
/clients/1 = {"name":"Bob","random":{"keys":["x"],"changes":"add"}}
    /clients/1/random/keys: x is changed by write elsewhere: where conflicts are merged, a key is changed either by add, or by insert and remove, or by write
/script/0 = {"at_ms":1,"client":"Bob","insert":{"x":"milk"}}
    /script/0/insert/x: x is changed by write elsewhere: where conflicts are merged, a key is changed either by add, or by insert and remove, or by write
/network/distances = [{"between":["us-east"],"ms":1}]
    /network/distances/0/between: 1 entries are not allowed: 2 regions
/network/distances = [{"between":["us-east","us-east"],"ms":1}]
    /network/distances/0/between: ["us-east","us-east"] is not allowed: two different regions
/network/distances = [{"between":["us-east","mars"],"ms":1}]
    /network/distances/0/between/1: "mars" is not allowed: us-east, eu-west
/network/distance_ms = -1
    /network/distance_ms: -1 is not allowed: a number from 0 to 60000
/limits/operations = 60001
    /limits/operations: 60001 is not allowed: a whole number from 1 to 60000 (version vectors)
/script/0/crash = "leader"
    /script/0/crash: "leader" is not allowed: us-east, us-east 1, us-east 2, eu-west
"#;
    let changes = json!({
        "/protocol/conflicts": "merge", "/script": [{ "at_ms": 1, "crash": "us-east" }]
    });
    check_refusals(&with(&many_leaders(), changes), table);
    let no_regions = bare(json!({ "kind": "multi_leader" }));
    assert_eq!(
        refused(no_regions),
        "/regions: missing: 2 to 6 regions, since multi_leader has a leader in each"
    );
}

#[test]
fn three_regions_have_three_distances() {
    let mut document = one_leader();
    document["regions"] = json!([{ "name": "a" }, { "name": "b" }, { "name": "c" }]);
    let pair = json!({ "between": ["a", "b"], "ms": 1 });
    let other_way = json!({ "between": ["b", "a"], "ms": 1 });
    document["network"] = json!({ "distances": [pair, other_way] });
    assert_eq!(
        refused(document),
        "/network/distances/1/between: [\"b\",\"a\"] is not allowed: it is in the list already; each pair once"
    );
}

#[test]
fn a_random_client_takes_only_the_items_that_clients_name() {
    let mut document = one_leader();
    document["clients"][1] = json!({ "name": "Bob", "random": { "keys": ["z"], "changes": "items", "items": ["milk"] } });
    document["script"] = json!([{ "at_ms": 1, "client": "Alice", "insert": { "z": "tea" } }]);
    assert_eq!(
        refused(document),
        "/script/0/insert/z: \"tea\" is not allowed: a random client takes any item, so that only the \
         clients' are allowed: milk"
    );
}

#[test]
fn there_are_32_items_at_most() {
    let items: Vec<String> = (0..33).map(|item| format!("item {item}")).collect();
    let mut document = one_leader();
    document["clients"][1] = json!({ "name": "Bob", "random": { "keys": ["z"], "items": items } });
    assert_eq!(
        refused(document),
        "/clients/1/random/items: 33 entries are not allowed: 1 to 32 items"
    );
}

#[test]
fn a_node_alone_has_no_standby() {
    let changes = json!({ "/protocol/nodes": 1, "/protocol/ack": { "mode": "standbys" } });
    assert_eq!(
        refused(with(&one_leader(), changes)),
        "/protocol/ack/mode: \"standbys\" is not allowed: with 1 node there is no follower to wait for; \
         async, sync, quorum"
    );
}
