//! Two clocks, two types: the truth, and what a replica's own clock says.

use serde::Serialize;

/// True simulated time, in microseconds from the start of the run. Replicas never see it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub struct SimTime(pub u64);

impl SimTime {
    /// The start of the run.
    pub const ZERO: SimTime = SimTime(0);

    /// This moment plus `us` microseconds.
    pub fn after_us(self, us: u64) -> SimTime {
        SimTime(self.0.saturating_add(us))
    }

    /// Microseconds since `earlier`, or 0 where that lies in the future.
    pub fn since_us(self, earlier: SimTime) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// What a replica's own clock says, in microseconds. It may be wrong, and that is the point.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub struct LocalTime(pub i64);
