//! From numbers to shapes.

use super::lag::{Behind, Step};
use super::tally::Copies;
use crate::geometry::tenths;
use crate::tone::Tone;

/// How wide the ground of a row's picture is.
pub const PLOT_W: u32 = 200;
/// How high it is.
pub const PLOT_H: u32 = 20;

/// Into how many columns a picture is divided at the most: none has more points.
const COLUMNS: usize = 100;

/// A shape in a row's picture.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// What lies between a line and the ground, as the `d` of a path.
    Area {
        /// The path.
        path: String,
        /// Its colour.
        tone: Tone,
    },
    /// Upright marks from the ground, as the `d` of one path, to be stroked.
    Marks {
        /// The path.
        path: String,
        /// Their colour.
        tone: Tone,
    },
    /// A bar from the left.
    Bar {
        /// How long.
        w: f64,
        /// Its colour.
        tone: Tone,
    },
    /// A line from top to bottom, as at a percentile.
    Line {
        /// Where.
        x: f64,
    },
}

/// What to the right means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Axis {
    /// Later.
    Time {
        /// Up to here, in microseconds.
        length_us: u64,
    },
    /// Longer.
    Wait {
        /// Up to so long, in microseconds.
        longest_us: u64,
    },
}

/// The ground of a row's picture.
pub(super) struct Plot {
    whole_us: u64,
}

impl Plot {
    pub fn new(axis: Axis) -> Plot {
        let (Axis::Time { length_us: whole } | Axis::Wait { longest_us: whole }) = axis;
        Plot {
            whole_us: whole.max(1),
        }
    }

    fn x(&self, column: usize) -> f64 {
        column as f64 / COLUMNS as f64 * f64::from(PLOT_W)
    }

    fn column(&self, us: u64) -> usize {
        // No run is so long that this is not exact.
        let column = us.saturating_mul(COLUMNS as u64) / self.whole_us;
        column.min(COLUMNS as u64 - 1) as usize
    }

    /// When a column is over.
    fn end_us(&self, column: usize) -> u64 {
        (column as u64 + 1).saturating_mul(self.whole_us) / COLUMNS as u64
    }

    /// How far behind, in time: of each column the worst.
    pub fn ages(&self, steps: &[Step<Behind>], known_us: u64, highest_us: u64) -> Vec<Shape> {
        let mut worst = [0_u64; COLUMNS];
        for (i, step) in steps.iter().enumerate() {
            let end_us = steps.get(i + 1).map_or(known_us, |next| next.at_us);
            if step.is.since_us.is_none() {
                continue;
            }
            let (first, last) = (self.column(step.at_us), self.column(end_us));
            for (column, worst) in (first..).zip(&mut worst[first..=last]) {
                let us = step.is.us_at(end_us.min(self.end_us(column)));
                *worst = us.max(*worst);
            }
        }
        let share = |us: u64| us as f64 / highest_us.max(1) as f64;
        let heights: Vec<f64> = worst.into_iter().map(share).collect();
        match highest_us {
            0 => Vec::new(),
            _ => self.area(&heights, Tone::Warn),
        }
    }

    /// On how many of the disks: of each column the least.
    pub fn shares(&self, steps: &[Step<Copies>], known_us: u64) -> Vec<Shape> {
        let mut least = [f64::INFINITY; COLUMNS];
        for (i, step) in steps.iter().enumerate() {
            let end_us = steps.get(i + 1).map_or(known_us, |next| next.at_us);
            let share = f64::from(step.is.have) / f64::from(step.is.of.max(1));
            let (first, last) = (self.column(step.at_us), self.column(end_us));
            for least in &mut least[first..=last] {
                *least = share.min(*least);
            }
        }
        let heights: Vec<f64> = least
            .into_iter()
            .map(|share| if share.is_finite() { share } else { 0.0 })
            .collect();
        match steps {
            [] => Vec::new(),
            _ => self.area(&heights, Tone::Follower),
        }
    }

    /// A step for each column.
    fn area(&self, heights: &[f64], tone: Tone) -> Vec<Shape> {
        let bottom = f64::from(PLOT_H);
        let mut path = format!("M0 {PLOT_H}");
        let mut before = 0.0;
        for (column, height) in heights.iter().enumerate() {
            if *height != before {
                path += &format!("H{}", tenths(self.x(column)));
                path += &format!("V{}", tenths(bottom - (bottom - 1.0) * height));
                before = *height;
            }
        }
        path += &format!("H{PLOT_W}V{PLOT_H}z");
        vec![Shape::Area { path, tone }]
    }

    /// A mark for each of these, the higher the more fall together; and lines.
    pub fn marks_of(
        &self,
        us: impl Iterator<Item = u64>,
        tone: Tone,
        lines_us: &[u64],
    ) -> Vec<Shape> {
        let mut numbers = [0_u32; COLUMNS];
        for us in us {
            numbers[self.column(us)] += 1;
        }
        let most = numbers.iter().max().copied().unwrap_or(0);
        let mut path = String::new();
        for (column, number) in numbers.into_iter().enumerate() {
            if number > 0 {
                // One alone is seen too.
                let share = 0.45 + 0.55 * f64::from(number) / f64::from(most);
                let x = self.x(column) + 1.0;
                let top = f64::from(PLOT_H) * (1.0 - share);
                path += &format!("M{} {PLOT_H}V{}", tenths(x), tenths(top));
            }
        }
        let mut shapes = Vec::new();
        if !path.is_empty() {
            shapes.push(Shape::Marks { path, tone });
        }
        let line = |us: &u64| Shape::Line {
            x: self.x(self.column(*us)) + 1.0,
        };
        shapes.extend(lines_us.iter().map(line));
        shapes
    }
}

/// A bar of which the first part is another one.
pub(super) fn bars(all: usize, part: usize, most: usize) -> Vec<Shape> {
    let w = |number: usize| number as f64 / most.max(1) as f64 * f64::from(PLOT_W);
    let bar = |number: usize, tone: Tone| (number > 0).then(|| Shape::Bar { w: w(number), tone });
    let bars = [bar(all, Tone::Follower), bar(part, Tone::Client)];
    bars.into_iter().flatten().collect()
}
