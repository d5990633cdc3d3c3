//! The page that says what the simulation leaves out.

use yew::prelude::*;

use crate::pages::Back;

/// Something that is left out.
struct Limit {
    what: &'static str,
    left_out: &'static str,
    matters: &'static str,
    instead: &'static str,
}

/// All of it, by what it belongs to.
const LIMITS: &[(&str, &[Limit])] = &[
    (
        "Data",
        &[
            Limit {
                what: "Transactions",
                left_out: "A write changes one key. There is no commit of several keys together, no isolation level, no lock and no constraint.",
                matters: "Most databases replicate transactions. Lost updates and write skew come from weak isolation on a single machine too, and \
                          a transfer between two accounts has to happen as a whole or not at all.",
                instead: "Each write is one operation on one key. Under one leader, and at each of many, “add” is computed where the write is taken, \
                          so that two of them there can’t overwrite each other; without a leader the client adds to what it last saw.",
            },
            Limit {
                what: "Snapshots across partitions",
                left_out: "A read of several keys asks each partition for its part. No timestamp and no coordinator makes the parts belong to one moment.",
                matters: "Spanner, CockroachDB and others offer read-only transactions that see all partitions as of one moment.",
                instead: "A view is one request: each partition answers as of one instant of its own. That is what can break a consistent prefix here.",
            },
            Limit {
                what: "An order beside the store’s own",
                left_out: "The promises to sessions ask for a write or for what the store puts after it, by its log, its versions or its clocks. Where a clock is wrong and an older write wins,                            “read your writes” and “monotonic reads” are kept: the store has both writes, and has chosen.",
                matters: "Who made or saw that write, and reads the older one again, has been let down all the same.",
                instead: "“No silent overwrite” tells of the write that was dropped. Where the writer had seen the older one before, “causal consistency” is broken; and “linearizable” goes by the clock on the wall.",
            },
            Limit {
                what: "Conditional writes",
                left_out: "There is no compare-and-set, and no unique index, on the replicas.",
                matters: "A register can be linearizable without consensus, but a compare-and-set can’t. Systems run Paxos or Raft for it \
                          where their plain writes do without.",
                instead: "A step of a client may depend on what that client last saw. The check is the client’s: others may write in between.",
            },
            Limit {
                what: "Storage engines",
                left_out: "There are no pages, indexes, buffer pools, checkpoints or compactions, and a disk never fills up.",
                matters: "A pause for compaction or a checkpoint is a common cause of lag, and group commit is why waiting for a disk is affordable.",
                instead: "Persisting takes a fixed time, however much is persisted at once. Applying takes another. A log, or a value for each key, is all there is.",
            },
            Limit {
                what: "Trimming the log, and snapshots",
                left_out: "Nothing is compacted by key. A snapshot has no size, comes in one piece, and costs its sender nothing.",
                matters: "Sending a real snapshot takes minutes to days, slows its sender down, and the log may be trimmed past it again meanwhile.",
                instead: "A log can send its last so many entries. Who needs an older one gets a snapshot as one message, which takes a set time longer than an entry.",
            },
            Limit {
                what: "Deletions",
                left_out: "Erasing a key writes “nothing” under a version of its own, and that is kept for ever.",
                matters: "Real systems collect such tombstones after a while. A replica that was away for longer can bring the erased value back.",
                instead: "Erased keys stay erased, unless an older disk or backup is put in.",
            },
        ],
    ),
    (
        "Machines",
        &[
            Limit {
                what: "“Done” from memory",
                left_out: "A leader, and a copy where nobody leads, says that it has a write when its disk has it, and not before. Only a follower can be told to acknowledge what it has received and not flushed.",
                matters: "By default Cassandra syncs its commit log every ten seconds, MongoDB’s w: 1 does not wait for the journal, and Kafka leaves its log to the page cache; \
                          PostgreSQL does not wait for its disk with synchronous_commit = off. A power cut over several machines can take what was said to be done.",
                instead: "What a disk confirms may be made slow, and a machine may lose its disk; waiting for more copies is what helps against that here.",
            },
            Limit {
                what: "Disks that lie",
                left_out: "What a disk has confirmed is on it. It never confirms what is only in its cache, never tears a write, and never returns other bytes than it was given.",
                matters: "Every guarantee about acknowledged writes rests on this. Where fsync lies, or its error is ignored, a power cut over several machines can lose what a majority had.",
                instead: "A disk is whole, lost as a whole with its machine, or replaced by a backup.",
            },
            Limit {
                what: "Nodes that lie",
                left_out: "No node sends what the protocol would not send, and no message is altered on the way. This is no model of Byzantine faults.",
                matters: "Bugs, bad memory and attackers do such things. In general, tolerating f nodes that do so takes 3f + 1 of them, and other protocols.",
                instead: "Nodes crash, pause, are slow, are cut off, lose their disks, or have their clocks set wrong.",
            },
            Limit {
                what: "Clocks that drift",
                left_out: "A clock is off by a fixed amount until somebody sets it. None runs faster or slower than another, and nothing synchronises them.",
                matters: "Leases are promises about how long something takes: with clocks that run apart, a lease may end later at its holder than elsewhere.",
                instead: "Setting a clock is an intervention like any other. The time that a successor allows for clocks is put to the test only by setting one while a lease runs.",
            },
            Limit {
                what: "Load",
                left_out: "A node handles each message at once, however many there are. It has no queue, no capacity, and no memory to run out of.",
                matters: "Most lag in production is load: a follower that applies on one thread falls behind a leader that writes on many. And a retry storm, or one copy fewer, can tip the rest over.",
                instead: "Lag is given as a distribution, and does not depend on how much is written.",
            },
            Limit {
                what: "Failures that come together",
                left_out: "Each delay, loss and repetition is drawn by itself. No burst, no shared switch, no rack and no bad release links two of them.",
                matters: "Copies survive failures that are independent. Those that take down several at once are rarer than those of one, and far more common than the product of their odds.",
                instead: "The script, or your hand, can cut off a region or crash several nodes at one moment.",
            },
        ],
    ),
    (
        "Network",
        &[
            Limit {
                what: "Connections",
                left_out: "There is no TCP: no handshake, no window, no backpressure and no reset. Messages have no size, and links no bandwidth.",
                matters: "A full window stops the sender. A broken connection tells both ends at once, or neither for many minutes. Where one is refused, a driver goes on to the next node at once, and does not wait as the clients here do. And a backlog takes time to send because it is large.",
                instead: "A log’s stream is an ordered link: what is lost is sent again after a set time, and a gap is never applied. Everything else is a datagram that may be lost, arrive twice or be overtaken. \
                          A message is lost if its link is cut when it is sent; what is on the wire still arrives, unless its receiver is down or somebody drops it.",
            },
            Limit {
                what: "Names, proxies and balancers",
                left_out: "There is no DNS, no load balancer, no connection pool and no virtual address that moves to a new leader.",
                matters: "After a failover, stale name caches and pools can keep clients on the old leader for longer than the failover took.",
                instead: "Each client knows all replicas by name, keeps the last leader that it heard of, and asks around after a silence.",
            },
        ],
    ),
    (
        "People and their programs",
        &[
            Limit {
                what: "Retries that nobody asked for",
                left_out: "Nothing sends a request a second time behind a client’s back, with one exception: a read goes on to the leader where a replica can’t meet its session token in time.",
                matters: "Drivers retry. A write that timed out may have happened: sent again, it may happen twice, unless it carries a key by which the server can tell.",
                instead: "A request without an answer is unknown, and stays so. A retry is a step of the client’s own list, to be seen on the stage.",
            },
            Limit {
                what: "Many requests at once",
                left_out: "A client waits for each answer before it asks again. It neither sends in parallel nor hedges a slow read with a second one.",
                matters: "Pipelined writes can be taken in another order than they were sent. Hedging trades load for the slowest answers.",
                instead: "One client is one session with one request at a time. More at once are more clients.",
            },
        ],
    ),
    (
        "Protocols",
        &[
            Limit {
                what: "Membership",
                left_out: "The nodes are there from the start and stay the same ones. None joins, leaves for good or is replaced, and no partition moves.",
                matters: "Changes of membership are where consensus goes wrong most often: two majorities that do not overlap are one careless step away.",
                instead: "Another number of copies, partitions or regions starts another run. A node that comes back without its disk is still the same node, with the same vote.",
            },
            Limit {
                what: "Elections in detail",
                left_out: "There is no pre-vote, no handing over of the lead, no priorities, no witnesses and no learners.",
                matters: "They decide how often a cluster changes its leader without need, and how long a planned change takes.",
                instead: "A majority votes, and the newest log among those that answered leads; or a failover manager picks from what it can reach.",
            },
            Limit {
                what: "Failover inside a region, where many lead",
                left_out: "A region’s followers are never promoted. While its leader is down, the region takes no writes of its own.",
                matters: "Real regions run a failover of their own, which can lose or fork that region’s writes.",
                instead: "Clients turn to the next region’s leader when theirs does not answer.",
            },
            Limit {
                what: "The rest of leaderless systems",
                left_out: "There are no virtual nodes, no Merkle trees, no levels that count by data centre (LOCAL_QUORUM), and no lightweight transactions.",
                matters: "They decide how evenly load is spread, what comparing two replicas costs, and what a read in another region may miss.",
                instead: "A key’s copies are its number’s node and those after it. Anti-entropy compares every key that two replicas share. W and R count all copies alike.",
            },
            Limit {
                what: "Kafka’s in-sync set, and CouchDB’s revision trees",
                left_out: "Neither is built yet, so that neither is among the presets.",
                matters: "Kafka’s acks=all waits for the replicas that are in sync now, which may be one. CouchDB picks the same winner everywhere from a tree of revisions, and keeps the losers.",
                instead: "Nearest to them here are semi-sync, which falls back in a like manner, and siblings, which keep both values.",
            },
        ],
    ),
];

/// The page.
#[component]
pub fn Limits(props: &Back) -> Html {
    let limit = |limit: &Limit| {
        html! {
            <section class="limit">
                <h4>{ limit.what }</h4>
                <p>{ limit.left_out }</p>
                <dl>
                    <dt>{ "Why it may matter" }</dt>
                    <dd>{ limit.matters }</dd>
                    <dt>{ "Here instead" }</dt>
                    <dd>{ limit.instead }</dd>
                </dl>
            </section>
        }
    };
    html! {
        <main class="limits" id="limits" tabindex="-1">
            <nav><a class="back" href={props.back.clone()}>{ "← Back to the run" }</a></nav>
            <h2>{ "What this does not model" }</h2>
            <p class="intro">
                { "Replicascope runs replication protocols message by message. Whatever else a database does is left out, or stands in a simpler form. Where your question hangs on one of these, the answer is not here." }
            </p>
            for (name, limits) in LIMITS {
                <section>
                    <h3>{ *name }</h3>
                    <div class="list">{ for limits.iter().map(limit) }</div>
                </section>
            }
        </main>
    }
}
