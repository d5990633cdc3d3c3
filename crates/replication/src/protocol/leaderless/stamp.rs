//! Timestamps: a coordinator's clock, and a counter for what the clock can't tell apart.

use crate::engine::time::LocalTime;
use crate::ids::{NodeId, Version};

/// What a coordinator has stamped.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stamps {
    last: (LocalTime, u32),
    /// The latest that its clock has said.
    latest: LocalTime,
    /// The highest counter that it has used.
    most: u32,
}

impl Default for Stamps {
    fn default() -> Self {
        let never = LocalTime(i64::MIN);
        Stamps {
            last: (never, 0),
            latest: never,
            most: 0,
        }
    }
}

impl Stamps {
    /// A stamp that it has not given before. A clock that is set back says a time twice.
    pub(super) fn next(&mut self, coordinator: NodeId, now: LocalTime) -> Version {
        let (at, counter) = self.last;
        let counter = if now > self.latest {
            0
        } else if now == at && now == self.latest {
            counter + 1
        } else {
            self.most + 1
        };
        self.last = (now, counter);
        self.latest = self.latest.max(now);
        self.most = self.most.max(counter);
        Version::Stamp {
            at_us: now.0,
            coordinator,
            counter,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_stamp_is_given_twice_however_the_clock_is_set() {
        let mut stamps = Stamps::default();
        let mut given = Vec::new();
        for now in [1, 1, 1, 2, 3, 1, 2, 2, 3, 3, 4, 4, 1, 4] {
            let stamp = stamps.next(NodeId(0), LocalTime(now));
            assert!(!given.contains(&stamp), "{stamp:?}");
            given.push(stamp);
        }
    }
}
