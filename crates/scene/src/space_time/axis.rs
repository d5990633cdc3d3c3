//! Time to the right: which stretch is seen, and where in it a moment stands.
//!
//! Stretches in which nothing happens can be folded: they stay in their order and keep a narrow place.

use replication::run::Run;

use crate::index::SceneIndex;
use crate::moment::Moment;
use crate::trip::Trip;

/// A stretch of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// Where it begins, in microseconds.
    pub from_us: u64,
    /// Where it ends.
    pub to_us: u64,
}

impl Window {
    /// The shortest that can be asked for, in microseconds.
    pub const LENGTH_US_MIN: u64 = 2_000;

    /// From one moment to another, a microsecond long at least.
    pub fn new(from_us: u64, to_us: u64) -> Window {
        Window {
            from_us,
            to_us: to_us.max(from_us + 1),
        }
    }

    /// How long it is.
    pub fn length_us(self) -> u64 {
        self.to_us - self.from_us
    }

    /// Whether a moment lies in it.
    pub fn holds(self, us: u64) -> bool {
        (self.from_us..=self.to_us).contains(&us)
    }

    /// The stretch of this length that begins here, as far as a run of `run_us` has it.
    pub fn of_length(from_us: u64, length_us: u64, run_us: u64) -> Window {
        let run_us = run_us.max(1);
        let length_us = length_us.max(Self::LENGTH_US_MIN).min(run_us);
        let from_us = from_us.min(run_us - length_us);
        Window::new(from_us, from_us + length_us)
    }

    /// The stretch around a moment. It stands still while time runs through it, and moves on by halves, so
    /// that what has just happened is in it; the last one ends with the run.
    pub fn following(now_us: u64, length_us: u64, run_us: u64) -> Window {
        let half = (length_us / 2).max(1);
        let from_us = (now_us / half).saturating_sub(1) * half;
        Window::of_length(from_us, length_us, run_us)
    }

    /// The stretch of a length in which a moment stands at a share of the width: what one holds on to while
    /// one zooms and drags. `axis` says where moments stand in a stretch.
    pub fn keeping(
        (moment_us, share): (u64, f64),
        length_us: u64,
        run_us: u64,
        axis: impl Fn(Window) -> Axis,
    ) -> Window {
        let place = |from_us: u64| Window::of_length(from_us, length_us, run_us);
        // The later a stretch begins, the further to the left the moment stands. What is folded depends on the
        // stretch, so the beginning is sought between the two that put the moment at either end.
        let mut earliest_us = moment_us.saturating_sub(place(0).length_us());
        let mut latest_us = moment_us;
        for _ in 0..HALVINGS {
            let from_us = earliest_us + (latest_us - earliest_us) / 2;
            match axis(place(from_us)).share(moment_us) > share {
                true => earliest_us = from_us,
                false => latest_us = from_us,
            }
        }
        place(latest_us)
    }
}

/// Where each moment of a window stands, from 0 at its beginning to 1 at its end, and back.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    window: Window,
    /// In order and without holes, the first from 0, the last up to 1.
    pieces: Vec<Piece>,
    /// A microsecond's share where nothing is folded.
    per_us: f64,
}

/// How finely a beginning is sought: to so many halves of a stretch.
const HALVINGS: u32 = 14;

/// A part of an axis on which time goes evenly.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Piece {
    from_us: u64,
    to_us: u64,
    from: f64,
    to: f64,
    /// How long the whole quiet stretch is that this is part of.
    folded_us: Option<u64>,
}

/// A folded stretch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fold {
    /// Where it begins, as a share of the width.
    pub from: f64,
    /// Where it ends.
    pub to: f64,
    /// How long the quiet is.
    pub us: u64,
}

/// A stretch as long as this share of the window is folded, if nothing happens in it.
const QUIET_SHARE: f64 = 0.16;
/// What is left of it.
const FOLDED_SHARE: f64 = 0.03;
/// What stays as it is before and after, so that what happens there keeps its room.
const PAD_SHARE: f64 = 0.025;

impl Axis {
    /// Nothing is folded.
    pub fn even(window: Window) -> Axis {
        Axis::folded(window, &[])
    }

    /// The quiet between some moments is folded where it is long. They are in order; what lies beyond the
    /// first and the last is not known to be quiet.
    pub fn folded(window: Window, busy: &[u64]) -> Axis {
        let window = Window::new(window.from_us, window.to_us);
        let length = window.length_us() as f64;
        let pad = (PAD_SHARE * length) as u64;
        let mut weighed: Vec<(u64, Option<u64>, f64)> = Vec::new();
        let mut end_us = window.from_us;
        for pair in busy.windows(2) {
            let (before_us, after_us) = (pair[0], pair[1]);
            if ((after_us - before_us) as f64) < QUIET_SHARE * length {
                continue;
            }
            let (quiet_from, quiet_to) = (before_us + pad, after_us - pad);
            // As much of its narrow place as the window has of it: it comes in and goes out smoothly.
            let from_us = quiet_from.max(end_us);
            let to_us = quiet_to.min(window.to_us);
            if from_us >= to_us {
                continue;
            }
            weighed.push((from_us, None, (from_us - end_us) as f64));
            let part = (to_us - from_us) as f64 / (quiet_to - quiet_from) as f64;
            let folded_us = Some(after_us - before_us);
            weighed.push((to_us, folded_us, part * FOLDED_SHARE * length));
            end_us = to_us;
        }
        weighed.push((window.to_us, None, (window.to_us - end_us) as f64));

        let total: f64 = weighed.iter().map(|(_, _, weight)| weight).sum();
        let (mut from_us, mut weight_before) = (window.from_us, 0.0);
        let mut pieces = Vec::new();
        for (to_us, folded_us, weight) in weighed {
            if to_us > from_us {
                pieces.push(Piece {
                    from_us,
                    to_us,
                    from: weight_before / total,
                    to: (weight_before + weight) / total,
                    folded_us,
                });
            }
            from_us = to_us;
            weight_before += weight;
        }
        Axis {
            window,
            pieces,
            per_us: 1.0 / total,
        }
    }

    /// What it shows.
    pub fn window(&self) -> Window {
        self.window
    }

    /// Where a moment stands. What is not in the window stands below 0 or above 1.
    pub fn share(&self, us: u64) -> f64 {
        let next = self.pieces.partition_point(|piece| piece.to_us < us);
        match self.pieces.get(next) {
            _ if us < self.window.from_us => -((self.window.from_us - us) as f64) * self.per_us,
            None => 1.0 + (us - self.window.to_us) as f64 * self.per_us,
            Some(piece) => {
                let part = (us - piece.from_us) as f64 / (piece.to_us - piece.from_us) as f64;
                piece.from + part * (piece.to - piece.from)
            }
        }
    }

    /// The moment that stands at a share of the width, 0 to 1.
    pub fn us(&self, share: f64) -> u64 {
        let next = self.pieces.partition_point(|piece| piece.to < share);
        let Some(piece) = self.pieces.get(next) else {
            return self.window.to_us;
        };
        let part = ((share - piece.from) / (piece.to - piece.from)).clamp(0.0, 1.0);
        piece.from_us + (part * (piece.to_us - piece.from_us) as f64).round() as u64
    }

    /// The part of the whole width that a microsecond takes where nothing is folded.
    pub fn per_us(&self) -> f64 {
        self.per_us
    }

    /// What is folded.
    pub fn folds(&self) -> impl Iterator<Item = Fold> + '_ {
        self.pieces.iter().filter_map(|piece| {
            piece.folded_us.map(|us| Fold {
                from: piece.from,
                to: piece.to,
                us,
            })
        })
    }

    /// The stretches that are not folded.
    pub(super) fn plain(&self) -> impl Iterator<Item = Window> + '_ {
        let plain = self.pieces.iter().filter(|piece| piece.folded_us.is_none());
        plain.map(|piece| Window::new(piece.from_us, piece.to_us))
    }
}

/// More than this in a window, and no stretch of it is worth folding.
const BUSY_MAX: usize = 4_000;

/// How far back before the window a message may have left, in messages.
pub(super) const EARLIER_MAX: usize = 200;

/// The moments at which something happens in a window, with those next to it on both sides, in order;
/// empty where there are too many. Heartbeats are quiet.
pub fn busy(run: &dyn Run, index: &SceneIndex, window: Window) -> Vec<u64> {
    let records = run.records();
    let time = |seq: &replication::trace::Seq| {
        let record = records.get(seq.index());
        record.map_or(0, |record| record.at.0)
    };
    let now = Moment::of(run, index);
    let mut busy = vec![0];
    for (moments, earlier) in [(index.loud(), 1), (index.sent(), EARLIER_MAX)] {
        let begin = moments.partition_point(|seq| time(seq) < window.from_us);
        let end = moments.partition_point(|seq| time(seq) <= window.to_us);
        if end - begin > BUSY_MAX {
            return Vec::new();
        }
        for seq in &moments[begin.saturating_sub(earlier)..(end + 1).min(moments.len())] {
            busy.push(time(seq));
            let sent = now.message(*seq);
            busy.extend(sent.map(|(sending, message)| Trip::of(&now, sending, &message).ends_us));
        }
    }
    // What is not known yet is not quiet; the end of a run that has ended is as good as an event.
    let last_us = records.last().map_or(0, |record| record.at.0);
    let known_us = match run.ended() {
        Some((_, at)) => at.0,
        None => last_us.max(run.now().0),
    };
    busy.retain(|us| *us <= known_us);
    busy.push(known_us);
    busy.sort_unstable();
    busy.dedup();
    busy
}

/// How long a run is, or may become, in microseconds.
pub fn run_us(run: &dyn Run) -> u64 {
    run.ended()
        .map_or(run.scenario().limits.time.0, |(_, at)| at.0)
}

/// How long a stretch is followed, in microseconds: the longest of these in which not too much happens.
const FOLLOWED_US: [u64; 5] = [4_000_000, 2_000_000, 1_000_000, 400_000, 200_000];

/// More messages at once than this can't be told apart.
const MESSAGES_MAX: usize = 120;

/// The stretch around the cursor, in which not too much happens.
pub fn around_cursor(run: &dyn Run, index: &SceneIndex) -> Window {
    let [.., shortest] = FOLLOWED_US;
    let at = |length_us| Window::following(run.now().0, length_us, run_us(run));
    FOLLOWED_US
        .into_iter()
        .map(at)
        .find(|window| messages_in(run, index, *window) <= MESSAGES_MAX)
        .unwrap_or_else(|| at(shortest))
}

/// How many messages left in a window, as far as is known.
fn messages_in(run: &dyn Run, index: &SceneIndex, window: Window) -> usize {
    let records = run.records();
    let before = |us: u64| {
        index.sent().partition_point(|seq| {
            records
                .get(seq.index())
                .is_none_or(|record| record.at.0 < us)
        })
    };
    before(window.to_us).saturating_sub(before(window.from_us))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Some numbers: the same ones every time.
    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, limit: u64) -> u64 {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) % limit
        }
    }

    fn some_axis(numbers: &mut Numbers) -> Axis {
        let from_us = numbers.below(5_000_000);
        let window = Window::new(from_us, from_us + 1 + numbers.below(9_000_000));
        let count = numbers.below(12);
        let mut busy: Vec<u64> = (0..count).map(|_| numbers.below(15_000_000)).collect();
        busy.sort_unstable();
        Axis::folded(window, &busy)
    }

    #[test]
    fn every_moment_comes_back_from_where_it_stands() {
        let mut numbers = Numbers(1);
        for _ in 0..400 {
            let axis = some_axis(&mut numbers);
            let window = axis.window();
            for _ in 0..40 {
                let us = window.from_us + numbers.below(window.length_us() + 1);
                assert_eq!(axis.us(axis.share(us)), us, "{axis:?}");
            }
        }
    }

    #[test]
    fn later_stands_further_to_the_right_beyond_the_window_too() {
        let mut numbers = Numbers(2);
        for _ in 0..400 {
            let axis = some_axis(&mut numbers);
            let mut moments: Vec<u64> = (0..60).map(|_| numbers.below(20_000_000)).collect();
            moments.sort_unstable();
            moments.dedup();
            let shares: Vec<f64> = moments.iter().map(|us| axis.share(*us)).collect();
            assert!(shares.is_sorted_by(|one, next| one < next), "{axis:?}");
        }
    }

    #[test]
    fn the_window_fills_the_width() {
        let mut numbers = Numbers(3);
        for _ in 0..400 {
            let axis = some_axis(&mut numbers);
            let Window { from_us, to_us } = axis.window();
            assert_eq!(axis.share(from_us), 0.0);
            assert!((axis.share(to_us) - 1.0).abs() < 1e-9, "{axis:?}");
        }
    }

    #[test]
    fn long_quiet_is_narrow_and_says_how_long_it_is() {
        let axis = Axis::folded(
            Window::new(0, 4_000_000),
            &[0, 100_000, 3_100_000, 4_000_000],
        );
        let folds: Vec<Fold> = axis.folds().collect();
        let [first, second] = folds[..] else {
            panic!("{folds:?}");
        };
        assert_eq!((first.us, second.us), (3_000_000, 900_000));
        assert!(first.to - first.from < 0.3);
        let busy = axis.share(100_000) - axis.share(0);
        assert!(busy > 2.0 * 100_000.0 / 4_000_000.0, "{busy}");
    }

    #[test]
    fn what_is_not_known_is_not_quiet() {
        let axis = Axis::folded(Window::new(0, 4_000_000), &[0, 100_000]);
        assert_eq!(axis.folds().count(), 0);
        assert_eq!(axis, Axis::even(Window::new(0, 4_000_000)));
    }

    #[test]
    fn what_one_holds_on_to_stays_where_it_is() {
        let busy = [0, 200_000, 2_400_000, 2_500_000, 6_000_000, 9_000_000];
        let axis = |window: Window| Axis::folded(window, &busy);
        for length_us in [6_000_000, 3_000_000, 900_000] {
            let window = Window::keeping((2_450_000, 0.4), length_us, 10_000_000, axis);
            assert_eq!(window.length_us(), length_us);
            let share = axis(window).share(2_450_000);
            assert!((share - 0.4).abs() < 0.01, "{length_us}: {share}");
        }
    }

    #[test]
    fn a_window_keeps_within_the_run() {
        for (from_us, length_us) in [(0, 0), (9_999_999, 50_000), (5, u64::MAX / 2)] {
            let window = Window::of_length(from_us, length_us, 10_000_000);
            assert!(window.to_us <= 10_000_000 && window.from_us < window.to_us);
        }
        assert_eq!(
            Window::following(0, 4_000_000, 1_000),
            Window::new(0, 1_000)
        );
        assert_eq!(
            Window::following(7_100_000, 4_000_000, 10_000_000),
            Window::new(4_000_000, 8_000_000)
        );
    }
}
