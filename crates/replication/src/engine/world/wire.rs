//! What somebody does to one message on the wire: takes it off, or holds it up.

use super::{Event, Step, Way, What};
use crate::engine::time::SimTime;
use crate::ids::{NodeId, PartitionId, Place};
use crate::ordered::sort_by_key;
use crate::protocol::Replica;
use crate::scenario::OnTheWire;
use crate::trace::{Kind, Seq};

impl Way {
    /// The ordered link on which it is, where it is on one.
    pub(super) fn ordered(&self) -> Option<(NodeId, NodeId, PartitionId)> {
        match (self.from, self.to) {
            (Place::Node(from), Place::Node(to)) => Some((from, to, self.stream?)),
            _ => None,
        }
    }
}

impl<R: Replica> Event<R> {
    /// Between whom it is on the wire, where it is a message.
    fn way(&self) -> Option<Way> {
        match self.what {
            What::Deliver { way, .. } | What::Lose { way, .. } => Some(way),
            _ => None,
        }
    }

    /// Whether it is on the wire and will arrive.
    fn arrives(&self) -> bool {
        matches!(self.what, What::Deliver { .. })
    }
}

impl<R: Replica> Step<'_, R> {
    /// A message is lost here and now.
    pub(super) fn drop_message(&mut self, which: &OnTheWire) {
        let Some((_, event)) = self.take_off(self.sending(which)) else {
            return;
        };
        self.world.in_flight -= 1;
        self.cause = event.cause;
        self.record(Kind::Dropped);
        self.cause = None;
    }

    /// A message takes so much longer; what comes after it in its stream waits for it.
    pub(super) fn delay_message(&mut self, which: &OnTheWire, by_us: u64) {
        let Some((ends, event)) = self.take_off(self.sending(which)) else {
            return;
        };
        let sending = event.cause;
        let stream = event.way().and_then(|way| way.ordered());
        let stream = stream.filter(|_| event.arrives());
        let mut last = ends.after_us(by_us);
        self.put_back(last, event);
        let Some(stream) = stream else { return };
        for later in self.stream_after(stream, sending) {
            let Some((ends, event)) = self.take_off(Some(later)) else {
                continue;
            };
            // A stream arrives in order: who need not wait, nobody after it need.
            if ends > last {
                self.world.queue.push(ends, event);
                break;
            }
            last = last.after_us(1);
            self.put_back(last, event);
        }
        let known = self.world.ordered.or_insert(stream, SimTime::ZERO);
        *known = last.max(*known);
    }

    /// The sending of the message that is meant, if it is on the wire.
    fn sending(&self, which: &OnTheWire) -> Option<Seq> {
        let (from, to) = (self.places(which.from), self.places(which.to));
        let is_meant = |way: &Way| {
            from.contains(way.from)
                && to.contains(way.to)
                && which.message.is_none_or(|message| way.message == message)
        };
        let meant = self.on_the_wire(|event| event.way().is_some_and(|way| is_meant(&way)));
        meant.get(usize::from(which.number) - 1).copied()
    }

    /// The sendings of what follows one in its stream, and will arrive.
    fn stream_after(
        &self,
        stream: (NodeId, NodeId, PartitionId),
        sending: Option<Seq>,
    ) -> Vec<Seq> {
        self.on_the_wire(|event| {
            event.arrives()
                && event.cause > sending
                && event.way().and_then(|way| way.ordered()) == Some(stream)
        })
    }

    /// The sendings of those messages on the wire, oldest first.
    fn on_the_wire(&self, is_meant: impl Fn(&Event<R>) -> bool) -> Vec<Seq> {
        let events = self.world.queue.events().filter(|event| is_meant(event));
        let mut sent: Vec<Seq> = events.filter_map(|event| event.cause).collect();
        sort_by_key(&mut sent, |seq| (0, seq.0.into()));
        sent
    }

    fn take_off(&mut self, sending: Option<Seq>) -> Option<(SimTime, Event<R>)> {
        let sending = Some(sending?);
        let is_it = |event: &Event<R>| event.cause == sending && event.way().is_some();
        self.world.queue.extract(is_it).pop()
    }

    fn put_back(&mut self, ends: SimTime, event: Event<R>) {
        if let Some(way) = event.way() {
            self.world.rest.is_under_way(way.message, ends);
        }
        self.cause = event.cause;
        self.record(Kind::Delayed { ends });
        self.cause = None;
        self.world.queue.push(ends, event);
    }
}
