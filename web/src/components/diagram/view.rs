//! Which stretch of the run the diagram shows: what one has zoomed and dragged to, or what the cursor is in.

use replication::run::Run;
use scene::SceneIndex;
use scene::space_time::{Axis, Window, around_cursor, busy, run_us};

use crate::desk::Desk;

/// The part of a stretch that a step to the side goes.
pub const STEP: f64 = 0.25;
/// How much longer a stretch becomes when one steps back from it.
pub const FURTHER: f64 = 2.0;
/// The other way.
pub const CLOSER: f64 = 0.5;

/// What one wants to see of a run.
#[derive(Clone, Copy, PartialEq)]
pub struct View {
    /// Where it begins; `None` for wherever the cursor is.
    from_us: Option<u64>,
    /// How long it is; `None` for as long as not too much happens.
    length_us: Option<u64>,
    /// Whether quiet stretches are folded.
    folded: bool,
}

impl Default for View {
    fn default() -> View {
        View {
            from_us: None,
            length_us: None,
            folded: true,
        }
    }
}

impl View {
    /// Whether it goes where the cursor goes.
    pub fn follows(self) -> bool {
        self.from_us.is_none()
    }

    /// Whether quiet stretches are folded.
    pub fn folds(self) -> bool {
        self.folded
    }

    /// The same with quiet stretches unfolded, or folded again.
    pub fn turned(self) -> View {
        View {
            folded: !self.folded,
            ..self
        }
    }

    /// The stretch. One that follows stays where it was `before` as long as the cursor is in it, and with it
    /// some of what led there.
    pub fn window(self, desk: &Desk, before: Option<Window>) -> Window {
        desk.with(|run, index| {
            let (now_us, run_us) = (run.now().0, run_us(run));
            let followed = || match self.length_us {
                Some(length_us) => Window::following(now_us, length_us, run_us),
                None => around_cursor(run, index),
            };
            match (self.from_us, self.length_us) {
                (Some(from_us), Some(length_us)) => Window::of_length(from_us, length_us, run_us),
                _ => {
                    let window = followed();
                    let stays = |before: &Window| {
                        before.length_us() == window.length_us()
                            && before.holds(now_us)
                            && (before.from_us == 0
                                || now_us >= before.from_us + before.length_us() / 8)
                            && before.to_us <= run_us
                    };
                    before.filter(stays).unwrap_or(window)
                }
            }
        })
    }

    /// Where moments stand in a stretch.
    pub fn axis(self, desk: &Desk, window: Window) -> Axis {
        let playing = desk.store().playing;
        desk.with(|run, index| self.axis_in(run, index, playing, window))
    }

    fn axis_in(self, run: &dyn Run, index: &SceneIndex, playing: bool, window: Window) -> Axis {
        let known_us = run.records().last().map_or(0, |record| record.at.0);
        // While time runs, nothing is folded that is still becoming known: lines would jump.
        let settled = !playing || run.ended().is_some() || known_us >= window.to_us;
        match self.folded && settled {
            true => Axis::folded(window, &busy(run, index, window)),
            false => Axis::even(window),
        }
    }

    /// Of what is seen now, a part or more, around what stands at a share of the width. Where none is
    /// named, one that follows goes on following, and another keeps what is in its middle.
    pub fn zoomed(self, desk: &Desk, seen: &Axis, by: f64, share: Option<f64>) -> View {
        let length_us = (seen.window().length_us() as f64 * by) as u64;
        let all_us = desk.with(|run, _| run_us(run));
        let length_us = length_us.clamp(Window::LENGTH_US_MIN, all_us.max(Window::LENGTH_US_MIN));
        if share.is_none() && self.follows() {
            return View {
                length_us: Some(length_us),
                ..self
            };
        }
        let share = share.unwrap_or(0.5);
        self.held(desk, (seen.us(share), share), length_us)
    }

    /// So much further to the right, in widths.
    pub fn panned(self, desk: &Desk, seen: &Axis, by: f64) -> View {
        let hold = match by > 0.0 {
            true => (seen.us(by), 0.0),
            false => (seen.us(1.0 + by), 1.0),
        };
        self.held(desk, hold, seen.window().length_us())
    }

    /// A stretch of a length in which a moment stands at a share of the width.
    pub fn held(self, desk: &Desk, hold: (u64, f64), length_us: u64) -> View {
        let playing = desk.store().playing;
        let window = desk.with(|run, index| {
            Window::keeping(hold, length_us, run_us(run), |window| {
                self.axis_in(run, index, playing, window)
            })
        });
        View {
            from_us: Some(window.from_us),
            length_us: Some(window.length_us()),
            ..self
        }
    }

    /// All of the run.
    pub fn whole(self, desk: &Desk) -> View {
        View {
            from_us: Some(0),
            length_us: Some(desk.with(|run, _| run_us(run))),
            ..self
        }
    }

    /// Wherever the cursor is.
    pub fn following(self) -> View {
        View {
            folded: self.folded,
            ..View::default()
        }
    }
}
