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
        (self.x - other.x).hypot(self.y - other.y)
    }

    /// This point moved by `dx`, `dy`.
    pub fn moved(self, dx: f64, dy: f64) -> Point {
        Point::new(self.x + dx, self.y + dy)
    }
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

    /// The part of the curve between two of its points.
    fn between(self, from: f64, to: f64) -> Curve {
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
        format!(
            "M{:.1} {:.1}Q{:.1} {:.1} {:.1} {:.1}",
            self.from.x, self.from.y, self.bend.x, self.bend.y, self.to.x, self.to.y
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
