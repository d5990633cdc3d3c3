//! How fast a run goes: how long a write is on its way, and with it how long something can be read.

use replication::engine::delay::Delay;
use replication::scenario::{ProtocolKind, Scenario};

/// A line that is told can be read as long as so many usual flights take, which a page shows at a speed at which one
/// can be followed with the eye; and no shorter or longer than that, in microseconds of model time.
const READ_FLIGHTS: f64 = 3.0;
const READ_US: (f64, f64) = (375_000.0, 3_750_000.0);

/// How long a write usually is on its way to a copy, in milliseconds of model time.
pub fn usual_flight_ms(scenario: &Scenario) -> f64 {
    let network = &scenario.settings.network;
    match scenario.structure.kind {
        ProtocolKind::SingleLeader | ProtocolKind::MultiLeader => usual_ms(&network.replication),
        ProtocolKind::Leaderless => usual_ms(&network.w),
    }
}

/// How long it takes to read a line, in microseconds of model time.
pub(crate) fn reading_us(scenario: &Scenario) -> u64 {
    let flights_us = READ_FLIGHTS * 1000.0 * usual_flight_ms(scenario);
    flights_us.clamp(READ_US.0, READ_US.1) as u64
}

/// About how long a delay usually is, in milliseconds.
fn usual_ms(delay: &Delay) -> f64 {
    match delay {
        Delay::Constant { ms } => *ms,
        Delay::LogNormal { median_ms, .. } => *median_ms,
        Delay::Exponential { mean_ms } => *mean_ms,
        Delay::Pareto { min_ms, .. } => *min_ms,
        Delay::Mix(parts) => {
            let weight: f64 = parts.iter().map(|(weight, _)| weight).sum();
            parts
                .iter()
                .map(|(share, delay)| share / weight * usual_ms(delay))
                .sum()
        }
    }
}
