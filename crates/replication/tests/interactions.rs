//! Runs the scripts in `tests/interactions/`: commands, `----`, and what they must print.
//!
//! Each file opens with prose that says what it shows. Commands:
//! - `scenario` and a JSON document on the following lines: opens a run at its start
//! - `seek MS`: moves the cursor; prints what happened in between, without heartbeats. `seek MS except Ask
//!   Told` leaves these messages out too
//! - `nodes`: what the replicas have
//! - `verdicts`: how the promises stand
//!
//! `UPDATE=1 cargo test` writes what was printed into the files: read the difference before you keep it.

use std::fmt::Write as _;
use std::sync::Arc;

use replication::engine::time::SimTime;
use replication::ids::{Held, NodeId, Place, Places, Position, Version, WriteId};
use replication::promise::Promise;
use replication::run::{self, LogView, Run};
use replication::scenario::{Names, Scenario};
use replication::trace::{Action, Kept, Kind, MessageKind, Outcome, Record};

#[test]
fn every_script_prints_what_it_says() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/interactions");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the scripts")
        .map(|entry| entry.expect("readable").path())
        .collect();
    files.sort();
    assert!(files.len() >= 5, "scripts are missing");
    let update = std::env::var_os("UPDATE").is_some();
    let mut wrong = Vec::new();
    for file in files {
        let before = std::fs::read_to_string(&file).expect("readable");
        let after = replay(&before);
        if before != after {
            wrong.push(format!(
                "{}\n{}",
                file.display(),
                first_difference(&before, &after)
            ));
            if update {
                std::fs::write(&file, after).expect("writable");
            }
        }
    }
    assert!(update || wrong.is_empty(), "{}", wrong.join("\n"));
}

fn first_difference(before: &str, after: &str) -> String {
    let same = before
        .lines()
        .zip(after.lines())
        .take_while(|(a, b)| a == b)
        .count();
    let line = |text: &str| text.lines().nth(same).unwrap_or("(the end)").to_owned();
    format!(
        "line {}\n  has:    {}\n  prints: {}",
        same + 1,
        line(before),
        line(after)
    )
}

/// The same script with what its commands print now.
fn replay(script: &str) -> String {
    let mut run: Option<Box<dyn Run>> = None;
    let mut out = String::new();
    // Blocks are parted by empty lines; those without a `----` are prose.
    for (i, block) in script.trim_end().split("\n\n").enumerate() {
        if i > 0 {
            out.push_str("\n\n");
        }
        match block.split_once("\n----") {
            None => out.push_str(block),
            Some((command, _)) => {
                write!(out, "{command}\n----{}", perform(command, &mut run)).expect("a string")
            }
        }
    }
    out.push('\n');
    out
}

fn perform(command: &str, run: &mut Option<Box<dyn Run>>) -> String {
    let (head, body) = command.split_once('\n').unwrap_or((command, ""));
    let mut words = head.split_whitespace();
    let name = words.next().expect("a command");
    if name == "scenario" {
        let scenario =
            Scenario::from_bytes(body.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
        let seed = scenario.seed;
        *run = Some(run::open(Arc::new(scenario), seed));
        return String::new();
    }
    let run = run.as_mut().expect("a scenario first");
    match name {
        "seek" => {
            let before = run.happened();
            let ms: u64 = words
                .next()
                .and_then(|word| word.parse().ok())
                .expect("milliseconds");
            run.seek(SimTime(ms * 1000));
            let records = run.records();
            // `seek MS except Ask Told` leaves these messages out.
            let except: Vec<&str> = words.skip(1).collect();
            let told = records[before..run.happened()]
                .iter()
                .filter(|record| match record.kind {
                    Kind::Sent { message, .. } => {
                        !except.contains(&format!("{message:?}").as_str())
                    }
                    _ => true,
                })
                .filter_map(|record| line(record, records, &run.scenario().names));
            told.fold(String::new(), |all, line| all + "\n" + &line)
        }
        "nodes" => run.nodes().iter().fold(String::new(), |all, node| {
            let names = &run.scenario().names;
            let logs: String = node.logs.iter().map(log).collect();
            let siblings = |key: usize| {
                let of_key = node
                    .siblings
                    .iter()
                    .filter(move |(other, _)| usize::from(other.0) == key);
                of_key
                    .map(|(_, held)| format!(" | {}", shown(held, names)))
                    .collect::<String>()
            };
            let held = node.held.iter().enumerate();
            let held: Vec<String> = held
                .map(|(key, held)| shown(held, names) + &siblings(key))
                .collect();
            let hint = |hint: &run::HintView| {
                let (home, key) = (names.node(hint.home), names.key(hint.key));
                format!(" hint for {home}: {key}{}", number(Some(hint.write)))
            };
            let hints: String = node.hints.iter().map(hint).collect();
            let state = match (node.up, node.paused) {
                (false, _) => " (down)",
                (true, true) => " (paused)",
                (true, false) => "",
            };
            format!(
                "{all}\n{}{state} {:?}{logs} shows {}{hints}",
                names.node(node.id),
                node.role,
                held.join(", ")
            )
        }),
        "verdicts" => Promise::ALL.iter().fold(String::new(), |all, promise| {
            let verdict = run.verdict(*promise);
            let first = run
                .violations()
                .iter()
                .find(|violation| violation.promise == *promise);
            let sentence = first.map_or(String::new(), |violation| {
                format!("\n  {}", violation.sentence)
            });
            format!(
                "{all}\n{}: {:?}, {} checked, {} violations{sentence}",
                promise.name(),
                verdict.state,
                verdict.checked,
                verdict.violations
            )
        }),
        other => panic!("no command {other}"),
    }
}

fn log(log: &LogView) -> String {
    let entry =
        |entry: &run::EntryView| format!(" {}{}", position(entry.position), number(entry.write));
    let entries: String = log.tail.iter().map(entry).collect();
    let trimmed = match log.trimmed {
        0 => String::new(),
        trimmed => format!(" trimmed {trimmed}"),
    };
    let stopped = if log.stopped { " stopped" } else { "" };
    format!(
        " epoch {} [{}] persisted {} applied {} committed {}{trimmed}{stopped}",
        log.epoch,
        entries.trim_start(),
        log.persisted,
        log.applied,
        log.committed
    )
}

/// One line for a record: when, and what. `None` for what happens all the time.
fn line(record: &Record, trace: &[Record], names: &Names) -> Option<String> {
    let node = |id: NodeId| names.node(id);
    let place = |place: Place| match place {
        Place::Node(id) => names.node(id).to_owned(),
        Place::Client(id) => names.client(id).to_owned(),
    };
    let sent = |record: &Record| -> Option<String> {
        let Kind::Sent {
            from, to, message, ..
        } = trace[record.cause?.index()].kind
        else {
            return None;
        };
        (!is_chatter(message)).then(|| format!("{message:?} {} -> {}", place(from), place(to)))
    };
    let what = match record.kind {
        Kind::Sent { message, .. } if is_chatter(message) => return None,
        Kind::Sent {
            from,
            to,
            message,
            carries,
            arrives,
            ..
        } => {
            let upto = carries
                .upto
                .map_or(String::new(), |upto| format!(" upto {}", position(upto)));
            let end = arrives.map_or("will be lost".to_owned(), |at| {
                format!("arrives {}", ms(at))
            });
            format!(
                "{} -> {} {message:?}{}{upto}, {end}",
                place(from),
                place(to),
                number(carries.write)
            )
        }
        Kind::Delivered => return None,
        Kind::Lost { cut: false } => format!("lost: {}", sent(record)?),
        Kind::Lost { cut: true } => format!("cut off: {}", sent(record)?),
        Kind::Undelivered => format!("undelivered: {}", sent(record)?),
        Kind::Dropped => format!("dropped: {}", sent(record)?),
        Kind::Delayed { ends } => format!("held up until {}: {}", ms(ends), sent(record)?),
        Kind::Invoked {
            op,
            action: Action::Write { write, key, .. },
        } => format!(
            "{} writes {}{}",
            names.client(op.client),
            names.key(key),
            number(Some(write))
        ),
        Kind::Invoked {
            op,
            action: Action::Read { keys },
        } => {
            let keys: Vec<&str> = keys.iter().map(|key| names.key(key)).collect();
            format!("{} reads {}", names.client(op.client), keys.join(", "))
        }
        Kind::Saw {
            op,
            key,
            from,
            held,
        } => format!(
            "{} saw {} = {} from {}",
            names.client(op.client),
            names.key(key),
            shown(&held, names),
            node(from)
        ),
        Kind::Ended { op, outcome } => format!(
            "{} {}",
            names.client(op.client),
            match outcome {
                Outcome::Written { version } => format!("was told done: {}", versioned(version)),
                Outcome::Answered => "has all its answers".to_owned(),
                Outcome::Refused => "was refused".to_owned(),
                Outcome::PositionLost => "was told that its position is lost".to_owned(),
                Outcome::Unknown => "gave up waiting: unknown".to_owned(),
            }
        ),
        Kind::Appended {
            node: at,
            position: p,
            write,
            ..
        } => format!("{} appended {}{}", node(at), position(p), number(write)),
        Kind::Persisted {
            node: at,
            position: p,
            write,
            ..
        } => format!("{} persisted {}{}", node(at), position(p), number(write)),
        Kind::Applied {
            node: at,
            position: p,
            ..
        } => format!("{} shows up to {}", node(at), position(p)),
        Kind::Committed {
            node: at,
            position: p,
            ..
        } => format!("{} committed up to {}", node(at), position(p)),
        Kind::Discarded {
            node: at,
            position: p,
            write,
            ..
        } => format!("{} discarded {}{}", node(at), position(p), number(write)),
        Kind::Stored {
            node: at,
            key,
            write,
            newest,
            ..
        } => {
            format!(
                "{} stored {}{}{}",
                node(at),
                names.key(key),
                number(Some(write)),
                if newest { "" } else { ", too old" }
            )
        }
        Kind::Served {
            node: at,
            key,
            held,
            ..
        } => format!(
            "{} looked up {} = {}",
            node(at),
            names.key(key),
            shown(&held, names)
        ),
        Kind::Acknowledged {
            node: at, write, ..
        } => format!("{} has enough for{}", node(at), number(Some(write))),
        Kind::FellBack { node: at, .. } => format!("{} fell back to async", node(at)),
        Kind::BackInSync { node: at, .. } => format!("{} waits for followers again", node(at)),
        Kind::Suspected {
            node: at, epoch, ..
        } => format!("{} stands for epoch {epoch}", node(at)),
        Kind::Promoted {
            node: at,
            epoch,
            last,
            ..
        } => format!("{} leads epoch {epoch} after {}", node(at), position(last)),
        Kind::SteppedDown {
            node: at, epoch, ..
        } => format!("{} steps down for epoch {epoch}", node(at)),
        Kind::Crashed {
            node: at,
            disk_lost: false,
        } => format!("{} crashed", node(at)),
        Kind::Crashed {
            node: at,
            disk_lost: true,
        } => format!("{} crashed, and its disk is lost", node(at)),
        Kind::Paused { node: at } => format!("{} paused", node(at)),
        Kind::Resumed { node: at } => format!("{} goes on", node(at)),
        Kind::Skewed { node: at, by_us } => format!("{}'s clock is {by_us} us ahead", node(at)),
        Kind::Cut {
            from,
            to,
            both_ways,
        } => format!(
            "cut: {} {} {}",
            places(from, names),
            if both_ways { "<->" } else { "->" },
            places(to, names)
        ),
        Kind::Healed { from, to } => {
            format!("healed: {} <-> {}", places(from, names), places(to, names))
        }
        Kind::Slowed { from, to, by_us } => {
            format!(
                "{by_us} us slower: {} <-> {}",
                places(from, names),
                places(to, names)
            )
        }
        Kind::BackedUp {
            number,
            worked: true,
        } => format!("backup {number}"),
        Kind::BackedUp {
            number,
            worked: false,
        } => format!("backup {number} failed"),
        Kind::Restored { node: at, as_of } => format!("{} restored as of {}", node(at), ms(as_of)),
        Kind::Rested { since } => format!("all is quiet since {}", ms(since)),
        Kind::NothingToRestore { node: at } => format!("{} has no copy to restore", node(at)),
        Kind::Serving {
            node: at, epoch, ..
        } => format!("{} may serve in epoch {epoch}", node(at)),
        Kind::LeaseLost { node: at, .. } => format!("{} has lost its lease", node(at)),
        Kind::LeaseRegained { node: at, .. } => format!("{} has a lease again", node(at)),
        Kind::Trimmed {
            node: at,
            position: p,
            ..
        } => {
            format!("{} trimmed its log up to {}", node(at), position(p))
        }
        Kind::Installed {
            node: at,
            position: p,
            ..
        } => {
            format!("{} installs a snapshot up to {}", node(at), position(p))
        }
        Kind::Standby {
            node: at,
            of,
            connected,
            ..
        } => format!(
            "{} takes {} for {}",
            node(at),
            node(of),
            if connected { "connected" } else { "gone" }
        ),
        Kind::Stopped {
            node: at,
            position: p,
            ..
        } => {
            format!("{} can't apply {} and stops", node(at), position(p))
        }
        Kind::Evaluated {
            node: at,
            position: p,
            key,
            value,
            ..
        } => format!(
            "{} evaluates {} for {}: {}",
            node(at),
            position(p),
            names.key(key),
            names.value(value)
        ),
        Kind::Doubted { node: at, of, gone } => format!(
            "{} takes {} for {}",
            node(at),
            node(of),
            if gone { "gone" } else { "back" }
        ),
        Kind::HintKept {
            node: at,
            home,
            key,
            write,
        } => format!(
            "{} keeps a hint for {}: {}{}",
            node(at),
            node(home),
            names.key(key),
            number(Some(write))
        ),
        Kind::HintGone {
            node: at,
            home,
            key,
            write,
            expired,
        } => format!(
            "{} {} a hint for {}: {}{}",
            node(at),
            if expired { "drops" } else { "has handed off" },
            node(home),
            names.key(key),
            number(Some(write))
        ),
        Kind::Conflict {
            node: at,
            key,
            there,
            came,
            kept,
        } => format!(
            "{} finds a conflict on {}:{} meets{}, {}",
            node(at),
            names.key(key),
            number(Some(there)),
            number(Some(came)),
            match kept {
                Kept::There => "the first stays".to_owned(),
                Kept::Came => "the second replaces it".to_owned(),
                Kept::Both => "both stay".to_owned(),
                Kept::Merged => "they are merged".to_owned(),
            }
        ),
        Kind::Evicted {
            client,
            node: at,
            lag_us,
        } => format!(
            "{} reads no more from {}: {lag_us} us behind",
            names.client(client),
            node(at)
        ),
        Kind::LetBack { client, node: at } => {
            format!("{} reads from {} again", names.client(client), node(at))
        }
        Kind::Restarted { node: at } => format!("{} restarted", node(at)),
        Kind::Changed { script } => format!("script entry {script} changed the settings"),
        Kind::Recognised {
            node: at,
            write,
            earlier,
            ..
        } => format!(
            "{} finds that{} is{}, sent again",
            node(at),
            number(Some(write)),
            number(Some(earlier))
        ),
    };
    Some(format!("{:>9} {what}", ms(record.at)))
}

/// What goes back and forth all the time.
fn is_chatter(message: MessageKind) -> bool {
    use MessageKind as M;
    matches!(message, M::Heartbeat | M::Alive | M::Ping | M::Pong)
}

fn places(places: Places, names: &Names) -> String {
    let name = |place| match place {
        Place::Node(id) => names.node(id),
        Place::Client(id) => names.client(id),
    };
    places.iter().map(name).collect::<Vec<_>>().join(", ")
}

fn ms(at: SimTime) -> String {
    format!("{}.{:03}", at.0 / 1000, at.0 % 1000)
}

fn position(position: Position) -> String {
    format!("({},{})", position.epoch, position.index)
}

fn versioned(version: Version) -> String {
    match version {
        Version::Log(at) => position(at),
        Version::Stamp {
            at_us,
            coordinator,
            counter,
        } => format!("{at_us}/{}/{counter}", coordinator.0),
        Version::Revision { count, node } => format!("revision {count}/{}", node.0),
        Version::Dotted { dot, seen } => {
            let seen: Vec<String> = seen.0.iter().map(u16::to_string).collect();
            let seen = seen.join(".");
            format!(
                "{}:{} after {}",
                dot.node.0,
                dot.counter,
                seen.trim_end_matches(".0")
            )
        }
    }
}

fn number(write: Option<WriteId>) -> String {
    write.map_or(String::new(), |WriteId(number)| format!(" #{number}"))
}

fn shown(held: &Held, names: &Names) -> String {
    format!("{}{}", names.value(held.value), number(held.write))
}
