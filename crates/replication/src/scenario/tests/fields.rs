//! Fields one by one: what each is read as. How each is refused is in `refusals`.

use super::*;

/// The smallest document of a kind.
pub(super) fn bare(protocol: Json) -> Json {
    json!({
        "version": 1, "title": "T", "protocol": protocol,
        "clients": [
            { "name": "Alice", "does": [{ "write": { "x": 1 } }, { "read": ["x", "y"] }] },
            { "name": "Bob", "does": [] }
        ]
    })
}

pub(super) fn one_leader() -> Json {
    bare(json!({ "kind": "single_leader" }))
}

pub(super) fn leaderless() -> Json {
    bare(json!({ "kind": "leaderless", "nodes": 5, "copies": 3 }))
}

/// Two leaders, the first with two followers.
fn two_regions(mut document: Json) -> Json {
    let far = document["protocol"]["nodes"].as_u64().unwrap_or(4) - 3;
    document["regions"] =
        json!([{ "name": "us-east", "nodes": 3 }, { "name": "eu-west", "nodes": far }]);
    document
}

pub(super) fn many_leaders() -> Json {
    two_regions(bare(json!({ "kind": "multi_leader" })))
}

pub(super) fn with(document: &Json, changes: Json) -> Json {
    let mut document = document.clone();
    for (pointer, value) in changes.as_object().unwrap() {
        pointer::put(&mut document, pointer, value.clone()).unwrap();
    }
    document
}

fn settings(document: Json) -> Settings {
    read(document).settings
}

fn nodes(numbers: &[u8]) -> NodeList {
    numbers.iter().copied().map(NodeId).collect()
}

fn ack_of(ack: Json) -> (Ack, AckWhen) {
    let settings = settings(with(&one_leader(), json!({ "/protocol/ack": ack })));
    (settings.ack, settings.ack_when)
}

#[test]
fn standbys_wait_for_the_first_or_for_any_of_a_list() {
    let all = nodes(&[0, 1, 2]);
    for (ack, expected) in [
        (json!({ "mode": "standbys" }), (1, true, all)),
        (json!({ "mode": "standbys", "first": 2 }), (2, true, all)),
        (json!({ "mode": "standbys", "any": 2 }), (2, false, all)),
        (
            json!({ "mode": "standbys", "any": 1, "first": null, "of": ["F2", "L", "F1"] }),
            (1, false, nodes(&[2, 0, 1])),
        ),
    ] {
        let (count, first, list) = expected;
        let rule = Ack::Standbys { count, first, list };
        assert_eq!(ack_of(ack), (rule, AckWhen::Persisted));
    }
}

#[test]
fn what_an_acknowledgement_means_goes_with_any_mode() {
    for (mode, rule) in [
        ("async", Ack::Async),
        ("sync", Ack::Sync),
        ("quorum", Ack::Quorum),
    ] {
        let applied = ack_of(json!({ "mode": mode, "when": "applied" }));
        assert_eq!(applied, (rule, AckWhen::Applied));
    }
    let received = ack_of(json!({ "mode": "sync", "when": "received" }));
    assert_eq!(received, (Ack::Sync, AckWhen::Received));
}

#[test]
fn fencing_is_off_on_or_spelled_out() {
    let fencing =
        |value: Json| settings(with(&one_leader(), json!({ "/protocol/fencing": value }))).fencing;
    let leases = |lease_ms: u64, error_ms: u64| Fencing {
        lease_us: lease_ms * 1000,
        clock_error_us: error_ms * 1000,
    };
    assert_eq!(fencing(json!(null)), None);
    assert_eq!(fencing(json!(false)), None);
    assert_eq!(fencing(json!(true)), Some(leases(300, 50)));
    assert_eq!(fencing(json!({})), Some(leases(300, 50)));
    assert_eq!(
        fencing(json!({ "lease_ms": 200, "clock_error_ms": 0 })),
        Some(leases(200, 0))
    );
}

#[test]
fn every_other_new_field_of_one_leader_is_read() {
    let document = with(
        &two_regions(one_leader()),
        json!({
            "/protocol/promotion": "reachable", "/protocol/manager_region": "eu-west",
            "/protocol/log_keeps": 20, "/protocol/snapshot_ms": 0,
            "/protocol/stream": "statement", "/protocol/upgraded": ["F1", "F3"],
            "/protocol/partitions": 2, "/protocol/together": [["y", "x"]]
        }),
    );
    let scenario = read(document);
    assert_eq!(scenario.names.nodes, ["L", "F1", "F2", "F3", "manager"]);
    let structure = &scenario.structure;
    assert_eq!(structure.promotion, Promotion::Reachable);
    assert_eq!(structure.manager(), Some(NodeId(4)));
    assert_eq!(structure.region_by_node, [0, 0, 0, 1, 1].map(RegionId));
    assert_eq!(structure.partition_by_key, [PartitionId(1), PartitionId(1)]);
    let settings = &scenario.settings;
    assert_eq!((settings.log_keeps, settings.snapshot_us), (Some(20), 0));
    assert_eq!(settings.stream, Stream::Statement);
    assert_eq!(settings.upgraded, 0b1010);
}

#[test]
fn a_key_alone_belongs_to_the_partition_of_its_number() {
    let scenario = read(with(&one_leader(), json!({ "/protocol/partitions": 2 })));
    let by_key = &scenario.structure.partition_by_key;
    assert_eq!(by_key, &[PartitionId(0), PartitionId(1)]);
}

#[test]
fn what_is_new_and_left_out_is_as_it_always_was() {
    let scenario = read(one_leader());
    let (structure, settings) = (&scenario.structure, &scenario.settings);
    assert_eq!(settings.ack_when, AckWhen::Persisted);
    assert_eq!((settings.fencing, settings.log_keeps), (None, None));
    assert_eq!(settings.snapshot_us, 200_000);
    assert_eq!(settings.stream, Stream::LogicalRows);
    assert_eq!((settings.upgraded, settings.backups), (0, None));
    assert_eq!(settings.leader_reads, LeaderReads::Local);
    let usual = ReadPath {
        name: "reads".to_owned(),
        max_us: Some(500_000),
        max_entries: None,
    };
    assert_eq!(settings.paths, [usual]);
    let network = &settings.network;
    assert_eq!((network.duplicate_ppm, network.reorder_ppm), (0, 0));
    assert_eq!((network.reorder_us, network.wan_us), (100_000, 0));
    assert_eq!(network.distances_us, [0]);
    assert_eq!(structure.promotion, Promotion::Majority);
    assert_eq!(structure.region_by_node, [RegionId(0); 3]);
    assert_eq!(structure.region_by_client, [RegionId(0); 2]);
    assert_eq!(structure.regions, 1);
    assert!(scenario.names.regions.is_empty());

    let settings = read(leaderless()).settings;
    assert_eq!((settings.repair, settings.sloppy), (Repair::Off, None));
    assert_eq!(settings.anti_entropy_us, None);
    assert_eq!(settings.doubt_after_us, 150_000);
}

#[test]
fn every_new_field_of_a_leaderless_system_is_read() {
    let changes = json!({
        "/protocol/quorum": "sloppy", "/protocol/hint_expires_ms": 5000, "/protocol/doubt_after_ms": 80,
        "/protocol/anti_entropy_ms": 700, "/protocol/versions": "dotted"
    });
    let scenario = read(with(&leaderless(), changes));
    let settings = &scenario.settings;
    let sloppy = Sloppy {
        hint_expires_us: 5_000_000,
    };
    assert_eq!(settings.sloppy, Some(sloppy));
    assert_eq!(settings.doubt_after_us, 80_000);
    assert_eq!(settings.anti_entropy_us, Some(700_000));
    assert_eq!(scenario.structure.versions, Versions::Dotted);
    assert_eq!(scenario.limits.operations, 60_000);

    let alias = with(
        &leaderless(),
        json!({ "/protocol/versions": "version_vectors" }),
    );
    assert_eq!(read(alias).structure.versions, Versions::Dotted);
    for (name, repair) in [
        ("off", Repair::Off),
        ("background", Repair::Background),
        ("contacted", Repair::Contacted),
        ("write_back", Repair::WriteBack),
    ] {
        let document = with(&leaderless(), json!({ "/protocol/repair": name }));
        assert_eq!(read(document).settings.repair, repair);
    }
}

#[test]
fn legs_may_be_those_of_a_measured_system() {
    let network =
        |name: &str| settings(with(&leaderless(), json!({ "/protocol/legs": name }))).network;
    let mix = |body: f64, min_ms: f64, alpha: f64, rate: f64| {
        let mean_ms = 1.0 / rate;
        Delay::Mix(vec![
            (body, Delay::Pareto { min_ms, alpha }),
            (100.0 - body, Delay::Exponential { mean_ms }),
        ])
    };
    let ssd = mix(91.22, 0.235, 10.0, 1.66);
    let disk = mix(38.0, 1.05, 1.51, 0.183);
    let (ymmr_write, ymmr) = (mix(93.9, 3.0, 3.5, 0.0028), mix(98.2, 1.5, 3.8, 0.0217));
    for (name, write, rest, wan_us) in [
        ("lnkd_ssd", &ssd, &ssd, 0),
        ("lnkd_disk", &disk, &ssd, 0),
        ("ymmr", &ymmr_write, &ymmr, 0),
        ("wan", &disk, &ssd, 75_000),
    ] {
        let network = network(name);
        assert_eq!((&network.w, network.wan_us), (write, wan_us), "{name}");
        for leg in [&network.a, &network.r, &network.s] {
            assert_eq!(leg, rest, "{name}");
        }
    }
}

#[test]
fn many_leaders_are_read_and_named_by_their_regions() {
    let changes = json!({
        "/protocol/topology": "star", "/protocol/conflicts": "siblings", "/protocol/nodes": 4,
        "/protocol/resend_ms": 90, "/protocol/apply_ms": 2, "/protocol/disk_ms": 3,
        "/clients/1/region": "eu-west"
    });
    let scenario = read(with(&many_leaders(), changes));
    let structure = &scenario.structure;
    assert_eq!(structure.kind, ProtocolKind::MultiLeader);
    assert_eq!((structure.nodes, structure.regions), (4, 2));
    let leaders = [0, 1].map(|region| structure.leader_of(RegionId(region)));
    assert_eq!(leaders, [NodeId(0), NodeId(3)]);
    assert_eq!(
        (structure.topology, structure.conflicts),
        (Topology::Star, Conflicts::Siblings)
    );
    assert_eq!(structure.region_by_client, [RegionId(0), RegionId(1)]);
    let names = &scenario.names;
    assert_eq!(
        names.nodes,
        ["us-east", "us-east 1", "us-east 2", "eu-west"]
    );
    assert_eq!(names.regions, ["us-east", "eu-west"]);
    let settings = &scenario.settings;
    assert_eq!(settings.writes, WritePolicy::Local);
    assert_eq!(
        (settings.resend_us, settings.apply_us, settings.disk_us),
        (90_000, 2_000, 3_000)
    );
    assert_eq!(scenario.limits.operations, 60_000);
}

#[test]
fn a_key_has_the_home_that_it_is_given_or_that_of_its_number() {
    let writes =
        |writes: Json| settings(with(&many_leaders(), json!({ "/writes": writes }))).writes;
    let home = |homes: [u8; 2]| WritePolicy::Home {
        homes: homes.map(RegionId).to_vec(),
    };
    assert_eq!(writes(json!({})), WritePolicy::Local);
    assert_eq!(writes(json!({ "policy": "home" })), home([0, 1]));
    assert_eq!(
        writes(json!({ "policy": "home", "homes": { "x": "eu-west" } })),
        home([1, 1])
    );
}

#[test]
fn the_network_has_faults_and_distances() {
    let changes = json!({
        "/network": { "duplicate_percent": 0.5, "reorder_percent": 10, "reorder_ms": 30.5 }
    });
    let network = settings(with(&one_leader(), changes)).network;
    assert_eq!(
        (network.duplicate_ppm, network.reorder_ppm),
        (5_000, 100_000)
    );
    assert_eq!(network.reorder_us, 30_500);
}

#[test]
fn regions_are_as_far_apart_as_their_names_say_unless_told_otherwise() {
    let mut document = one_leader();
    document["regions"] = json!([
        { "name": "us-east" }, { "name": "us-west" }, { "name": "ap-northeast" }, { "name": "moon" }
    ]);
    let rows = |network: Json| {
        let document = with(&document, json!({ "/network": network }));
        settings(document).network
    };
    let distance = |network: &NetworkSettings, from: u8, to: u8| {
        network.distance_us(RegionId(from), RegionId(to), 4)
    };
    let known = rows(json!({}));
    for (from, to, us) in [
        (0, 0, 0),
        (0, 1, 43_500),
        (1, 0, 43_500),
        (0, 2, 72_500),
        (1, 2, 40_000),
        (0, 3, 40_000),
    ] {
        assert_eq!(distance(&known, from, to), us, "{from} to {to}");
    }
    let given = rows(json!({
        "distance_ms": 7, "distances": [{ "between": ["us-west", "us-east"], "ms": 1.5 }]
    }));
    for (from, to, us) in [(0, 1, 1_500), (1, 0, 1_500), (0, 2, 7_000), (2, 2, 0)] {
        assert_eq!(distance(&given, from, to), us, "{from} to {to}");
    }
}

#[test]
fn every_read_policy_is_read_with_what_it_counts() {
    let reads = |reads: Json| settings(with(&one_leader(), json!({ "/reads": reads }))).reads;
    let lag_budget = |report_ms: u64, evict_ms: u64, return_ms: u64| ReadPolicy::LagBudget {
        report_us: report_ms * 1000,
        evict_us: evict_ms * 1000,
        return_us: return_ms * 1000,
    };
    for (written, policy) in [
        (json!({ "policy": "nearest" }), ReadPolicy::Nearest),
        (
            json!({ "policy": "leader_after_write" }),
            ReadPolicy::LeaderAfterWrite {
                window_us: 1_000_000,
            },
        ),
        (
            json!({ "policy": "leader_after_write", "window_ms": 3 }),
            ReadPolicy::LeaderAfterWrite { window_us: 3_000 },
        ),
        (
            json!({ "policy": "session_token" }),
            ReadPolicy::SessionToken { wait_us: 200_000 },
        ),
        (
            json!({ "policy": "session_token", "wait_ms": 0 }),
            ReadPolicy::SessionToken { wait_us: 0 },
        ),
        (
            json!({ "policy": "lag_budget" }),
            lag_budget(100, 2000, 1000),
        ),
        (
            json!({ "policy": "lag_budget", "evict_ms": 600 }),
            lag_budget(100, 600, 600),
        ),
        (
            json!({ "policy": "lag_budget", "report_ms": 5, "evict_ms": 7, "return_ms": 6 }),
            lag_budget(5, 7, 6),
        ),
    ] {
        assert_eq!(reads(written.clone()), policy, "{written}");
    }
}

#[test]
fn leaders_confirm_or_hold_a_lease() {
    let changes = json!({ "/protocol/fencing": true, "/reads/leader": "lease" });
    let lease = settings(with(&one_leader(), changes));
    assert_eq!(lease.leader_reads, LeaderReads::Lease);
    let changes = json!({ "/reads/leader": "confirmed" });
    let confirmed = settings(with(&one_leader(), changes));
    assert_eq!(confirmed.leader_reads, LeaderReads::Confirmed);
}

#[test]
fn read_paths_have_budgets_and_reads_name_them() {
    let paths = json!([
        { "name": "own balance", "max_ms": 0 },
        { "name": "profile", "max_ms": null, "max_entries": 20 }
    ]);
    let changes = json!({ "/reads/paths": paths, "/clients/0/does/1/path": "profile" });
    let scenario = read(with(&one_leader(), changes));
    let path = |name: &str, max_us, max_entries| ReadPath {
        name: name.to_owned(),
        max_us,
        max_entries,
    };
    assert_eq!(
        scenario.settings.paths,
        [
            path("own balance", Some(0), None),
            path("profile", None, Some(20))
        ]
    );
    assert_eq!(steps(&scenario)[1].act.path, 1);
}

#[test]
fn backups_are_off_unless_there_are_some() {
    let backups = |value: Json| settings(with(&one_leader(), json!({ "/backups": value }))).backups;
    assert_eq!(backups(json!(null)), None);
    let usual = Backups {
        every_us: 1_000_000,
        keep: 5,
        failing: false,
        point_in_time: false,
    };
    assert_eq!(backups(json!({})), Some(usual));
    let other = Backups {
        every_us: 250_000,
        keep: 8,
        failing: true,
        point_in_time: true,
    };
    let written = json!({ "every_ms": 250, "keep": 8, "failing": true, "point_in_time": true });
    assert_eq!(backups(written), Some(other));
}

fn steps(scenario: &Scenario) -> &[Step] {
    match &scenario.clients[0].does {
        Does::Steps(steps) => steps,
        Does::Random { .. } => panic!("a list of steps"),
    }
}

#[test]
fn a_write_can_erase_call_a_function_and_change_a_set() {
    let does = json!([
        { "write": { "x": null } },
        { "write": { "x": { "call": "NOW()" } } },
        { "write": { "x": { "call": "RAND()" } } },
        { "write": { "x": { "call": "UUID()" } } },
        { "write": { "x": { "call": "NEXT_ID()" } } },
        { "insert": { "cart": "milk" } },
        { "remove": { "cart": "eggs" }, "when": { "saw": { "cart": ["eggs", "milk"], "x": null } } },
        { "insert": { "cart": "tea" }, "when": { "saw": { "cart": [] }, "unanswered": true } },
        { "insert": { "cart": "tea" }, "when": { "unanswered": true } }
    ]);
    let scenario = read(with(&one_leader(), json!({ "/clients/0/does": does })));
    let changes: Vec<Change> = steps(&scenario)
        .iter()
        .map(|step| match step.act.deed {
            Deed::Write(_, change) => change,
            Deed::Read(_) => panic!("only writes"),
        })
        .collect();
    let (milk, eggs) = (ItemId(0), ItemId(1));
    let expected = [
        Change::Set(Value::Absent),
        Change::Call(Function::Now),
        Change::Call(Function::Rand),
        Change::Call(Function::Uuid),
        Change::Call(Function::NextId),
        Change::Insert(milk),
        Change::Remove(eggs),
        Change::Insert(ItemId(2)),
        Change::Insert(ItemId(2)),
    ];
    assert_eq!(changes, expected);
    let set = |items: &[ItemId]| {
        let items = items.iter();
        Value::Set(items.fold(ItemSet::default(), |set, item| set.with(*item)))
    };
    assert_eq!(
        steps(&scenario)[6].when.saw,
        [(KeyId(1), set(&[milk, eggs])), (KeyId(0), Value::Absent)]
    );
    let when = |saw: &[(KeyId, Value)], unanswered| When {
        saw: saw.to_vec(),
        unanswered,
    };
    assert_eq!(
        steps(&scenario)[7].when,
        when(&[(KeyId(1), set(&[]))], true)
    );
    assert_eq!(steps(&scenario)[8].when, when(&[], true));
    assert_eq!(steps(&scenario)[0].when, when(&[], false));
    assert_eq!(scenario.names.items, ["milk", "eggs", "tea"]);
}

#[test]
fn a_request_names_its_own_w_or_r() {
    let changes = json!({ "/clients/0/does/0/w": 3, "/clients/0/does/1/r": 1 });
    let scenario = read(with(&leaderless(), changes));
    let quorums: Vec<_> = steps(&scenario)
        .iter()
        .map(|step| step.act.quorum)
        .collect();
    assert_eq!(quorums, [Some(3), Some(1)]);
}

#[test]
fn a_random_client_writes_adds_or_fills_sets() {
    let random = |random: Json| {
        let mut document = one_leader();
        document["clients"][1] = json!({ "name": "Bob", "random": random });
        read(document)
    };
    for (written, changes) in [
        (json!({ "keys": ["n"] }), RandomChanges::Write),
        (
            json!({ "keys": ["n"], "changes": "write" }),
            RandomChanges::Write,
        ),
        (
            json!({ "keys": ["n"], "changes": "add" }),
            RandomChanges::Add,
        ),
        (
            json!({ "keys": ["n"], "changes": "items", "items": ["milk"] }),
            RandomChanges::Items,
        ),
    ] {
        let scenario = random(written);
        let keys = vec![KeyId(2)];
        assert_eq!(scenario.clients[1].does, Does::Random { keys, changes });
    }
}

/// Documents that have every field which the others lack.
pub(super) fn full() -> [Json; 3] {
    let one_leader = json!({
        "/protocol/ack": { "mode": "standbys", "first": 1, "of": ["F2", "F1"], "when": "applied" },
        "/protocol/promotion": "reachable", "/protocol/manager_region": "eu-west",
        "/protocol/fencing": { "lease_ms": 200, "clock_error_ms": 20 },
        "/protocol/log_keeps": 9, "/protocol/snapshot_ms": 9, "/protocol/stream": "statement",
        "/protocol/upgraded": ["F1"], "/protocol/together": [["x", "y"]],
        "/network": {
            "duplicate_percent": 1, "reorder_percent": 1, "reorder_ms": 9, "distance_ms": 9,
            "distances": [{ "between": ["us-east", "eu-west"], "ms": 8 }]
        },
        "/reads": {
            "policy": "lag_budget", "window_ms": 9, "wait_ms": 9, "report_ms": 9, "evict_ms": 9,
            "return_ms": 8, "paths": [{ "name": "feed", "max_ms": 9, "max_entries": 9 }], "leader": "lease"
        },
        "/backups": { "every_ms": 9, "keep": 2, "failing": true, "point_in_time": true },
        "/clients/0/does": [
            { "write": { "x": { "call": "UUID()" } } },
            { "insert": { "cart": "milk" }, "when": { "saw": { "cart": ["milk"], "x": null } } },
            { "read": ["x", "y"], "path": "feed" }
        ],
        "/clients/1": {
            "name": "Bob", "region": "eu-west",
            "random": { "writes_per_s": 1, "keys": ["cart"], "changes": "items", "items": ["eggs"] }
        },
        "/script": [
            { "at_ms": 1, "crash": "F1", "lose_disk": true },
            { "at_ms": 2, "pause": "leader" },
            { "at_ms": 3, "resume": "leader" },
            { "at_ms": 4, "skew": "F1", "by_ms": -5 },
            { "at_ms": 5, "cut": ["leader", "eu-west"], "from": "Alice", "one_way": true },
            { "at_ms": 6, "slow": "F1", "from": "L", "by_ms": 7 },
            { "at_ms": 7, "heal": "F1", "from": "L" },
            { "at_ms": 8, "restore": "F1", "as_of_ms": 5 }
        ]
    });
    let leaderless = json!({
        "/protocol/quorum": "sloppy", "/protocol/hint_expires_ms": 9, "/protocol/doubt_after_ms": 9,
        "/protocol/anti_entropy_ms": 9, "/protocol/versions": "dotted", "/protocol/legs": "wan",
        "/clients/0/does/0/w": 1, "/clients/0/does/1/r": 2
    });
    let many_leaders = json!({
        "/protocol/topology": "ring", "/protocol/conflicts": "merge",
        "/writes": { "policy": "home", "homes": { "x": "eu-west" } }
    });
    [
        with(&two_regions(super::fields::one_leader()), one_leader),
        with(&two_regions(super::fields::leaderless()), leaderless),
        with(&super::fields::many_leaders(), many_leaders),
    ]
}

#[test]
fn a_document_with_every_field_is_read_and_written() {
    for document in full() {
        let scenario = read(document);
        let text = scenario.to_text();
        assert_eq!(Scenario::from_bytes(text.as_bytes()), Ok(scenario));
    }
}

/// What the one entry of a script does in a document.
fn does(document: &Json, entry: Json) -> Intervention {
    let mut document = document.clone();
    document["script"] = json!([entry]);
    read(document).script.remove(0).does
}

fn places(nodes: u16, clients: u16) -> Targets {
    Targets {
        places: Places { nodes, clients },
        leader: false,
    }
}

const LEADER: Targets = Targets {
    places: Places {
        nodes: 0,
        clients: 0,
    },
    leader: true,
};

#[test]
fn everything_can_be_done_to_nodes() {
    let follower = Target::Node(NodeId(1));
    for (entry, intervention) in [
        (
            json!({ "at_ms": 1, "crash": "F1", "lose_disk": true }),
            Intervention::Crash {
                node: follower,
                lose_disk: true,
            },
        ),
        (
            json!({ "at_ms": 1, "pause": "leader" }),
            Intervention::Pause(Target::Leader),
        ),
        (
            json!({ "at_ms": 1, "resume": "F1" }),
            Intervention::Resume(follower),
        ),
        (
            json!({ "at_ms": 1, "skew": "F1", "by_ms": -200 }),
            Intervention::Skew {
                node: follower,
                by_us: -200_000,
            },
        ),
        (
            json!({ "at_ms": 1, "restore": "all" }),
            Intervention::Restore {
                node: None,
                as_of: None,
            },
        ),
        (
            json!({ "at_ms": 5000, "restore": "leader", "as_of_ms": 4000 }),
            Intervention::Restore {
                node: Some(Target::Leader),
                as_of: Some(SimTime(4_000_000)),
            },
        ),
    ] {
        assert_eq!(does(&one_leader(), entry.clone()), intervention, "{entry}");
    }
}

#[test]
fn everything_can_be_done_to_links() {
    for (entry, intervention) in [
        (
            json!({ "at_ms": 1, "cut": "leader" }),
            Intervention::Cut {
                from: LEADER,
                to: None,
                one_way: false,
            },
        ),
        (
            json!({ "at_ms": 1, "cut": ["F1", "Bob"], "from": "L", "one_way": true }),
            Intervention::Cut {
                from: places(0b010, 0b10),
                to: Some(places(0b001, 0)),
                one_way: true,
            },
        ),
        (
            json!({ "at_ms": 1, "heal": "all" }),
            Intervention::Heal {
                from: None,
                to: None,
            },
        ),
        (
            json!({ "at_ms": 1, "heal": "F1", "from": ["F2", "leader"] }),
            Intervention::Heal {
                from: Some(places(0b010, 0)),
                to: Some(Targets {
                    leader: true,
                    ..places(0b100, 0)
                }),
            },
        ),
        (
            json!({ "at_ms": 1, "slow": "F1", "by_ms": 300.5 }),
            Intervention::Slow {
                from: places(0b010, 0),
                to: None,
                by_us: 300_500,
            },
        ),
        (
            json!({ "at_ms": 1, "slow": "F1", "from": "Alice", "by_ms": 0 }),
            Intervention::Slow {
                from: places(0b010, 0),
                to: Some(places(0, 0b01)),
                by_us: 0,
            },
        ),
    ] {
        assert_eq!(does(&one_leader(), entry.clone()), intervention, "{entry}");
    }
}

#[test]
fn a_message_is_named_by_what_can_be_seen_of_it() {
    for (entry, intervention) in [
        (
            json!({ "at_ms": 1, "drop": { "from": "L", "to": "F1" } }),
            Intervention::Drop(OnTheWire {
                from: places(0b001, 0),
                to: places(0b010, 0),
                message: None,
                number: 1,
            }),
        ),
        (
            json!({ "at_ms": 1, "delay": { "from": "leader", "to": ["Alice", "Bob"], "message": "not_leader", "number": 20_000 }, "by_ms": 0.5 }),
            Intervention::Delay {
                which: OnTheWire {
                    from: LEADER,
                    to: places(0, 0b11),
                    message: Some(MessageKind::NotLeader),
                    number: 20_000,
                },
                by_us: 500,
            },
        ),
    ] {
        assert_eq!(does(&one_leader(), entry.clone()), intervention, "{entry}");
    }
    for (name, kind) in MessageKind::NAMED {
        assert_eq!(kind.name(), name);
        // As Rust writes it, with low dashes.
        let mut written = String::new();
        for char in format!("{kind:?}").chars() {
            if char.is_uppercase() && !written.is_empty() {
                written.push('_');
            }
            written.extend(char.to_lowercase());
        }
        assert_eq!(written, name);
    }
}

#[test]
fn a_region_is_all_that_is_in_it() {
    let document = with(&many_leaders(), json!({ "/clients/1/region": "eu-west" }));
    let cut = json!({ "at_ms": 1, "cut": "us-east", "from": ["eu-west", "us-east 1"] });
    let expected = Intervention::Cut {
        from: places(0b0111, 0b01),
        to: Some(places(0b1010, 0b10)),
        one_way: false,
    };
    assert_eq!(does(&document, cut), expected);
    let crash = json!({ "at_ms": 1, "crash": "eu-west" });
    assert_eq!(does(&document, crash), crashed(NodeId(3)));
}

#[test]
fn a_proxy_and_a_manager_stand_in_regions_too() {
    let changes =
        json!({ "/protocol/promotion": "reachable", "/protocol/manager_region": "eu-west" });
    let document = with(&two_regions(one_leader()), changes);
    let cut = does(&document, json!({ "at_ms": 1, "cut": "eu-west" }));
    let expected = Intervention::Cut {
        from: places(0b11000, 0),
        to: None,
        one_way: false,
    };
    assert_eq!(cut, expected);
    let paused = does(&document, json!({ "at_ms": 1, "pause": "manager" }));
    assert_eq!(paused, Intervention::Pause(Target::Node(NodeId(4))));
}

#[test]
fn an_old_document_may_use_names_that_scripts_now_know() {
    let changes = json!({
        "/clients/0/name": "L", "/clients/1/name": "leader",
        "/script": [{ "at_ms": 1, "crash": "L" }, { "at_ms": 1, "client": "L", "read": ["x"] }]
    });
    let scenario = read(with(&one_leader(), changes));
    assert_eq!(scenario.names.clients, ["L", "leader"]);
    let cut = |place: &str| {
        let cut = scenario.with_intervention(SimTime(5), json!({ "cut": place }));
        cut.unwrap_err().to_string()
    };
    assert_eq!(
        cut("L"),
        "/script/2/cut: \"L\" is not allowed: a client has this name too; another name for the client"
    );
    assert_eq!(
        cut("leader"),
        "/script/2/cut: \"leader\" is not allowed: a client has this name too; another name for the client"
    );
}

#[test]
fn a_script_can_set_the_new_settings_too() {
    let set = |document: &Json, set: Json| match does(document, json!({ "at_ms": 1, "set": set })) {
        Intervention::Set(settings) => *settings,
        _ => panic!("it sets something"),
    };
    let changed = set(
        &one_leader(),
        json!({
            "/protocol/ack": { "mode": "standbys", "any": 2 }, "/protocol/fencing": true,
            "/reads/policy": "nearest", "/network/duplicate_percent": 1, "/backups/every_ms": 10
        }),
    );
    assert!(matches!(
        changed.ack,
        Ack::Standbys {
            count: 2,
            first: false,
            ..
        }
    ));
    assert!(changed.fencing.is_some());
    assert_eq!(changed.reads, ReadPolicy::Nearest);
    assert_eq!(changed.network.duplicate_ppm, 10_000);
    assert_eq!(
        changed.backups.map(|backups| backups.every_us),
        Some(10_000)
    );

    let document = with(&many_leaders(), json!({ "/network/distance_ms": 9 }));
    let changed = set(&document, json!({ "/writes/policy": "home" }));
    let homes = vec![RegionId(0), RegionId(1)];
    assert_eq!(changed.writes, WritePolicy::Home { homes });
    assert_eq!(changed.network.distances_us, [0, 9_000, 9_000, 0]);
}

/// Sets a knob away and back, and holds both to what they should be.
fn away_and_back(document: Json, pointer: &str, away: &str, back: &str) -> Settings {
    let base = read(document);
    let there = base.with(pointer, json!(away)).unwrap();
    assert_ne!(there.settings, base.settings, "{pointer} = {away}");
    let again = there.with(pointer, json!(back)).unwrap();
    assert_eq!(again, base, "{pointer} = {back}");
    there.settings
}

#[test]
fn a_knob_can_change_modes_and_policies_and_change_them_back() {
    let list =
        json!({ "mode": "standbys", "any": 2, "of": ["F2", "F1"], "k": 2, "timeout_ms": 50 });
    let standbys = with(&one_leader(), json!({ "/protocol/ack": list }));
    let mode = "/protocol/ack/mode";
    for other in ["async", "sync", "quorum", "semi_sync"] {
        away_and_back(standbys.clone(), mode, other, "standbys");
    }
    let quorum = with(&one_leader(), json!({ "/protocol/ack/mode": "quorum" }));
    let there = away_and_back(quorum, mode, "standbys", "quorum");
    let list = nodes(&[0, 1, 2]);
    assert_eq!(
        there.ack,
        Ack::Standbys {
            count: 1,
            first: true,
            list
        }
    );

    let reads = json!({
        "policy": "lag_budget", "evict_ms": 900, "return_ms": 800, "wait_ms": 5, "window_ms": 7,
        "paths": [{ "name": "feed", "max_entries": 3 }], "leader": "confirmed"
    });
    let document = with(&one_leader(), json!({ "/reads": reads }));
    for other in [
        "leader",
        "any",
        "sticky",
        "nearest",
        "leader_after_write",
        "session_token",
    ] {
        away_and_back(document.clone(), "/reads/policy", other, "lag_budget");
    }

    let sloppy = with(
        &leaderless(),
        json!({ "/protocol/quorum": "sloppy", "/protocol/hint_expires_ms": 5 }),
    );
    away_and_back(sloppy, "/protocol/quorum", "strict", "sloppy");
    let homes = json!({ "policy": "home", "homes": { "y": "us-east" } });
    let home = with(&many_leaders(), json!({ "/writes": homes }));
    away_and_back(home, "/writes/policy", "local", "home");
}

#[test]
fn null_takes_away_what_is_there_or_not() {
    for (document, pointer, value) in [
        (one_leader(), "/protocol/fencing", json!(true)),
        (one_leader(), "/protocol/log_keeps", json!(3)),
        (one_leader(), "/backups", json!({})),
        (leaderless(), "/protocol/anti_entropy_ms", json!(3)),
        (many_leaders(), "/network/distance_ms", json!(3)),
    ] {
        let base = read(document);
        let there = base.with(pointer, value).unwrap();
        assert_ne!(there.settings, base.settings, "{pointer}");
        let gone = there.with(pointer, json!(null)).unwrap();
        assert_eq!(gone.settings, base.settings, "{pointer}");
    }
}

#[test]
fn an_idempotency_key_is_one_write_wherever_it_stands() {
    let mut document = one_leader();
    let pay = json!({ "add": { "x": -60 }, "idempotency_key": "pay" });
    let other = json!({ "add": { "x": -60 }, "idempotency_key": "pay more" });
    document["clients"][1]["does"] = json!([pay, other, pay, { "add": { "x": -60 } }]);
    let mut by_hand = json!({ "at_ms": 5, "client": "Alice" });
    by_hand["add"] = json!({ "x": -60 });
    by_hand["idempotency_key"] = json!("pay");
    document["script"] = json!([by_hand]);
    let scenario = read(document.clone());
    assert_eq!(scenario.names.idempotency_keys, ["pay", "pay more"]);
    let Does::Steps(steps) = &scenario.clients[1].does else {
        panic!("a list");
    };
    let keys: Vec<Option<u16>> = steps
        .iter()
        .map(|step| step.act.idempotency_key.map(|key| key.0))
        .collect();
    assert_eq!(keys, [Some(0), Some(1), Some(0), None]);
    let Intervention::Do { act, .. } = scenario.script[0].does else {
        panic!("a client’s doing");
    };
    assert_eq!(act.idempotency_key.map(|key| key.0), Some(0));

    document["script"][0]["add"]["x"] = json!(-61);
    let refused = Scenario::from_document(document).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "/script/0/idempotency_key: \"pay\" is not allowed: another write has this key elsewhere; one key \
         for one write, however often it is sent"
    );
}
