//! Which of the lanes beside a wire a message takes, so that those that are on it at once don't hide one
//! another.

use replication::ids::Place;
use replication::ordered::Ordered;
use replication::trace::Seq;

/// How many lanes there are in each direction.
pub(crate) const LANES: u8 = 3;

/// Two messages of one lane stay this part of the way apart: about the width of a chip.
const APART: u64 = 6;

/// The most messages of one way that are remembered.
const KNOWN_MAX: usize = 24;

/// The lanes of a run's messages.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lanes {
    /// Only those that are not the first.
    found: Ordered<Seq, u8>,
    /// What is on each way now.
    ways: Ordered<(Place, Place), Vec<Departure>>,
}

/// A message that is on its way.
#[derive(Clone, Copy, Debug)]
struct Departure {
    at_us: u64,
    flight_us: u64,
    lane: u8,
}

impl Lanes {
    /// The lane of a message.
    pub fn of(&self, seq: Seq) -> u8 {
        self.found.get(seq).copied().unwrap_or(0)
    }

    /// Gives a message that leaves now the first lane in which it meets nobody; where there is none, the
    /// one whose last message left longest ago.
    pub fn departs(&mut self, seq: Seq, way: (Place, Place), at_us: u64, flight_us: u64) {
        if !self.ways.contains(way) {
            self.ways.insert(way, Vec::new());
        }
        let Some(known) = self.ways.get_mut(way) else {
            return;
        };
        known.retain(|other| other.at_us + other.flight_us > at_us);
        let mut this = Departure {
            at_us,
            flight_us: flight_us.max(1),
            lane: 0,
        };
        let meets = |lane: u8| {
            let mut its = known.iter().filter(|other| other.lane == lane);
            its.any(|other| other.meets(this))
        };
        let last_left = |lane: u8| {
            let its = known.iter().filter(|other| other.lane == lane);
            its.map(|other| other.at_us).max()
        };
        let free = (0..LANES).find(|lane| !meets(*lane));
        this.lane =
            free.unwrap_or_else(|| (0..LANES).min_by_key(|lane| last_left(*lane)).unwrap_or(0));
        if this.lane > 0 {
            self.found.insert(seq, this.lane);
        }
        if known.len() >= KNOWN_MAX {
            known.remove(0);
        }
        known.push(this);
    }
}

impl Departure {
    /// Whether a later one comes too near while both are on the way.
    fn meets(self, later: Departure) -> bool {
        let end = (self.at_us + self.flight_us).min(later.at_us + later.flight_us);
        // How far each has come, in parts of the way; the difference is largest or smallest at an end of the
        // time that they share.
        let part = |of: Departure, at: u64| {
            let done = u128::from(at.saturating_sub(of.at_us)) * 1_000_000;
            (done / u128::from(of.flight_us.max(1))) as i64
        };
        let ahead = |at: u64| part(self, at) - part(later, at);
        ahead(later.at_us).min(ahead(end)) < 1_000_000 / APART as i64
    }
}

#[cfg(test)]
mod tests {
    use replication::ids::NodeId;

    use super::*;

    const WAY: (Place, Place) = (Place::Node(NodeId(0)), Place::Node(NodeId(1)));

    fn lanes(departures: &[(u64, u64)]) -> Vec<u8> {
        let mut lanes = Lanes::default();
        for (i, (at_us, flight_us)) in departures.iter().enumerate() {
            lanes.departs(Seq(i as u32), WAY, *at_us, *flight_us);
        }
        (0..departures.len())
            .map(|i| lanes.of(Seq(i as u32)))
            .collect()
    }

    #[test]
    fn messages_far_enough_apart_follow_one_another() {
        assert_eq!(lanes(&[(0, 600), (100, 600), (200, 600)]), [0, 0, 0]);
    }

    #[test]
    fn those_that_leave_at_once_go_side_by_side() {
        assert_eq!(lanes(&[(0, 600), (10, 600), (20, 600)]), [0, 1, 2]);
    }

    #[test]
    fn one_that_would_overtake_another_leaves_its_lane() {
        assert_eq!(lanes(&[(0, 600), (150, 300)]), [0, 1]);
    }

    #[test]
    fn a_fourth_goes_where_the_last_one_left_longest_ago() {
        assert_eq!(lanes(&[(0, 600), (10, 600), (20, 600), (30, 600)])[3], 0);
    }

    #[test]
    fn what_has_arrived_is_in_nobodys_way() {
        assert_eq!(lanes(&[(0, 100), (100, 600)]), [0, 0]);
    }
}
