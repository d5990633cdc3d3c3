//! Points, rectangles and the one kind of curve that everything travels on.
//!
//! Units are CSS pixels of the stage, with the origin at its top left.

/// A point.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// To the right.
    pub x: f64,
    /// Down.
    pub y: f64,
}

impl Point {
    /// The point at `x`, `y`.
    pub const fn new(x: f64, y: f64) -> Self {
        Point { x, y }
    }

    /// The distance to another point.
    pub fn distance(self, other: Point) -> f64 {
        length(self.x - other.x, self.y - other.y)
    }

    /// This point moved by `dx`, `dy`.
    pub fn moved(self, dx: f64, dy: f64) -> Point {
        Point::new(self.x + dx, self.y + dy)
    }
}

/// The length of a way of `dx`, `dy`.
pub fn length(dx: f64, dy: f64) -> f64 {
    (dx * dx + dy * dy).sqrt()
}

/// The point of the unit circle at a part of a turn, clockwise from the right.
pub fn on_circle(turn: f64) -> Point {
    let quarters = 4.0 * (turn - turn.floor());
    let angle = quarters.fract() * std::f64::consts::FRAC_PI_2;
    // Their series: exact within a quarter. Those that know all angles take 10 kB.
    let (mut sin, mut cos, mut term) = (0.0, 1.0, 1.0);
    for power in 1..=20 {
        term *= angle / f64::from(power);
        match power % 4 {
            1 => sin += term,
            2 => cos -= term,
            3 => sin -= term,
            _ => cos += term,
        }
    }
    match quarters as u8 {
        0 => Point::new(cos, sin),
        1 => Point::new(-sin, cos),
        2 => Point::new(-cos, -sin),
        _ => Point::new(sin, -cos),
    }
}

/// The `d` of an SVG path: each `#` of the template is the next of the numbers, with a tenth of a pixel,
/// which is more than an eye can see.
pub fn path(template: &str, numbers: &[f64]) -> String {
    let mut path = String::new();
    let mut numbers = numbers.iter();
    for part in template.split_inclusive('#') {
        path += part.trim_end_matches('#');
        if part.ends_with('#')
            && let Some(number) = numbers.next()
        {
            path += &tenths(*number);
        }
    }
    path
}

/// A number with one decimal, without the code that prints any float.
pub fn tenths(number: f64) -> String {
    let tenths = (number * 10.0).round_ties_even() as i64;
    let sign = if tenths < 0 { "-" } else { "" };
    let tenths = tenths.unsigned_abs();
    format!("{sign}{}.{}", tenths / 10, tenths % 10)
}

/// An upright rectangle.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rect {
    /// Its left edge.
    pub x: f64,
    /// Its top edge.
    pub y: f64,
    /// Its width.
    pub w: f64,
    /// Its height.
    pub h: f64,
}

impl Rect {
    /// The rectangle of this size around a centre.
    pub fn around(centre: Point, w: f64, h: f64) -> Self {
        Rect {
            x: centre.x - w / 2.0,
            y: centre.y - h / 2.0,
            w,
            h,
        }
    }

    /// Its centre.
    pub fn centre(self) -> Point {
        Point::new(self.x + self.w / 2.0, self.y + self.h / 2.0)
    }

    /// Its right edge.
    pub fn right(self) -> f64 {
        self.x + self.w
    }

    /// Its bottom edge.
    pub fn bottom(self) -> f64 {
        self.y + self.h
    }

    /// The same rectangle, `by` larger on each side.
    pub fn grown(self, by: f64) -> Rect {
        Rect {
            x: self.x - by,
            y: self.y - by,
            w: self.w + 2.0 * by,
            h: self.h + 2.0 * by,
        }
    }

    /// Whether two rectangles share more than an edge.
    pub fn overlaps(self, other: Rect) -> bool {
        self.x < other.right()
            && other.x < self.right()
            && self.y < other.bottom()
            && other.y < self.bottom()
    }

    /// Whether `other` lies inside, edges included.
    pub fn holds(self, other: Rect) -> bool {
        other.x >= self.x
            && other.y >= self.y
            && other.right() <= self.right()
            && other.bottom() <= self.bottom()
    }

    /// Whether a point lies inside, edges included.
    pub fn contains(self, point: Point) -> bool {
        point.x >= self.x
            && point.x <= self.right()
            && point.y >= self.y
            && point.y <= self.bottom()
    }
}

/// A quadratic Bézier curve: what wires are drawn as and messages travel on.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Curve {
    /// Where it begins.
    pub from: Point,
    /// What it bends towards.
    pub bend: Point,
    /// Where it ends.
    pub to: Point,
}

impl Curve {
    /// The point at `t`, from 0 at the beginning to 1 at the end.
    pub fn at(&self, t: f64) -> Point {
        let s = 1.0 - t;
        let (a, b, c) = (s * s, 2.0 * s * t, t * t);
        Point::new(
            a * self.from.x + b * self.bend.x + c * self.to.x,
            a * self.from.y + b * self.bend.y + c * self.to.y,
        )
    }

    /// The same curve the other way round.
    pub fn reversed(self) -> Curve {
        Curve {
            from: self.to,
            bend: self.bend,
            to: self.from,
        }
    }

    /// The same curve moved sideways, to the right of its direction by `by`.
    ///
    /// Moved as a whole, so that a lane keeps its distance from the wire in the middle.
    pub fn beside(self, by: f64) -> Curve {
        let length = self.from.distance(self.to).max(1e-9);
        let (nx, ny) = (
            -(self.to.y - self.from.y) / length * by,
            (self.to.x - self.from.x) / length * by,
        );
        Curve {
            from: self.from.moved(nx, ny),
            bend: self.bend.moved(nx, ny),
            to: self.to.moved(nx, ny),
        }
    }

    /// The same curve without about `by` at each end, but never without its middle half.
    pub fn trimmed(self, by: f64) -> Curve {
        let length = self.from.distance(self.bend) + self.bend.distance(self.to);
        let chord = self.from.distance(self.to);
        let part = (2.0 * by / (length + chord).max(1e-9)).min(0.25);
        self.between(part, 1.0 - part)
    }

    /// The curve without about `by` to either side of its middle.
    pub fn parted(self, by: f64) -> (Curve, Curve) {
        let length = self.from.distance(self.bend) + self.bend.distance(self.to);
        let chord = self.from.distance(self.to);
        let part = (2.0 * by / (length + chord).max(1e-9)).min(0.3);
        (self.between(0.0, 0.5 - part), self.between(0.5 + part, 1.0))
    }

    /// The part of the curve between two of its points.
    pub(crate) fn between(self, from: f64, to: f64) -> Curve {
        let mix =
            |a: Point, b: Point, t: f64| Point::new(a.x + (b.x - a.x) * t, a.y + (b.y - a.y) * t);
        // De Casteljau: the new bend lies on the line of the first half, cut at the other end.
        let bend = mix(
            mix(self.from, self.bend, from),
            mix(self.bend, self.to, from),
            to,
        );
        Curve {
            from: self.at(from),
            bend,
            to: self.at(to),
        }
    }

    /// As the `d` of an SVG path.
    pub fn path(&self) -> String {
        let Curve { from, bend, to } = self;
        path(
            "M# #Q# # # #",
            &[from.x, from.y, bend.x, bend.y, to.x, to.y],
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_circle_is_that_of_sine_and_cosine() {
        for step in -500..500 {
            let turn = f64::from(step) / 97.0;
            let (sin, cos) = (turn * std::f64::consts::TAU).sin_cos();
            assert!(
                on_circle(turn).distance(Point::new(cos, sin)) < 1e-9,
                "{turn}"
            );
        }
    }

    #[test]
    fn a_path_has_its_numbers_in_tenths() {
        let numbers = [0.0, -0.26, 12.349, -7.0, 1e6];
        assert_eq!(
            path("M# #L# #H#z", &numbers),
            "M0.0 -0.3L12.3 -7.0H1000000.0z"
        );
    }

    #[test]
    fn a_trimmed_curve_runs_along_the_whole_one() {
        let whole = Curve {
            from: Point::new(0.0, 0.0),
            bend: Point::new(100.0, 0.0),
            to: Point::new(100.0, 100.0),
        };
        let part = whole.between(0.2, 0.9);
        for i in 0..=10 {
            let t = f64::from(i) / 10.0;
            let on_whole = whole.at(0.2 + 0.7 * t);
            assert!(part.at(t).distance(on_whole) < 1e-9);
        }
    }
}
