//! The small shapes that stand for something, as the `d` of SVG paths.
//!
//! Plain paths rather than patterns and markers with ids: many stages may be on one page.

use crate::geometry::{Point, Rect, path};

/// The leader's crown.
pub fn crown(at: Rect) -> String {
    // Drawn on a grid of 22 x 14, as in `M0 14l3-9 4 5 4-7 4 7 4-5 3 9z`.
    let x = |grid: f64| at.x + grid / 22.0 * at.w;
    let y = |grid: f64| at.y + grid / 14.0 * at.h;
    let corners = [
        (0.0, 14.0),
        (3.0, 3.5),
        (7.0, 8.5),
        (11.0, 0.0),
        (15.0, 8.5),
        (19.0, 3.5),
        (22.0, 14.0),
    ];
    let corners = corners.map(|(gx, gy)| [x(gx), y(gy)]);
    path("M# #L# #L# #L# #L# #L# #L# #z", corners.as_flattened())
}

/// A check mark in a circle of this radius.
pub fn check(at: Point, r: f64) -> String {
    let numbers = [
        at.x - 0.40 * r,
        at.y + 0.02 * r,
        at.x - 0.10 * r,
        at.y + 0.34 * r,
        at.x + 0.44 * r,
        at.y - 0.32 * r,
    ];
    path("M# #L# #L# #", &numbers)
}

/// A cross: something was lost here.
pub fn cross(at: Point, r: f64) -> String {
    let (left, right, top, bottom) = (at.x - r, at.x + r, at.y - r, at.y + r);
    let numbers = [left, top, right, bottom, right, top, left, bottom];
    path("M# #L# #M# #L# #", &numbers)
}

/// The strokes across a cell that will be discarded.
pub fn hatch(cell: Rect) -> String {
    // Parallel lines from the lower left to the upper right, cut off at the cell's edges.
    let step = (cell.w.min(cell.h) / 2.6).max(2.5);
    let mut strokes = String::new();
    let mut offset = step;
    while offset < cell.w + cell.h {
        let start = if offset <= cell.h {
            (cell.x, cell.y + offset)
        } else {
            (cell.x + offset - cell.h, cell.bottom())
        };
        let end = if offset <= cell.w {
            (cell.x + offset, cell.y)
        } else {
            (cell.right(), cell.y + offset - cell.w)
        };
        strokes += &path("M# #L# #", &[start.0, start.1, end.0, end.1]);
        offset += step;
    }
    strokes
}

/// A diamond that fills a rectangle.
pub fn diamond(at: Rect) -> String {
    let centre = at.centre();
    let numbers = [
        centre.x,
        at.y,
        at.right(),
        centre.y,
        centre.x,
        at.bottom(),
        at.x,
        centre.y,
    ];
    path("M# #L# #L# #L# #z", &numbers)
}

/// A plus whose arms have this length.
pub fn plus(at: Point, r: f64) -> String {
    let numbers = [at.x - r, at.y, 2.0 * r, at.x, at.y - r, 2.0 * r];
    path("M# #h#M# #v#", &numbers)
}

/// Two bars: it is paused.
pub fn pause(at: Rect) -> String {
    let bar = 0.36 * at.w;
    let numbers = [
        at.x,
        at.y,
        bar,
        at.h,
        bar,
        at.right() - bar,
        at.y,
        bar,
        at.h,
        bar,
    ];
    path("M# #h#v#h-#zM# #h#v#h-#z", &numbers)
}

/// A client's shoulders, in a circle of this radius; the head is [`head`].
pub fn shoulders(at: Point, r: f64) -> String {
    let (w, h) = (0.47 * r, 0.42 * r);
    let numbers = [at.x - w, at.y + 0.5 * r, w, h, 2.0 * w];
    path("M# #a# # 0 0 1 # 0z", &numbers)
}

/// A client's head: its centre and its radius.
pub fn head(at: Point, r: f64) -> (Point, f64) {
    (at.moved(0.0, -0.22 * r), 0.25 * r)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hatch_stays_within_its_cell() {
        let cell = Rect {
            x: 10.0,
            y: 20.0,
            w: 17.0,
            h: 20.0,
        };
        let numbers: Vec<f64> = hatch(cell)
            .split(['M', 'L', ' '])
            .filter_map(|number| number.parse().ok())
            .collect();
        assert!(numbers.len() >= 8);
        for point in numbers.chunks(2) {
            assert!(
                cell.grown(0.06).contains(Point::new(point[0], point[1])),
                "{point:?}"
            );
        }
    }
}
