//! Systems of every kind and size, with all that can be the matter with them at once.

/// One system.
pub struct System {
    /// What it is, for whoever reads a failure.
    pub name: String,
    /// Its scenario.
    pub json: String,
}

const REGIONS: [&str; 6] = [
    "us-east",
    "us-west",
    "Frankfurt",
    "Singapore",
    "São Paulo",
    "Tokyo",
];

const CLIENTS: [&str; 6] = ["Alice", "Bob", "Carol", "Dave", "Erin", "Frank"];

/// How many nodes stand in each of so many regions.
fn shares(nodes: usize, regions: usize) -> Vec<usize> {
    let share = |i: usize| nodes / regions + usize::from(i < nodes % regions);
    (0..regions).map(share).collect()
}

/// What a system is made of.
struct Made<'a> {
    protocol: String,
    nodes: usize,
    regions: usize,
    clients: usize,
    /// What happens to it, besides what happens to every one.
    script: &'a str,
}

impl Made<'_> {
    fn json(&self) -> String {
        let region = |(i, nodes): (usize, usize)| {
            format!(r#"{{ "name": "{}", "nodes": {nodes} }}"#, REGIONS[i])
        };
        let regions: Vec<String> = shares(self.nodes, self.regions)
            .into_iter()
            .enumerate()
            .map(region)
            .collect();
        let regions = match self.regions {
            0 | 1 => String::new(),
            _ => format!(r#""regions": [ {} ],"#, regions.join(", ")),
        };
        let client = |i: usize| {
            let home = match self.regions {
                0 | 1 => String::new(),
                regions => format!(r#""region": "{}","#, REGIONS[i % regions]),
            };
            format!(
                r#"{{ "name": "{}", {home} "random": {{ "writes_per_s": 2, "reads_per_s": 2, "keys": ["balance", "a rather long name", "thread"] }} }}"#,
                CLIENTS[i]
            )
        };
        let clients: Vec<String> = (0..self.clients).map(client).collect();
        let lag = match self.protocol.contains("leaderless") {
            true => r#""peer_ms": 120,"#,
            false => r#""replication_lag_ms": 150,"#,
        };
        format!(
            r#"{{ "version": 1, "title": "A system", "story": "All at once.", "seed": 5, {regions}
                 "protocol": {}, "network": {{ {lag} "client_ms": 60, "loss_percent": 5, "distance_ms": 70 }},
                 "clients": [ {} ], "script": [ {} ], "limits": {{ "time_ms": 4000 }} }}"#,
            self.protocol,
            clients.join(", "),
            self.script
        )
    }
}

/// Every kind of system with so many nodes and clients.
pub fn systems(nodes: usize, clients: usize) -> Vec<System> {
    let mut all = Vec::new();
    let mut add = |name: String, made: Made<'_>| {
        let name = format!("{name}, {nodes} nodes, {clients} clients");
        all.push(System {
            name,
            json: made.json(),
        });
    };
    // The names of the first and the last replica of each kind of system.
    let one_leader = ["L".to_owned(), format!("F{}", nodes - 1)];
    for regions in [1, 2, 3, 6].into_iter().filter(|regions| *regions <= nodes) {
        let place = if regions > 1 { "" } else { r#""nodes": N, "# };
        let place = place.replace('N', &nodes.to_string());
        let manager = match regions {
            1 => String::new(),
            _ => format!(
                r#""promotion": "reachable", "manager_region": "{}","#,
                REGIONS[1]
            ),
        };
        let script = faults(nodes, &one_leader);
        for partitions in [1, 3, 8] {
            if partitions > 1 && regions > 1 {
                continue;
            }
            let protocol = format!(
                r#"{{ "kind": "single_leader", {place} {manager} "partitions": {partitions}, "ack": {{ "mode": "async" }} }}"#
            );
            add(
                format!("one leader, {regions} regions, {partitions} partitions"),
                Made {
                    protocol,
                    nodes,
                    regions,
                    clients,
                    script: &script,
                },
            );
        }
    }
    for topology in ["all_to_all", "ring", "star"] {
        for regions in [2, 3, 6].into_iter().filter(|regions| *regions <= nodes) {
            for conflicts in ["last_write_wins", "siblings"] {
                let protocol = format!(
                    r#"{{ "kind": "multi_leader", "topology": "{topology}", "conflicts": "{conflicts}" }}"#
                );
                let script = format!(
                    r#"{{ "at_ms": 700, "cut": "{}", "from": "{}" }}, {{ "at_ms": 800, "skew": "{}", "by_ms": 200 }}"#,
                    REGIONS[0],
                    REGIONS[1],
                    REGIONS[regions - 1],
                );
                add(
                    format!("{topology} of {regions} leaders, {conflicts}"),
                    Made {
                        protocol,
                        nodes,
                        regions,
                        clients,
                        script: &script,
                    },
                );
            }
        }
    }
    let letters = ["A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L"];
    let equals = ["A".to_owned(), letters[nodes - 1].to_owned()];
    for coordinator in ["proxy", "node"] {
        for regions in [1, 3] {
            if regions > nodes {
                continue;
            }
            let place = if regions > 1 {
                String::new()
            } else {
                format!(r#""nodes": {nodes},"#)
            };
            let copies = nodes.min(3);
            let quorum = copies / 2 + 1;
            let sloppy = if nodes > copies { "sloppy" } else { "strict" };
            let protocol = format!(
                r#"{{ "kind": "leaderless", {place} "copies": {copies}, "w": {quorum}, "r": {quorum}, "coordinator": "{coordinator}",
                     "quorum": "{sloppy}", "versions": "dotted" }}"#
            );
            let script = faults(nodes, &equals);
            add(
                format!("no leader, {coordinator}, {regions} regions"),
                Made {
                    protocol,
                    nodes,
                    regions,
                    clients,
                    script: &script,
                },
            );
        }
    }
    all
}

/// A cut, a slow link, a crash, a clock that is off and a pause, as far as there are nodes for them.
fn faults(nodes: usize, [first, last]: &[String; 2]) -> String {
    let mut faults = vec![format!(
        r#"{{ "at_ms": 500, "skew": "{first}", "by_ms": -200 }}"#
    )];
    if nodes > 1 {
        faults.push(format!(
            r#"{{ "at_ms": 600, "slow": "{first}", "from": "{last}", "by_ms": 300 }}"#
        ));
        faults.push(format!(
            r#"{{ "at_ms": 1500, "cut": "{first}", "from": "{last}" }}"#
        ));
        faults.push(format!(r#"{{ "at_ms": 2400, "crash": "{first}" }}"#));
    }
    if nodes > 2 {
        faults.push(format!(r#"{{ "at_ms": 900, "pause": "{last}" }}"#));
    }
    faults.join(", ")
}
