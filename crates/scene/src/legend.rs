//! What the shapes on the wire stand for: each drawn as on the stage, with its words.

use replication::ids::{NodeId, Place, WriteId};
use replication::trace::Seq;

use crate::flights::{ChipShape, Flight, half_size, tone};
use crate::geometry::{Curve, Point};
use crate::tone::Hue;
use crate::trip::{End, Trip};

/// The radius of a legend's chips, in pixels.
pub const CHIP_RADIUS: f64 = 10.0;
/// Their font size, in pixels.
const TEXT_SIZE: f64 = 11.5;
/// The write that they carry, where they carry one.
const WRITE: WriteId = WriteId(7);

/// What is sent, in the order in which one meets it, and what it means.
const ROWS: [(ChipShape, &str, &str); 16] = [
    (
        ChipShape::Request,
        "7",
        "A client’s write. Its number and colour go with it everywhere.",
    ),
    (
        ChipShape::Replicate,
        "7",
        "That write, on its way to another copy.",
    ),
    (
        ChipShape::NoOp,
        "",
        "No write: the first entry of a new leader, on its way to another copy.",
    ),
    (
        ChipShape::AckCheck,
        "",
        "“I have it”: a copy tells the sender.",
    ),
    (
        ChipShape::Done,
        "",
        "“Done”: the client is told that its write is safe, as safe as the settings say.",
    ),
    (ChipShape::ReadRequest, "", "A client asks for a value."),
    (
        ChipShape::Answer,
        "$40 · #7",
        "The answer: a value, and the write that it comes from.",
    ),
    (
        ChipShape::Refusal,
        "too few",
        "A refusal: no answer rather than a wrong one.",
    ),
    (
        ChipShape::Heartbeat,
        "",
        "“I am alive.” Where none comes for long, its sender is taken for dead.",
    ),
    (ChipShape::VoteRequest, "", "“May I lead?”"),
    (ChipShape::Vote, "", "“You may.”"),
    (
        ChipShape::Appoint,
        "",
        "“Lead!”: the failover manager, or who has counted the votes, appoints a replica.",
    ),
    (
        ChipShape::Hint,
        "7",
        "A hint: kept for a replica that can’t be reached.",
    ),
    (
        ChipShape::Handoff,
        "7",
        "The hint, handed over once the replica is back.",
    ),
    (ChipShape::Repair, "", "A repair: what a copy lacks."),
    (
        ChipShape::Snapshot,
        "all",
        "A snapshot: everything at once.",
    ),
];

/// One line of the legend.
#[derive(Clone, Debug, PartialEq)]
pub struct LegendRow {
    /// The message as it would be on the stage, with a chip of [`CHIP_RADIUS`].
    pub flight: Flight,
    /// What it means.
    pub words: &'static str,
}

/// The legend.
pub fn legend() -> Vec<LegendRow> {
    let row = |(shape, text, words): &(ChipShape, &str, &'static str)| LegendRow {
        flight: flight(*shape, text),
        words,
    };
    ROWS.iter().map(row).collect()
}

fn flight(shape: ChipShape, text: &str) -> Flight {
    let (half_width, half_height) = half_size(shape, text, CHIP_RADIUS, TEXT_SIZE);
    let (here, place) = (Point::default(), Place::Node(NodeId(0)));
    let write = (shape != ChipShape::NoOp).then_some(WRITE);
    Flight {
        seq: Seq(0),
        from: place,
        to: place,
        curve: Curve {
            from: here,
            bend: here,
            to: here,
        },
        trip: Trip {
            sent_us: 0,
            flight_us: 1,
            ends_us: 1,
            end: End::Arrives,
            holds: Vec::new(),
        },
        shape,
        write,
        hue: write.map(Hue::of),
        tone: tone(shape, false),
        more: 0,
        text: text.to_owned(),
        text_size: TEXT_SIZE,
        half_width,
        half_height,
        bad: false,
        aria: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shape_is_told_once_and_drawn() {
        let rows = legend();
        for (i, row) in rows.iter().enumerate() {
            assert!(!row.flight.parts(CHIP_RADIUS).is_empty());
            assert!(
                rows[..i]
                    .iter()
                    .all(|other| other.flight.shape != row.flight.shape)
            );
        }
    }
}
