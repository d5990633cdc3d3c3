//! What settings mean, in words, and what changes when one of them does.

use replication::scenario::{
    Ack, AckWhen, Conflicts, Intervention, LeaderReads, ProtocolKind, ReadPolicy, Repair, Scripted,
    Settings, Stream, Structure, Topology, Versions, WritePolicy,
};

use crate::moment::Moment;
use crate::quantity::{count, decimal, duration, listed};

/// Leaderless: what W and R against N mean. Empty for one leader.
pub fn quorum_words(settings: &Settings, structure: &Structure) -> String {
    if structure.kind != ProtocolKind::Leaderless {
        return String::new();
    }
    let (w, r, n) = (settings.w, settings.r, structure.copies);
    let sum = w + r;
    let finding = match () {
        () if sum > n && settings.sloppy.is_some() => format!(
            "W + R = {sum} > N = {n}: while all copies are there, every read hears from at least one that has the last acknowledged write."
        ),
        () if sum > n => format!(
            "W + R = {sum} > N = {n}: every read hears from at least one copy that has the last acknowledged write."
        ),
        () => format!(
            "W + R = {sum} ≤ N = {n}: a read can hear only from copies that the last acknowledged write has not reached."
        ),
    };
    let keeping = match w {
        0 | 1 => {
            "Keeping it is another matter: with W = 1 it may be on one disk only, and go with it."
                .to_owned()
        }
        _ => format!(
            "Keeping it is another matter, and W’s alone: it survives the loss of W − 1 = {}.",
            count(u64::from(w - 1), "disk", "disks")
        ),
    };
    let blocks = match () {
        () if w == n && r == n => "One copy that is down stops both writes and reads.",
        () if w == n => "One copy that is down stops all writes.",
        () if r == n => "One copy that is down stops all reads.",
        () => "",
    };
    let mut words = vec![finding, keeping];
    if !blocks.is_empty() {
        words.push(blocks.to_owned());
    }
    if let Some(sloppy) = settings.sloppy {
        words.push(format!(
            "The quorum is sloppy: for a copy that is away another replica keeps a hint for up to {}, and that counts \
             towards W, so a read can miss the write although W + R > N.",
            duration(sloppy.hint_expires_us)
        ));
    }
    words.join(" ")
}

/// Leaderless: what a read does about copies that lack what it found.
pub fn repair_words(repair: Repair) -> &'static str {
    match repair {
        Repair::Off => "A read leaves the copies as they are.",
        Repair::Background => {
            "A read answers first; then the copies that lack what it found get it."
        }
        Repair::Contacted => {
            "The copies that a read heard from have what it found before it answers, as Cassandra’s do. \
             The others may still lack it."
        }
        Repair::WriteBack => {
            "What a read found is on W copies before it answers: with W + R > N and clocks that agree, that makes \
             a key linearizable."
        }
    }
}

/// Leaderless: how versions are told apart.
pub fn versions_words(versions: Versions) -> &'static str {
    match versions {
        Versions::Timestamps => {
            "The last write wins, by the clock of whoever coordinated it: of two at once, one is dropped, and \
             a clock that is off can drop the later one."
        }
        Versions::Dotted => {
            "Version vectors tell what each write had seen: two that had not seen one another both stay, side by \
             side, until a client that has read both writes again."
        }
    }
}

/// Many leaders: what becomes of writes in conflict.
pub fn conflicts_words(conflicts: Conflicts) -> &'static str {
    match conflicts {
        Conflicts::LastWriteWins => {
            "The write with the higher timestamp wins, by each leader’s own clock; the other is dropped, although its \
             client was told “done”."
        }
        Conflicts::HighestVersion => {
            "The value that was edited more often wins; the other is dropped, although its client was told “done”."
        }
        Conflicts::Merge => {
            "Sets and counters merge: every replica that has the same writes shows the same value, whatever the order. \
             What is put in and taken out at once stays in. Any other value goes by the higher timestamp."
        }
        Conflicts::Siblings => {
            "Both stay, side by side, until a client that has read both writes again: the application decides."
        }
    }
}

/// Many leaders: who sends to whom.
pub fn topology_words(topology: Topology) -> &'static str {
    match topology {
        Topology::AllToAll => "Each leader sends its writes to every other one.",
        Topology::Ring => {
            "Each leader sends to the next one, which passes on: one that is gone stops all that would go through it."
        }
        Topology::Star => {
            "The first leader sends to all others, and passes on what they send to it: without it they do not hear of \
             one another."
        }
    }
}

/// Many leaders: which leader a write goes to.
pub fn writes_words(writes: &WritePolicy) -> &'static str {
    match writes {
        WritePolicy::Local => {
            "A write goes to the leader of the client’s own region: fast, and two regions can change the same key at once."
        }
        WritePolicy::Home { .. } => {
            "A write goes to the leader of its key’s home region, so that one leader takes all writes to a key; while \
             that is silent, the next one takes them."
        }
    }
}

/// One leader: what a follower’s acknowledgement means.
pub fn ack_when_words(when: AckWhen) -> &'static str {
    match when {
        AckWhen::Received => {
            "A follower acknowledges what it has received and not flushed yet, as with PostgreSQL’s remote_write: if its machine crashes, it can be gone again."
        }
        AckWhen::Persisted => {
            "A follower acknowledges what is on its disk. Reads there may not show it yet."
        }
        AckWhen::Applied => {
            "A follower acknowledges what its reads show, PostgreSQL’s remote_apply."
        }
    }
}

/// One leader: what a leader does before it answers a read.
pub fn leader_reads_words(reads: LeaderReads) -> &'static str {
    match reads {
        LeaderReads::Local => {
            "The leader answers from what it has: one that was replaced, and does not know it, answers with old values."
        }
        LeaderReads::Lease => {
            "The leader answers only while it holds a lease from a majority: as right as the clocks are."
        }
        LeaderReads::Confirmed => {
            "Before each answer a majority confirms that it still leads: what it answers is never stale, and comes a round trip later."
        }
    }
}

/// One leader: what is in the stream.
pub fn stream_words(stream: Stream) -> &'static str {
    match stream {
        Stream::Statement => {
            "Each replica runs the statement for itself: what NOW(), RAND() or UUID() gives differs from one to the next. (MySQL sends the time and the seed along, so there only UUID(), SYSDATE() and their like differ.)"
        }
        Stream::WriteAheadLog => {
            "The bytes of the storage engine: exact, and only for the same version of it."
        }
        Stream::LogicalRows => {
            "The rows as they are after the change: the same on every replica, of any version."
        }
    }
}

/// One leader: what an acknowledgement mode means, in one or two sentences.
pub fn ack_words(ack: Ack, structure: &Structure) -> String {
    let followers = u64::from(structure.nodes.saturating_sub(1));
    let nodes = structure.nodes;
    match ack {
        Ack::Async => "The leader alone has it on its disk. Fast; if the leader dies before a follower has it, \
             a write that was told “done” can be lost."
            .to_owned(),
        Ack::SemiSync { k, timeout_us } => format!(
            "The leader and at least {} have it on their disks. If that takes longer than {}, the leader falls \
             back to async until enough have caught up, as MySQL’s does; PostgreSQL’s never falls back: it waits.",
            count(u64::from(k), "follower", "followers"),
            duration(timeout_us),
        ),
        Ack::Sync => match followers {
            0 => "There is no follower to wait for: the leader alone has it.".to_owned(),
            1 => "The leader and its only follower have it on their disks. While the follower is down, no write \
                 gets its “done”."
                .to_owned(),
            _ => {
                let all = match followers {
                    2 => "both".to_owned(),
                    _ => format!("all {followers}"),
                };
                format!("The leader and {all} followers have it on their disks. One dead follower stops all writes.")
            }
        },
        Ack::Quorum if followers == 0 => "There is no follower to ask: the leader alone has it.".to_owned(),
        Ack::Quorum => {
            let majority = structure.majority();
            let spare = u64::from(nodes) - majority as u64;
            let survives = match spare {
                0 => "While any of them is down, no write gets its “done”.".to_owned(),
                _ => format!(
                    "Writes go on while {} down, and a leader elected by a majority has every write that was told “done”, as long as no disk is lost.",
                    match spare {
                        1 => "one node is".to_owned(),
                        _ => format!("up to {spare} nodes are"),
                    }
                ),
            };
            format!("A majority, {majority} of {nodes} nodes with the leader, has it on disk. {survives}")
        }
        Ack::Standbys { count: k, first, .. } => {
            let who = match (first, u64::from(k)) {
                (true, 1) => "the first connected standby on the list has it".to_owned(),
                (true, k) => format!("the first {k} connected standbys on the list have it"),
                (false, 1) => "any one of the standbys on the list has it".to_owned(),
                (false, k) => format!("any {k} of the standbys on the list have it"),
            };
            format!(
                "The leader has it on its disk, and {who}, as in PostgreSQL’s synchronous_standby_names. It never falls \
                 back: with too few standbys connected, no write gets its “done”."
            )
        }
    }
}

/// What a read policy means.
pub fn reads_words(policy: ReadPolicy, kind: ProtocolKind) -> String {
    use ProtocolKind::{Leaderless, MultiLeader, SingleLeader};
    let words = match (policy, kind) {
        (ReadPolicy::Leader, SingleLeader) => {
            "Every read goes to the leader. It shows the newest write that it may show, unless it has been \
             replaced and does not know it yet."
        }
        (ReadPolicy::Leader, MultiLeader) => {
            "Every read goes to the leader of the client’s own region. What other leaders took may not have come yet."
        }
        (ReadPolicy::Any, SingleLeader) => {
            "Each read goes to a replica drawn by chance, the leader included. Followers lag: a read may miss \
             one’s own write, and a later read may show less than an earlier one."
        }
        (ReadPolicy::Any, MultiLeader) => {
            "Each read goes to a replica drawn by chance, in any region: a read may miss one’s own write, and a later \
             read may show less than an earlier one."
        }
        (ReadPolicy::Sticky, SingleLeader | MultiLeader) => {
            "Each client keeps to one replica until that does not answer. It may be behind, so one’s own write may be \
             missing; but it does not go back, unless a failover discards what it showed."
        }
        (ReadPolicy::Nearest, SingleLeader | MultiLeader) => {
            "Each read goes to the nearest replica until that does not answer. Fast; it may be behind, so one’s own \
             write may be missing."
        }
        (ReadPolicy::LeaderAfterWrite { window_us }, SingleLeader | MultiLeader) => {
            return format!(
                "For {} after one’s own write, reads go to the leader; else to any replica. That covers one’s own \
                 writes as long as followers lag less, and nobody else’s.",
                duration(window_us)
            );
        }
        (ReadPolicy::SessionToken { wait_us }, SingleLeader | MultiLeader) => {
            return format!(
                "Each client carries a token: the last entry that it wrote or saw. A replica answers only if its log has \
                 that very entry; it waits up to {} for it, then the leader is asked.",
                duration(wait_us)
            );
        }
        (
            ReadPolicy::LagBudget {
                report_us,
                evict_us,
                return_us,
            },
            SingleLeader | MultiLeader,
        ) => {
            return format!(
                "A read goes to a replica whose lag, as reported every {}, is within the read path’s budget, else to the \
                 leader. One that is more than {} behind is read by nobody until it is below {} again.",
                duration(report_us),
                duration(evict_us),
                duration(return_us)
            );
        }
        (ReadPolicy::Sticky, Leaderless) => {
            "Each client keeps to one coordinator until that does not answer. Which copies answer is the \
             quorum’s matter."
        }
        (ReadPolicy::Nearest, Leaderless) => {
            "Each client goes to the nearest coordinator. Which copies answer is the quorum’s matter."
        }
        (_, Leaderless) => {
            "Each request goes to a coordinator drawn by chance. Which copies answer is the quorum’s matter."
        }
    };
    words.to_owned()
}

/// "From now on reads go to the leader."
pub(crate) fn changed(moment: &Moment<'_>, script: u16) -> String {
    let scenario = moment.run.scenario();
    let mut before = &scenario.settings;
    for Scripted { entry, does, .. } in &scenario.script {
        let Intervention::Set(after) = does else {
            continue;
        };
        if *entry == script {
            let changes = differences(before, after);
            return match changes.is_empty() {
                true => "The settings change.".to_owned(),
                false => format!("From now on {}.", listed(&changes)),
            };
        }
        before = after;
    }
    "The settings change.".to_owned()
}

pub(crate) fn differences(before: &Settings, after: &Settings) -> Vec<String> {
    let mut changes = Vec::new();
    let mut note = |changed: bool, words: String| {
        if changed {
            changes.push(words);
        }
    };
    note(
        before.ack != after.ack,
        format!("“done” is said after: {}", ack_name(after.ack)),
    );
    note(
        before.reads != after.reads,
        format!("reads go to {}", reads_name(after.reads)),
    );
    note(before.w != after.w, format!("W = {}", after.w));
    note(before.r != after.r, format!("R = {}", after.r));
    let loss = decimal(after.network.loss_ppm.into(), 10_000);
    note(
        before.network.loss_ppm != after.network.loss_ppm,
        format!("{loss} % of all messages are lost"),
    );
    let (one, other) = (&before.network, &after.network);
    let delays = [
        (one.replication != other.replication, "followers"),
        (one.peer != other.peer, "replicas"),
        (one.client != other.client, "clients"),
        (
            (&one.w, &one.a, &one.r, &one.s) != (&other.w, &other.a, &other.r, &other.s),
            "copies",
        ),
    ];
    let slower: Vec<&str> = delays
        .iter()
        .filter_map(|(changed, who)| changed.then_some(*who))
        .collect();
    note(
        !slower.is_empty(),
        format!("messages to and from {} take another time", listed(&slower)),
    );
    note(
        before.rates != after.rates,
        "the clients have another pace".to_owned(),
    );
    note(
        before.visible != after.visible,
        "replicas show writes at another moment".to_owned(),
    );
    let fencing = match after.fencing {
        Some(fencing) => format!("leaders hold leases of {}", duration(fencing.lease_us)),
        None => "leaders hold no leases".to_owned(),
    };
    note(before.fencing != after.fencing, fencing);
    let when = match after.ack_when {
        AckWhen::Received => "followers acknowledge what they have received",
        AckWhen::Persisted => "followers acknowledge what is on their disks",
        AckWhen::Applied => "followers acknowledge what they show",
    };
    note(before.ack_when != after.ack_when, when.to_owned());
    let leader_reads = match after.leader_reads {
        LeaderReads::Local => "the leader answers reads without asking",
        LeaderReads::Lease => "the leader answers reads while it holds a lease",
        LeaderReads::Confirmed => "the leader has a majority confirm it before it answers a read",
    };
    note(
        before.leader_reads != after.leader_reads,
        leader_reads.to_owned(),
    );
    let keeps = match after.log_keeps {
        Some(entries) => format!("a log keeps {}", count(entries.into(), "entry", "entries")),
        None => "a log keeps all its entries".to_owned(),
    };
    note(before.log_keeps != after.log_keeps, keeps);
    let stream = match after.stream {
        Stream::Statement => "the stream holds statements",
        Stream::WriteAheadLog => "the stream holds the storage engine’s bytes",
        Stream::LogicalRows => "the stream holds rows",
    };
    note(before.stream != after.stream, stream.to_owned());
    note(
        before.upgraded != after.upgraded,
        "other replicas have the other storage version".to_owned(),
    );
    let repair = match after.repair {
        Repair::Off => "reads repair nothing",
        Repair::Background => "reads repair what they found, after answering",
        Repair::Contacted => "reads repair whom they heard from, before answering",
        Repair::WriteBack => "reads write back to W copies before answering",
    };
    note(before.repair != after.repair, repair.to_owned());
    let quorum = match after.sloppy {
        Some(_) => "the quorum is sloppy",
        None => "the quorum is strict",
    };
    note(before.sloppy != after.sloppy, quorum.to_owned());
    let compares = match after.anti_entropy_us {
        Some(us) => format!("replicas compare what they have every {}", duration(us)),
        None => "replicas no longer compare what they have".to_owned(),
    };
    note(before.anti_entropy_us != after.anti_entropy_us, compares);
    let writes = match after.writes {
        WritePolicy::Local => "writes go to the leader of the client’s own region",
        WritePolicy::Home { .. } => "writes go to the leader of the key’s home region",
    };
    note(before.writes != after.writes, writes.to_owned());
    let backups = match after.backups {
        None => "no backups are made".to_owned(),
        Some(backups) if backups.failing => "backups fail, and nobody is told".to_owned(),
        Some(backups) => format!("a backup is made every {}", duration(backups.every_us)),
    };
    note(before.backups != after.backups, backups);
    note(
        before.paths != after.paths,
        "the read paths have other budgets".to_owned(),
    );
    let (duplicates, held_back) = (
        decimal(after.network.duplicate_ppm.into(), 10_000),
        decimal(after.network.reorder_ppm.into(), 10_000),
    );
    note(
        before.network.duplicate_ppm != after.network.duplicate_ppm,
        format!("{duplicates} % of all messages arrive twice"),
    );
    note(
        before.network.reorder_ppm != after.network.reorder_ppm,
        format!("{held_back} % of all messages are held back, so that others overtake them"),
    );
    note(
        before.network.distances_us != after.network.distances_us,
        "the regions are at other distances".to_owned(),
    );
    changes
}

/// Short: "async", "a majority".
pub(crate) fn ack_name(ack: Ack) -> String {
    match ack {
        Ack::Async => "the leader alone".to_owned(),
        Ack::SemiSync { k, .. } => format!(
            "the leader and {}",
            count(u64::from(k), "follower", "followers")
        ),
        Ack::Sync => "every follower".to_owned(),
        Ack::Quorum => "a majority".to_owned(),
        Ack::Standbys { count, first, .. } => match first {
            true => format!("the leader and the first {count} of its standbys"),
            false => format!("the leader and any {count} of its standbys"),
        },
    }
}

pub(crate) fn reads_name(policy: ReadPolicy) -> &'static str {
    match policy {
        ReadPolicy::Leader => "the leader",
        ReadPolicy::Any => "any replica",
        ReadPolicy::Sticky => "one replica for each client",
        ReadPolicy::Nearest => "the nearest replica",
        ReadPolicy::LeaderAfterWrite { .. } => {
            "the leader after one’s own write, else to any replica"
        }
        ReadPolicy::SessionToken { .. } => "any replica that has what the token names",
        ReadPolicy::LagBudget { .. } => "any replica within the budget",
    }
}
