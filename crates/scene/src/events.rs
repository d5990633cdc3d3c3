//! One plain sentence for a record: for stepping, the live region and the event log.

use replication::ids::{Change, KeySet, NodeId, PartitionId, Position, Value, WriteId};
use replication::run::Run;
use replication::scenario::{Intervention, Scripted, Settings};
use replication::trace::{Action, Kind, MessageKind, Outcome, Record, Seq};

use crate::index::SceneIndex;
use crate::moment::{Message, Moment};
use crate::quantity::{decimal, listed};
use crate::timeline::is_quiet;
use crate::words::{ack_name, reads_name};

/// What happened, in one sentence; `None` for what is told by what it causes.
pub fn event_words(run: &dyn Run, index: &SceneIndex, seq: Seq) -> Option<String> {
    words(&Moment::of(run, index), seq)
}

/// The sentences of the last `count` records at or before the cursor that have one, newest last, with
/// their times in microseconds.
pub fn recent_events(run: &dyn Run, index: &SceneIndex, count: usize) -> Vec<(Seq, u64, String)> {
    let moment = Moment::of(run, index);
    let loud = index.loud();
    let before = loud.partition_point(|seq| seq.index() < moment.happened);
    let told = loud[..before].iter().rev().filter_map(|seq| {
        let at = moment.record(*seq)?.at;
        Some((*seq, at.0, words(&moment, *seq)?))
    });
    let mut told: Vec<_> = told.take(count).collect();
    told.reverse();
    told
}

pub(crate) fn words(moment: &Moment<'_>, seq: Seq) -> Option<String> {
    let record = moment.record(seq)?;
    if is_quiet(record, moment.run.records()) {
        return None;
    }
    let node = |node: NodeId| moment.names.node(node);
    let of = |partition: PartitionId| match moment.structure.partitions {
        0 | 1 => String::new(),
        _ => format!(" of partition {}", partition.0 + 1),
    };
    let sentence = match record.kind {
        Kind::Invoked { op, action } => {
            let name = moment.names.client(op.client);
            match action {
                Action::Write { write, key, change } => {
                    format!(
                        "{name} {} (#{}).",
                        change_words(moment, moment.names.key(key), change),
                        write.0
                    )
                }
                Action::Read { keys } => format!("{name} reads {}.", key_names(moment, keys)),
            }
        }
        Kind::Saw {
            op,
            key,
            from,
            held,
        } => {
            let (name, key) = (moment.names.client(op.client), moment.names.key(key));
            format!(
                "{name} sees {key}: {}, from {}.",
                moment.held(held),
                node(from)
            )
        }
        Kind::Ended { op, outcome } => {
            let name = moment.names.client(op.client);
            let what = match moment.write_of(op) {
                Some(write) => format!("write #{}", write.0),
                None => "read".to_owned(),
            };
            match outcome {
                Outcome::Written { .. } => {
                    let number = moment
                        .write_of(op)
                        .map_or(String::new(), |write| format!(" for #{}", write.0));
                    format!("{name} is told “done”{number}.")
                }
                Outcome::Answered => return None,
                Outcome::Refused => format!("{name}’s {what} was refused: nothing was done."),
                Outcome::Unknown if moment.write_of(op).is_some() => {
                    format!(
                        "{name}’s {what} got no answer in time: it may have happened, and it still may."
                    )
                }
                Outcome::Unknown => format!("{name}’s {what} got no answer in time."),
            }
        }
        Kind::Sent { .. } | Kind::Appended { .. } => return None,
        Kind::Delivered => delivered(moment, record)?,
        Kind::Lost => lost(moment, record, "was lost")?,
        Kind::Undelivered => {
            let (_, message) = moment.message(record.cause?)?;
            let down = format!("found {} down", moment.place(message.to));
            lost(moment, record, &down)?
        }
        Kind::Persisted {
            node: at, write, ..
        } => format!("{} persisted {}.", node(at), entry(write)),
        Kind::Applied {
            node: at,
            partition,
            position,
        } => format!(
            "{} now shows {}.",
            node(at),
            up_to(moment, partition, position)
        ),
        Kind::Committed {
            node: at,
            partition,
            position,
        } => {
            let upto = up_to(moment, partition, position);
            format!("{} knows {upto} to be on a majority.", node(at))
        }
        Kind::Discarded {
            node: at, write, ..
        } => {
            format!(
                "{} discards {}: its new leader does not have it.",
                node(at),
                entry(write)
            )
        }
        Kind::Stored {
            node: at,
            write,
            newest,
            ..
        } => match newest {
            true => format!("{} stored #{}.", node(at), write.0),
            false => format!(
                "{} got #{}, and kept what it had: that is newer.",
                node(at),
                write.0
            ),
        },
        Kind::Served {
            node: at,
            key,
            held,
            ..
        } => format!(
            "{} looked up {}: {}.",
            node(at),
            moment.names.key(key),
            moment.held(held)
        ),
        Kind::Acknowledged {
            node: at, write, ..
        } => format!("{} says “done” for #{}.", node(at), write.0),
        Kind::FellBack {
            node: at,
            partition,
        } => {
            let of = of(partition);
            format!(
                "{}{of} stops waiting for its followers: from now on it alone is enough.",
                node(at)
            )
        }
        Kind::BackInSync {
            node: at,
            partition,
        } => {
            format!(
                "{}{} waits for its followers again.",
                node(at),
                of(partition)
            )
        }
        Kind::Suspected {
            node: at,
            partition,
            epoch,
        } => format!(
            "{} has not heard from its leader{} for too long, and asks for epoch {epoch}.",
            node(at),
            of(partition)
        ),
        Kind::Promoted {
            node: at,
            partition,
            epoch,
            ..
        } => format!(
            "{} becomes leader{}, in epoch {epoch}.",
            node(at),
            of(partition)
        ),
        Kind::SteppedDown {
            node: at,
            partition,
            epoch,
        } => format!(
            "{} hears of epoch {epoch} and no longer leads{}.",
            node(at),
            of(partition)
        ),
        Kind::Crashed { node: at } => format!("{} crashes; its memory is gone.", node(at)),
        Kind::Restarted { node: at } => format!("{} starts again from its disk.", node(at)),
        Kind::Changed { script } => changed(moment, script),
    };
    Some(sentence)
}

/// "sets balance to 40", "takes 60 from balance".
fn change_words(moment: &Moment<'_>, key: &str, change: Change) -> String {
    match change {
        Change::Set(Value::Absent) => format!("clears {key}"),
        Change::Set(value) => format!("sets {key} to {}", moment.value(value)),
        Change::Add(by) if by < 0 => format!("takes {} from {key}", by.unsigned_abs()),
        Change::Add(by) => format!("adds {by} to {key}"),
    }
}

fn key_names(moment: &Moment<'_>, keys: KeySet) -> String {
    let names: Vec<&str> = keys.iter().map(|key| moment.names.key(key)).collect();
    listed(&names)
}

fn entry(write: Option<WriteId>) -> String {
    match write {
        Some(write) => format!("#{}", write.0),
        None => "its leader’s first entry".to_owned(),
    }
}

fn up_to(moment: &Moment<'_>, partition: PartitionId, position: Position) -> String {
    let write = moment
        .index
        .appended(partition, position)
        .and_then(|entry| entry.write);
    match write {
        Some(write) => format!("everything up to #{}", write.0),
        None => format!("everything up to entry {}", position.index),
    }
}

/// An acknowledgement that counts, and decides nothing yet.
fn delivered(moment: &Moment<'_>, record: &Record) -> Option<String> {
    let (_, message) = moment.message(record.cause?)?;
    let (from, to) = (moment.place(message.from), moment.place(message.to));
    match message.kind {
        MessageKind::Ack => {
            let upto = up_to(moment, message.carries.partition?, message.carries.upto?);
            Some(format!("{to} hears that {from} has {upto}."))
        }
        MessageKind::Stored => {
            let write = message.carries.write?;
            Some(format!("{to} hears that {from} has #{}.", write.0))
        }
        MessageKind::Vote => Some(format!("{to} gets {from}’s vote.")),
        _ => None,
    }
}

fn lost(moment: &Moment<'_>, record: &Record, fate: &str) -> Option<String> {
    let (_, message) = moment.message(record.cause?)?;
    let (from, to) = (moment.place(message.from), moment.place(message.to));
    Some(format!(
        "{} from {from} to {to} {fate}.",
        what(moment, &message)
    ))
}

fn what(moment: &Moment<'_>, message: &Message) -> String {
    let write = crate::flights::write_carried(moment, message);
    let number = |before: &str| match write {
        Some(write) => format!("{before} #{}", write.0),
        None => before.trim_end_matches(" for").to_owned(),
    };
    match message.kind {
        MessageKind::Write => number("The request to write"),
        MessageKind::Read => "The request to read".to_owned(),
        MessageKind::Done => number("The “done” for"),
        MessageKind::Answer | MessageKind::Fetched => "The answer".to_owned(),
        MessageKind::NotLeader => "The refusal".to_owned(),
        MessageKind::Ask => "The question who leads".to_owned(),
        MessageKind::Told => "The word who leads".to_owned(),
        MessageKind::Append if write.is_none() => "A message of the log".to_owned(),
        MessageKind::Append | MessageKind::Store => number("The message with"),
        MessageKind::Ack | MessageKind::Stored => number("The acknowledgement for"),
        MessageKind::Heartbeat => "A heartbeat".to_owned(),
        MessageKind::VoteRequest => "The request for a vote".to_owned(),
        MessageKind::Vote => "The vote".to_owned(),
        MessageKind::Appoint => "The appointment".to_owned(),
        MessageKind::Fetch => "The request to look up".to_owned(),
    }
}

/// "From now on reads go to the leader."
fn changed(moment: &Moment<'_>, script: u16) -> String {
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

fn differences(before: &Settings, after: &Settings) -> Vec<String> {
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
    changes
}
