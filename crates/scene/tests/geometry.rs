//! Nothing on a stage lies on anything else or is cut off, for every kind of system and every size.

mod common;

use common::Watched;
use common::matrix::systems;
use common::reading::{behind_cards, faults};
use scene::stage;

/// The stages of a desk, a laptop and two phones.
const SIZES: [(f64, f64); 4] = [
    (816.0, 480.0),
    (640.0, 420.0),
    (390.0, 371.0),
    (360.0, 350.0),
];

/// With a cut, a slow link, a pause and lag; and after a crash, which may have made others lead.
const MOMENTS_MS: [u64; 2] = [1600, 2900];

/// Of all wires, one in so many may run behind a card that it does not belong to.
const HIDDEN_ONE_IN: usize = 10;

fn nothing_lies_on_anything_else(nodes: usize) {
    let mut found: Vec<String> = Vec::new();
    let (mut hidden, mut wires) = (0, 0);
    // Each number of clients is met with some numbers of nodes, the most with all.
    let mut counts = vec![(nodes - 1) % 6 + 1, 6];
    counts.dedup();
    for clients in counts {
        for system in systems(nodes, clients) {
            let mut watched = Watched::new(&system.json);
            for ms in MOMENTS_MS {
                watched.seek_ms(ms);
                let run = watched.run();
                for (width, height) in SIZES {
                    let focus = run.violations().last();
                    let stage = stage(run, &watched.index, width, height, focus);
                    let at = format!("{} at {ms} ms on {width}x{height}", system.name);
                    let faults = faults(&stage).into_iter();
                    found.extend(faults.map(|what| format!("{at}: {what}")));
                    // Places stay where they are after a failover, though other wires stand then.
                    if ms == MOMENTS_MS[0] {
                        let (its_hidden, all) = behind_cards(&stage);
                        (hidden, wires) = (hidden + its_hidden, wires + all);
                    }
                }
            }
        }
    }
    found.truncate(20);
    assert!(found.is_empty(), "{}", found.join("\n"));
    assert!(
        HIDDEN_ONE_IN * hidden <= wires,
        "{hidden} of {wires} wires run behind a card"
    );
}

macro_rules! counts {
    ($($name:ident: $nodes:literal),*) => {
        $(#[test]
        fn $name() {
            nothing_lies_on_anything_else($nodes);
        })*
    };
}

counts! {
    one: 1, two: 2, three: 3, four: 4, five: 5, six: 6, seven: 7, eight: 8, nine: 9, ten: 10, eleven: 11, twelve: 12
}
