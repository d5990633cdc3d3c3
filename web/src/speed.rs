//! How fast model time runs beside the clock on the wall: a log scale, written as fractions.

use replication::scenario::Scenario;

/// How long a usual flight takes on the screen, in milliseconds.
const FLIGHT_MS: f64 = 1250.0;
/// What is chosen unasked is no slower than this step: people also wait between what they do.
const UNASKED_MIN: u8 = 3;
/// Nor is it faster than this one.
const UNASKED_MAX: u8 = 7;

/// A step on the scale from 1/100x to 10x.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Speed(u8);

/// Each step: model time per wall time in hundredths, and how it is written.
const STEPS: [(u32, &str); 11] = [
    (1, "1/100×"),
    (2, "1/50×"),
    (5, "1/20×"),
    (10, "1/10×"),
    (20, "1/5×"),
    (25, "1/4×"),
    (50, "1/2×"),
    (100, "1×"),
    (200, "2×"),
    (500, "5×"),
    (1000, "10×"),
];

impl Speed {
    /// The last step; the first is 0.
    pub const LAST: u8 = STEPS.len() as u8 - 1;

    /// The step at which a write on its way to a copy can be followed with the eye.
    pub fn fitting(scenario: &Scenario) -> Self {
        let flight_ms = scene::usual_flight_ms(scenario);
        let wanted = (flight_ms / FLIGHT_MS).max(1e-6);
        let distance = |step: &u8| {
            (f64::from(STEPS[usize::from(*step)].0) / 100.0 / wanted)
                .log2()
                .abs()
        };
        let nearest =
            (UNASKED_MIN..=UNASKED_MAX).min_by(|a, b| distance(a).total_cmp(&distance(b)));
        Speed(nearest.unwrap_or(UNASKED_MAX))
    }

    /// The step of this number, or the nearest.
    pub fn at(step: u8) -> Self {
        Speed(step.min(Self::LAST))
    }

    /// Its number.
    pub fn step(self) -> u8 {
        self.0
    }

    /// Model microseconds that pass in one millisecond on the wall.
    pub fn us_per_ms(self) -> f64 {
        f64::from(STEPS[usize::from(self.0)].0) * 10.0
    }

    /// As it is written.
    pub fn written(self) -> &'static str {
        STEPS[usize::from(self.0)].1
    }
}
