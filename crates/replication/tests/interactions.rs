//! Runs the scripts in `tests/interactions/`: commands, `----`, and what they must print.
//!
//! Each file opens with prose that says what it shows. Commands:
//! - `scenario` and a JSON document on the following lines: opens a run at its start
//! - `seek MS`: moves the cursor; prints what happened in between, without heartbeats
//! - `nodes`: what the replicas have
//! - `verdicts`: how the promises stand
//!
//! `UPDATE=1 cargo test` writes what was printed into the files: read the difference before you keep it.

use std::fmt::Write as _;
use std::sync::Arc;

use replication::engine::time::SimTime;
use replication::ids::{Held, NodeId, Place, Position, Version, WriteId};
use replication::promise::Promise;
use replication::run::{self, LogView, Run};
use replication::scenario::{Names, Scenario};
use replication::trace::{Action, Kind, MessageKind, Outcome, Record};

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
            let told = records[before..run.happened()]
                .iter()
                .filter_map(|record| line(record, records, &run.scenario().names));
            told.fold(String::new(), |all, line| all + "\n" + &line)
        }
        "nodes" => run.nodes().iter().fold(String::new(), |all, node| {
            let names = &run.scenario().names;
            let logs: String = node.logs.iter().map(log).collect();
            let held: Vec<String> = node.held.iter().map(|held| shown(held, names)).collect();
            let up = if node.up { "" } else { " (down)" };
            format!(
                "{all}\n{}{up} {:?}{logs} shows {}",
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
    format!(
        " epoch {} [{}] persisted {} applied {} committed {}",
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
        (message != MessageKind::Heartbeat)
            .then(|| format!("{message:?} {} -> {}", place(from), place(to)))
    };
    let what = match record.kind {
        Kind::Sent {
            message: MessageKind::Heartbeat,
            ..
        } => return None,
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
        Kind::Lost => format!("lost: {}", sent(record)?),
        Kind::Undelivered => format!("undelivered: {}", sent(record)?),
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
        Kind::Crashed { node: at } => format!("{} crashed", node(at)),
        Kind::Restarted { node: at } => format!("{} restarted", node(at)),
        Kind::Changed { script } => format!("script entry {script} changed the settings"),
    };
    Some(format!("{:>9} {what}", ms(record.at)))
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
    }
}

fn number(write: Option<WriteId>) -> String {
    write.map_or(String::new(), |WriteId(number)| format!(" #{number}"))
}

fn shown(held: &Held, names: &Names) -> String {
    format!("{}{}", names.value(held.value), number(held.write))
}
