//! One plain sentence for a record: for stepping, the live region and the event log.

use replication::ids::{Change, Function, KeySet, NodeId, PartitionId, Position, Value, WriteId};
use replication::run::Run;
use replication::trace::{Action, Kept, Kind, MessageKind, Outcome, Record, Seq};

use crate::flights::{carries_no_op, write_carried};
use crate::index::SceneIndex;
use crate::moment::{Message, Moment};
use crate::places::{ahead, cut_off, places};
use crate::quantity::{duration, listed, moment as moment_of};
use crate::settings::changed;
use crate::timeline::is_quiet;

/// What happened, in one sentence; `None` for what is told by what it causes.
pub fn event_words(run: &dyn Run, index: &SceneIndex, seq: Seq) -> Option<String> {
    words(&Moment::of(run, index), seq)
}

/// What has happened since a record (or last, where none is given) and is told first to those who can't be told all: the
/// newest of what says most, in a sentence. With it the last record up to which that is so; `None` where nothing is new.
pub fn foremost_event(
    run: &dyn Run,
    index: &SceneIndex,
    since: Option<Seq>,
) -> Option<(Seq, String)> {
    let moment = Moment::of(run, index);
    let loud = index.loud();
    let so_far = &loud[..loud.partition_point(|seq| seq.index() < moment.happened)];
    let last = *so_far.last()?;
    let from = since.unwrap_or(Seq(last.0.saturating_sub(1)));
    let fresh = &so_far[so_far.partition_point(|seq| *seq <= from)..];
    let weight = |seq: &&Seq| moment.record(**seq).map(|record| weight(&record.kind));
    let foremost = fresh.iter().max_by_key(weight)?;
    Some((last, words(&moment, *foremost)?))
}

/// How much an event says to who follows the story alone: first what people do and hear, and what befalls machines.
fn weight(kind: &Kind) -> u8 {
    match kind {
        Kind::Acknowledged { .. }
        | Kind::Saw { .. }
        | Kind::Ended { .. }
        | Kind::Promoted { .. }
        | Kind::FellBack { .. }
        | Kind::Discarded { .. }
        | Kind::Conflict { .. }
        | Kind::Crashed { .. }
        | Kind::Restarted { .. }
        | Kind::Paused { .. }
        | Kind::Resumed { .. }
        | Kind::Cut { .. }
        | Kind::Healed { .. }
        | Kind::Restored { .. }
        | Kind::Changed { .. } => 2,
        Kind::Invoked { .. }
        | Kind::BackInSync { .. }
        | Kind::LeaseLost { .. }
        | Kind::SteppedDown { .. }
        | Kind::HintKept { .. }
        | Kind::HintGone { .. }
        | Kind::Slowed { .. }
        | Kind::Skewed { .. }
        | Kind::Dropped
        | Kind::Delayed { .. } => 1,
        _ => 0,
    }
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
                Outcome::PositionLost => format!(
                    "{name} is told that the position is lost: nobody has any more what {name} had seen."
                ),
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
        Kind::Lost { cut: true } => lost(moment, record, "was lost: the link is cut")?,
        Kind::Lost { cut: false } => lost(moment, record, "was lost")?,
        Kind::Dropped => lost(moment, record, "was dropped")?,
        Kind::Delayed { ends } => {
            let until = match moment.message(record.cause?)?.1.lost {
                true => "was held up".to_owned(),
                false => format!("was held up: it is due at {}", moment_of(ends.0)),
            };
            lost(moment, record, &until)?
        }
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
        Kind::Suspected { node: at, .. } if moment.structure.manager() == Some(at) => format!(
            "The {} has not heard from the leader for too long, and asks the others how far they are.",
            node(at)
        ),
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
        Kind::Serving {
            node: at,
            partition,
            epoch,
        } => format!(
            "{}{} has waited until all older leases are over, and serves in epoch {epoch}.",
            node(at),
            of(partition)
        ),
        Kind::LeaseLost {
            node: at,
            partition,
        } => format!(
            "{}{} has not been answered by a majority for too long: its lease is over, and it stops saying “done”.",
            node(at),
            of(partition)
        ),
        Kind::LeaseRegained {
            node: at,
            partition,
        } => format!(
            "{}{} is answered by a majority again, and serves.",
            node(at),
            of(partition)
        ),
        Kind::Trimmed {
            node: at,
            partition,
            position,
        } => format!(
            "{} forgets its log{} up to entry {}: who needs that gets a snapshot.",
            node(at),
            of(partition),
            position.index
        ),
        Kind::Installed {
            node: at,
            partition,
            position,
        } => format!(
            "{} installs a snapshot of {}.",
            node(at),
            up_to(moment, partition, position)
        ),
        Kind::Standby {
            node: at,
            partition,
            of: standby,
            connected,
        } => {
            let of = of(partition);
            match connected {
                true => format!("{}{of} takes {} for connected.", node(at), node(standby)),
                false => format!(
                    "{}{of} takes {} for gone, since it has not answered for too long.",
                    node(at),
                    node(standby)
                ),
            }
        }
        Kind::Stopped {
            node: at,
            partition,
            position,
        } => {
            let entry = entry_words(moment, partition, position);
            format!(
                "{} can’t apply {entry}, which is in another version’s format: it stops.",
                node(at)
            )
        }
        Kind::Evaluated {
            node: at,
            partition,
            position,
            key,
            value,
        } => {
            let entry = entry_words(moment, partition, position);
            let (key, value) = (moment.names.key(key), moment.value(value));
            format!(
                "{} evaluates {entry} for itself: {key} is {value} there.",
                node(at)
            )
        }
        Kind::Doubted {
            node: at,
            of: doubted,
            gone,
        } => match gone {
            true => format!("{} takes {} for gone.", node(at), node(doubted)),
            false => format!("{} hears that {} is back.", node(at), node(doubted)),
        },
        Kind::HintKept {
            node: at,
            home,
            write,
            ..
        } => format!(
            "{} keeps #{} for {}, which seems to be away.",
            node(at),
            write.0,
            node(home)
        ),
        Kind::HintGone {
            node: at,
            home,
            write,
            expired,
            ..
        } => match expired {
            true => format!(
                "{} drops the hint for {} (#{}): it is too old.",
                node(at),
                node(home),
                write.0
            ),
            false => format!(
                "{} has handed #{} over to {}.",
                node(at),
                write.0,
                node(home)
            ),
        },
        Kind::Conflict {
            node: at,
            key,
            there,
            came,
            kept,
        } => {
            let key = moment.names.key(key);
            let (there, came) = (there.0, came.0);
            let fate = match kept {
                Kept::There => format!("#{there} stays, #{came} is dropped."),
                Kept::Came => format!("#{came} wins, #{there} is dropped."),
                Kept::Both => "both stay, side by side.".to_owned(),
                Kept::Merged => "they are merged.".to_owned(),
            };
            format!(
                "At {}, #{there} and #{came} of {key} are in conflict, as neither had seen the other: {fate}",
                node(at)
            )
        }
        Kind::Evicted {
            client,
            node: at,
            lag_us,
        } => format!(
            "{} no longer reads from {}, which is {} behind.",
            moment.names.client(client),
            node(at),
            duration(lag_us)
        ),
        Kind::LetBack { client, node: at } => format!(
            "{} reads from {} again: it has caught up.",
            moment.names.client(client),
            node(at)
        ),
        Kind::Crashed {
            node: at,
            disk_lost: true,
        } => format!("{} crashes, and its disk is lost too.", node(at)),
        Kind::Crashed { node: at, .. } => format!("{} crashes; its memory is gone.", node(at)),
        Kind::Paused { node: at } => {
            format!("{} is paused: what reaches it waits.", node(at))
        }
        Kind::Resumed { node: at } => {
            format!("{} goes on, and knows nothing of the pause.", node(at))
        }
        Kind::Skewed { node: at, by_us: 0 } => format!("{}’s clock is right again.", node(at)),
        Kind::Skewed { node: at, by_us } => {
            format!("{}’s clock is {} from now on.", node(at), ahead(by_us))
        }
        Kind::Cut {
            from,
            to,
            both_ways,
        } => match both_ways {
            true => format!("{}.", cut_off(moment, from, to)),
            false => {
                let (from, to) = (places(moment, from, to), places(moment, to, from));
                format!("All messages from {from} to {to} are lost from now on.")
            }
        },
        Kind::Healed { from, to } => match from == to {
            true => "All links work again.".to_owned(),
            false => format!(
                "The links between {} and {} work again.",
                places(moment, from, to),
                places(moment, to, from)
            ),
        },
        Kind::Slowed { from, to, by_us } => {
            let (from, to) = (places(moment, from, to), places(moment, to, from));
            match by_us {
                0 => format!("Messages between {from} and {to} are as fast as usual again."),
                by_us => format!(
                    "Messages between {from} and {to} take {} longer.",
                    duration(by_us)
                ),
            }
        }
        Kind::BackedUp {
            number,
            worked: true,
        } => format!("Backup {number} is made."),
        Kind::BackedUp { number, .. } => {
            format!("Backup {number} fails, and nobody is told.")
        }
        Kind::Restored { node: at, as_of } => format!(
            "{}’s disk is replaced by a copy as of {}.",
            node(at),
            crate::quantity::moment(as_of.0)
        ),
        Kind::NothingToRestore { node: at } => {
            format!("There is no backup to restore {} from.", node(at))
        }
        Kind::Restarted { node: at } => format!("{} starts again from its disk.", node(at)),
        Kind::Changed { script } => changed(moment, script),
        Kind::Recognised {
            node: at,
            write,
            earlier,
            ..
        } => format!(
            "{} finds #{} in its log under the key of #{}: it is the same, and is not written again.",
            node(at),
            earlier.0,
            write.0
        ),
        Kind::Rested { since } => format!(
            "All is quiet: nothing has changed for {}.",
            duration(record.at.since_us(since))
        ),
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
        Change::Insert(item) => format!("puts {} into {key}", moment.item(item)),
        Change::Remove(item) => format!("takes {} out of {key}", moment.item(item)),
        Change::Call(function) => format!("sets {key} to {}", function_name(function)),
    }
}

/// As it is written in SQL.
pub(crate) fn function_name(function: Function) -> &'static str {
    match function {
        Function::Now => "NOW()",
        Function::Rand => "RAND()",
        Function::Uuid => "UUID()",
        Function::NextId => "the next id",
    }
}

fn entry_words(moment: &Moment<'_>, partition: PartitionId, position: Position) -> String {
    let known = moment.index.appended(partition, position);
    match known.and_then(|entry| entry.write) {
        Some(write) => format!("#{}", write.0),
        None => format!("entry {}", position.index),
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
    // Each partition has a log of its own.
    let of = match moment.structure.partitions {
        0 | 1 => String::new(),
        _ => format!(" of partition {}", partition.0 + 1),
    };
    match write {
        Some(write) => format!("everything{of} up to #{}", write.0),
        None => format!("everything{of} up to entry {} of the log", position.index),
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
        MessageKind::Hinted => {
            let write = message.carries.write?;
            Some(format!(
                "{to} hears that {from} keeps #{} for another.",
                write.0
            ))
        }
        MessageKind::Inspected => Some(format!("{to} hears how far {from} is.")),
        MessageKind::TooStale => Some(format!(
            "{to} hears that {from} does not have what the token names."
        )),
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

/// What begins a sentence, within one.
pub(crate) fn uncapitalised(sentence: &str) -> String {
    let mut chars = sentence.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => String::new(),
    }
}

/// A message, as the subject of a sentence: "The message with #3".
pub(crate) fn what(moment: &Moment<'_>, message: &Message) -> String {
    match message.kind {
        _ if carries_no_op(message) => "The message with a new leader’s first entry".to_owned(),
        MessageKind::Ask if moment.is_leaderless() => "The question who is there".to_owned(),
        MessageKind::Told if moment.is_leaderless() => "The reply of one that is".to_owned(),
        kind => kind_words(kind, write_carried(moment, message)),
    }
}

/// What a message of a kind is, and which write it carries.
pub(crate) fn kind_words(kind: MessageKind, write: Option<WriteId>) -> String {
    let number = |before: &str| match write {
        Some(write) => format!("{before} #{}", write.0),
        None => before
            .trim_end_matches(" for")
            .trim_end_matches(" with")
            .trim_end_matches(" of")
            .to_owned(),
    };
    match kind {
        MessageKind::Write => number("The request to write"),
        MessageKind::Read => "The request to read".to_owned(),
        MessageKind::Done => number("The “done” for"),
        MessageKind::Answer | MessageKind::Fetched => "The answer".to_owned(),
        MessageKind::NotLeader => "The refusal".to_owned(),
        MessageKind::Ask => "The question who leads".to_owned(),
        MessageKind::Told => "The reply that names the leader".to_owned(),
        MessageKind::Append if write.is_none() => "The question where the logs part".to_owned(),
        MessageKind::Append | MessageKind::Store => number("The message with"),
        MessageKind::Ack | MessageKind::Stored => number("The acknowledgement for"),
        MessageKind::Heartbeat => "A heartbeat".to_owned(),
        MessageKind::VoteRequest => "The request for a vote".to_owned(),
        MessageKind::Vote => "The vote".to_owned(),
        MessageKind::Appoint => "The appointment".to_owned(),
        MessageKind::Fetch => "The request to look up".to_owned(),
        MessageKind::TooStale | MessageKind::PositionLost | MessageKind::Refused => {
            "The refusal".to_owned()
        }
        MessageKind::Alive | MessageKind::Pong => "A sign of life".to_owned(),
        MessageKind::Ping => "The question whether it is there".to_owned(),
        MessageKind::Snapshot => "The snapshot".to_owned(),
        MessageKind::Inspect => "The question how far it is".to_owned(),
        MessageKind::Inspected => "The reply that says how far it is".to_owned(),
        MessageKind::Hint => number("The hint with"),
        MessageKind::Handoff => number("The hand-off of"),
        MessageKind::Repair => number("The repair with"),
        MessageKind::Compare => "The comparison".to_owned(),
        MessageKind::Differ => "The answer to the comparison".to_owned(),
        MessageKind::Replicate => number("The message with"),
        MessageKind::Hinted
        | MessageKind::HandedOff
        | MessageKind::Repaired
        | MessageKind::Replicated => number("The acknowledgement for"),
    }
}
