//! What becomes of a message on the wire: it arrives, is lost half-way, or is dropped; and before that it may be
//! held up.

use replication::trace::{Kind, Record};

use crate::moment::{Message, Moment};

/// A message's time on the wire, in microseconds of true time.
#[derive(Clone, Debug, PartialEq)]
pub struct Trip {
    /// When it left.
    pub sent_us: u64,
    /// How long the whole way takes while nobody holds it up; at least 1.
    pub flight_us: u64,
    /// When it is over.
    pub ends_us: u64,
    /// How.
    pub end: End,
    /// From when until when it stands still, in order.
    pub holds: Vec<(u64, u64)>,
}

/// A part of a trip in which the message never stands still.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Leg {
    /// How much of the way is behind it when the leg begins.
    pub share: f64,
    /// When it begins, in microseconds of true time.
    pub from_us: u64,
    /// When it ends.
    pub until_us: u64,
}

/// How a message's time on the wire is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It is there.
    Arrives,
    /// It is lost, half-way.
    Lost,
    /// Somebody takes it off.
    Dropped,
}

impl Trip {
    /// The trip of a message, as far as is known.
    pub(crate) fn of(now: &Moment<'_>, sending: &Record, message: &Message) -> Trip {
        let flight_us = message.flight_us.max(1);
        let (end, whole_us) = match message.lost {
            true => (End::Lost, flight_us / 2),
            false => (End::Arrives, flight_us),
        };
        let mut trip = Trip {
            sent_us: sending.at.0,
            flight_us,
            ends_us: sending.at.0 + whole_us,
            end,
            holds: Vec::new(),
        };
        for seq in now.index.disturbances(sending.seq) {
            let Some(record) = now.record(seq) else {
                continue;
            };
            match record.kind {
                Kind::Delayed { ends } => {
                    let by_us = ends.0.saturating_sub(trip.ends_us);
                    let stood_until = trip.holds.last().map_or(0, |(_, until)| *until);
                    let from = record.at.0.max(stood_until);
                    trip.holds.push((from, from + by_us));
                    trip.ends_us = ends.0;
                }
                _ => {
                    trip.ends_us = record.at.0;
                    trip.end = End::Dropped;
                }
            }
        }
        trip
    }

    /// How much of its way it has come at a moment, from 0 to 1.
    pub fn share(&self, t_us: f64) -> f64 {
        let t_us = t_us.min(self.ends_us as f64);
        let stood = |(from, until): &(u64, u64)| {
            let (from, until) = (*from as f64, *until as f64);
            t_us.min(until) - t_us.min(from)
        };
        let stood_us: f64 = self.holds.iter().map(stood).sum();
        let gone_us = t_us - stood_us - self.sent_us as f64;
        (gone_us / self.flight_us as f64).clamp(0.0, 1.0)
    }

    /// How it goes on from a moment, up to the next at which it stands still; where it stands, how it will go on then.
    pub fn leg(&self, t_us: u64) -> Leg {
        let begins = self.holds.iter().map(|(_, until)| *until);
        let ends = self.holds.iter().map(|(from, _)| *from);
        let begins = std::iter::once(self.sent_us).chain(begins);
        let legs = begins.zip(ends.chain(std::iter::once(self.ends_us)));
        let mut left = legs.filter(|(from, until)| from < until && t_us < *until);
        let (from_us, until_us) = left.next().unwrap_or((self.ends_us, self.ends_us));
        Leg {
            share: self.share(from_us as f64),
            from_us,
            until_us,
        }
    }

    /// Whether it ends on the way.
    pub fn is_cut_short(&self) -> bool {
        self.end != End::Arrives
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_up_stands_still_and_then_goes_on() {
        let trip = Trip {
            sent_us: 1000,
            flight_us: 100,
            ends_us: 1160,
            end: End::Arrives,
            holds: vec![(1020, 1050), (1050, 1060), (1090, 1110)],
        };
        for (t_us, share) in [
            (0.0, 0.0),
            (1010.0, 0.1),
            (1020.0, 0.2),
            (1055.0, 0.2),
            (1060.0, 0.2),
            (1090.0, 0.5),
            (1100.0, 0.5),
            (1110.0, 0.5),
            (1159.0, 0.99),
            (1160.0, 1.0),
            (9999.0, 1.0),
        ] {
            assert!((trip.share(t_us) - share).abs() < 1e-9, "{t_us}");
        }
        for t_us in 990..1200 {
            let leg = trip.leg(t_us);
            let on_leg = t_us.clamp(leg.from_us, leg.until_us) - leg.from_us;
            let share = leg.share + on_leg as f64 / trip.flight_us as f64;
            assert!((trip.share(t_us as f64) - share).abs() < 1e-9, "{t_us}");
        }
        let dropped = Trip {
            ends_us: 1030,
            end: End::Dropped,
            ..trip
        };
        assert_eq!(dropped.share(2000.0), 0.2);
    }
}
