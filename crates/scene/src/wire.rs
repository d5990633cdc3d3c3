//! What is on the wire, one by one and in words: for whoever wants to do something to one message.

use replication::ids::Place;
use replication::run::Run;
use replication::trace::{MessageKind, Seq};

use crate::events::what;
use crate::flights::is_chatter;
use crate::index::SceneIndex;
use crate::moment::Moment;
use crate::quantity::duration;
use crate::trip::{End, Trip};

/// A message on the wire.
#[derive(Clone, Debug, PartialEq)]
pub struct Underway {
    /// The record of its sending.
    pub seq: Seq,
    /// Who sent it.
    pub from: Place,
    /// To whom.
    pub to: Place,
    /// Its kind.
    pub kind: MessageKind,
    /// Whether it is one of those that go back and forth all the time.
    pub chatter: bool,
    /// "The message with #3 from L to F2 is due in 120 ms."
    pub says: String,
}

/// What is on the wire at the run's cursor, oldest first. What waits at a paused replica is there already.
pub fn underway(run: &dyn Run, index: &SceneIndex) -> Vec<Underway> {
    let now = Moment::of(run, index);
    let asks = now.asks_for_lag();
    let underway = |seq: &Seq| {
        let (sending, message) = now.message(*seq)?;
        let trip = Trip::of(&now, sending, &message);
        let left_us = trip.ends_us.checked_sub(now.now_us).filter(|us| *us > 0)?;
        let fate = match trip.end {
            End::Lost => "is on the wire, and will be lost".to_owned(),
            _ => format!("is due in {}", duration(left_us)),
        };
        Some(Underway {
            seq: *seq,
            from: message.from,
            to: message.to,
            kind: message.kind,
            chatter: is_chatter(message.kind, asks),
            says: format!(
                "{} from {} to {} {fate}.",
                what(&now, &message),
                now.place(message.from),
                now.place(message.to)
            ),
        })
    };
    now.in_flight().iter().filter_map(underway).collect()
}
