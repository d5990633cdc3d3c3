//! Pictures of a few moments, to compare and to look at: `tests/snapshots/*.svg`.
//!
//! After a change that was meant: `UPDATE_EXPECT=1 cargo test -p scene --test pictures`.

mod common;

use common::{FAILOVER, QUORUM, STALE_READ, Watched, busy};
use expect_test::{ExpectFile, expect_file};
use scene::space_time::LINES_MAX;
use scene::{flights, marks, space_time, stage, svg};

fn picture(json: &str, ms: u64, (width, height): (f64, f64), expect: ExpectFile) {
    let watched = Watched::new(json).at_ms(ms);
    let run = watched.run();
    let focus = run.violations().last();
    let stage = stage(run, &watched.index, width, height, focus);
    let flights = flights(run, &watched.index, &stage, focus);
    let marks = marks(run, &watched.index, &stage);
    let text = svg::standalone(&stage, &flights, &marks, run.now().0);
    balanced(&text);
    expect.assert_eq(&text);
}

/// Every element that begins ends.
fn balanced(svg: &str) {
    let mut open = Vec::new();
    let without_style = svg.split_once("</style>").map_or(svg, |(_, rest)| rest);
    for tag in without_style.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').expect("a tag ends");
        let name = tag
            .trim_start_matches('/')
            .split([' ', '/'])
            .next()
            .expect("a tag has a name");
        match (tag.starts_with('/'), tag.ends_with('/')) {
            (true, _) => {
                let last = open.pop();
                // The picture itself began before its style sheet.
                assert!(
                    last == Some(name) || (last.is_none() && name == "svg"),
                    "</{name}> after {last:?}"
                );
            }
            (false, true) => {}
            (false, false) => open.push(name),
        }
    }
    assert!(open.is_empty() || open == ["svg"], "{open:?}");
}

#[test]
fn a_stale_read() {
    picture(
        STALE_READ,
        1275,
        (820.0, 500.0),
        expect_file!["snapshots/stale-read.svg"],
    );
}

#[test]
fn a_stale_read_on_a_phone() {
    picture(
        STALE_READ,
        1275,
        (360.0, 420.0),
        expect_file!["snapshots/stale-read-phone.svg"],
    );
}

#[test]
fn after_a_failover() {
    picture(
        FAILOVER,
        3500,
        (820.0, 500.0),
        expect_file!["snapshots/after-failover.svg"],
    );
}

#[test]
fn a_quorum_that_waits() {
    picture(
        QUORUM,
        1260,
        (680.0, 420.0),
        expect_file!["snapshots/quorum.svg"],
    );
}

#[test]
fn a_diagram() {
    let watched = Watched::new(STALE_READ).at_ms(1275);
    let run = watched.run();
    let focus = run.violations().last();
    let diagram = space_time(run, &watched.index, 840.0, 250.0, 800_000, 1_800_000, focus);
    expect_file!["snapshots/diagram.svg"].assert_eq(&svg::diagram(&diagram));
}

#[test]
fn a_diagram_keeps_within_its_plot_and_its_limit() {
    for leaderless in [false, true] {
        let watched = Watched::new(&busy(leaderless, 6, 6)).at_ms(4_000);
        let run = watched.run();
        for (from, to) in [
            (0, 4_000_000),
            (1_000_000, 1_500_000),
            (3_900_000, 9_000_000),
            (5, 5),
        ] {
            let diagram = space_time(run, &watched.index, 700.0, 240.0, from, to, None);
            assert_eq!(diagram.lanes.len(), 12 + usize::from(leaderless));
            assert!(diagram.lines.len() <= LINES_MAX);
            for line in &diagram.lines {
                assert!(diagram.plot.grown(0.01).contains(line.from), "{line:?}");
                assert!(diagram.plot.grown(0.01).contains(line.to), "{line:?}");
            }
            for band in &diagram.crashes {
                assert!(diagram.plot.grown(0.01).holds(*band), "{band:?}");
            }
        }
    }
}
