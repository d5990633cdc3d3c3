//! Pictures of a few moments, to compare and to look at: `tests/snapshots/*.svg`.
//!
//! After a change that was meant: `UPDATE_EXPECT=1 cargo test -p scene --test pictures`.

mod common;

use common::{FAILOVER, MANAGED, QUORUM, SLOPPY, STALE_READ, TWO_LEADERS, Watched};
use expect_test::{ExpectFile, expect_file};
use scene::space_time::{Axis, Window};
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
fn two_leaders_that_are_cut_off() {
    picture(
        TWO_LEADERS,
        900,
        (820.0, 500.0),
        expect_file!["snapshots/two-leaders.svg"],
    );
}

#[test]
fn two_leaders_on_a_phone() {
    picture(
        TWO_LEADERS,
        2300,
        (390.0, 460.0),
        expect_file!["snapshots/two-leaders-phone.svg"],
    );
}

#[test]
fn a_substitute_with_hints() {
    picture(
        SLOPPY,
        600,
        (680.0, 420.0),
        expect_file!["snapshots/sloppy-quorum.svg"],
    );
}

#[test]
fn a_manager_that_has_promoted() {
    picture(
        MANAGED,
        2000,
        (1060.0, 560.0),
        expect_file!["snapshots/manager.svg"],
    );
}

#[test]
fn a_diagram() {
    let watched = Watched::new(STALE_READ).at_ms(1275);
    let run = watched.run();
    let focus = run.violations().last();
    let axis = Axis::even(Window::new(800_000, 1_800_000));
    let diagram = space_time(run, &watched.index, (840.0, 250.0), &axis, focus);
    expect_file!["snapshots/diagram.svg"].assert_eq(&svg::diagram(&diagram));
}
