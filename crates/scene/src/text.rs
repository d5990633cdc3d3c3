//! How wide text is, near enough to keep it in its room without a screen to measure on.
//!
//! The widths are those of DejaVu Sans, one of the widest fonts that a page falls back to: in any
//! other font there is a little more air.

use crate::geometry::{Point, Rect};
use crate::stage::{Anchor, Face, Label};
use crate::tone::Tone;

/// The width of `text` in pixels.
pub fn width(text: &str, face: Face, size: f64) -> f64 {
    let em: f64 = match face {
        Face::Mono | Face::Value | Face::Inverse => text.chars().count() as f64 * 0.602,
        Face::Plain => text.chars().map(em).sum(),
        // Semi-bold, which a font without that weight sets in bold.
        Face::Title => text.chars().map(em).sum::<f64>() * 1.13,
    };
    em * size
}

/// `text`, or as much of it as `room` pixels hold, with an ellipsis.
pub fn fit(text: &str, face: Face, size: f64, room: f64) -> String {
    if width(text, face, size) <= room {
        return text.to_owned();
    }
    let mut kept: Vec<char> = text.chars().collect();
    while kept.pop().is_some() {
        let mut shorter: String = kept.iter().collect();
        shorter.truncate(shorter.trim_end().len());
        shorter.push('…');
        if width(&shorter, face, size) <= room {
            return shorter;
        }
    }
    String::new()
}

/// The first of several wordings, longest first, that fits; the last one is shortened if it must be.
pub fn fit_any(wordings: &[String], face: Face, size: f64, room: f64) -> String {
    let whole = wordings.iter().find(|text| width(text, face, size) <= room);
    match (whole, wordings.last()) {
        (Some(text), _) => text.clone(),
        (None, Some(last)) => fit(last, face, size, room),
        (None, None) => String::new(),
    }
}

impl Label {
    /// A label of plain ink at the beginning of its text.
    pub fn new(at: Point, text: impl Into<String>, face: Face, size: f64) -> Label {
        Label {
            at,
            anchor: Anchor::Start,
            text: text.into(),
            face,
            size,
            tone: Tone::Ink,
        }
    }

    /// The same, anchored otherwise.
    pub fn anchored(self, anchor: Anchor) -> Label {
        Label { anchor, ..self }
    }

    /// The same, in another colour.
    pub fn toned(self, tone: Tone) -> Label {
        Label { tone, ..self }
    }

    /// About the rectangle that the text covers.
    pub fn bounds(&self) -> Rect {
        let w = width(&self.text, self.face, self.size);
        let x = match self.anchor {
            Anchor::Start => self.at.x,
            Anchor::Middle => self.at.x - w / 2.0,
            Anchor::End => self.at.x - w,
        };
        Rect {
            x,
            y: self.at.y - 0.76 * self.size,
            w,
            h: 0.98 * self.size,
        }
    }
}

/// A character's width as a part of the font size.
fn em(c: char) -> f64 {
    match c {
        'i' | 'j' | 'l' | 'I' | 'J' | '\'' => 0.29,
        ' ' | '.' | ',' | '·' | '|' => 0.32,
        'f' | 't' | ':' | ';' | '/' | '-' | '(' | ')' | '[' | ']' | '!' => 0.38,
        'r' | '"' => 0.44,
        's' | 'c' | 'z' | 'L' | '?' | '“' | '”' => 0.55,
        'v' | 'x' | 'y' | 'k' => 0.60,
        'w' | '+' | '=' | '<' | '>' | '−' | '#' | '×' | 'O' | 'Q' | 'G' | 'D' | '→' => 0.84,
        'm' | 'M' | 'W' | '%' | '@' | '…' => 1.0,
        '0'..='9' | 'a'..='z' | '$' | '_' => 0.64,
        'A'..='Z' => 0.72,
        // Unknown scripts: some are a full square wide.
        c if c.is_ascii() => 0.64,
        c if c.is_alphabetic() && (c as u32) < 0x1100 => 0.72,
        _ => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_left_alone() {
        assert_eq!(fit("Alice", Face::Plain, 12.0, 100.0), "Alice");
    }

    #[test]
    fn what_does_not_fit_ends_in_an_ellipsis_and_then_fits() {
        let text = "waits for an answer that never comes";
        for room in [20.0, 40.0, 80.0] {
            let shorter = fit(text, Face::Plain, 12.0, room);
            assert!(shorter.ends_with('…'));
            assert!(width(&shorter, Face::Plain, 12.0) <= room);
        }
    }

    #[test]
    fn no_room_is_no_text() {
        assert_eq!(fit("Alice", Face::Plain, 12.0, 0.0), "");
    }
}
