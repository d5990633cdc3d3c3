//! The space-time diagram: what is in it, what can be found in it, and what it says.

mod common;

use common::{FAILOVER, MANAGED, STALE_READ, Watched, busy, shipped};
use replication::trace::{Kind, MessageKind, Record};
use scene::geometry::Point;
use scene::space_time::{
    Axis, LINES_MAX, Plight, THINGS_MAX, What, Window, around_cursor, busy as busy_moments, light,
    run_us, told,
};
use scene::{Diagram, space_time};

fn diagram(watched: &Watched, axis: &Axis) -> Diagram {
    space_time(watched.run(), &watched.index, (840.0, 300.0), axis, None)
}

/// The whole of what is known, folded.
fn folded(watched: &Watched, window: Window) -> Axis {
    Axis::folded(window, &busy_moments(watched.run(), &watched.index, window))
}

#[test]
fn everything_keeps_within_the_plot_and_its_limit() {
    for leaderless in [false, true] {
        let watched = Watched::new(&busy(leaderless, 6, 6)).at_ms(4_000);
        for (from, to) in [
            (0, 4_000_000),
            (1_000_000, 1_500_000),
            (3_900_000, 9_000_000),
            (5, 5),
        ] {
            let axis = Axis::even(Window::new(from, to));
            let run = watched.run();
            let diagram = space_time(run, &watched.index, (700.0, 240.0), &axis, None);
            assert_eq!(diagram.lanes.len(), 12 + usize::from(leaderless));
            assert!(diagram.lines.len() <= LINES_MAX);
            assert!(diagram.things().len() <= THINGS_MAX);
            let plot = diagram.plot.grown(0.01);
            for line in &diagram.lines {
                assert!(plot.contains(line.from), "{line:?}");
                assert!(plot.contains(line.to), "{line:?}");
            }
            for band in &diagram.bands {
                // What the whole network has stands above the lanes.
                let above = band.plight == Plight::Lossy;
                assert_eq!(band.rect.bottom() <= diagram.plot.y, above, "{band:?}");
                assert!(plot.x <= band.rect.x && band.rect.right() <= plot.right());
            }
            for reign in &diagram.reigns {
                assert!(plot.x <= reign.from_x && reign.to_x <= plot.right());
            }
        }
    }
}

#[test]
fn a_cut_a_pause_and_a_crash_are_bands_that_say_what_they_are() {
    let watched = Watched::new(MANAGED).at_ms(3000);
    let axis = Axis::even(Window::new(800_000, 3_000_000));
    let diagram = diagram(&watched, &axis);
    for (plight, label) in [
        (Plight::CutOff, "cut off"),
        (Plight::Paused, "paused"),
        (Plight::Down, "down"),
    ] {
        let band = diagram.bands.iter().find(|band| band.plight == plight);
        let band = band.unwrap_or_else(|| panic!("no band for {label}"));
        assert!([label, ""].contains(&band.label.1.as_str()), "{band:?}");
    }
    assert!(diagram.bands.iter().any(|band| !band.label.1.is_empty()));
}

#[test]
fn loss_is_a_strip_over_all_lanes_while_it_lasts() {
    let lossy = STALE_READ.replacen(
        r#""clients""#,
        r#""script": [ { "at_ms": 500, "set": { "/network/loss_percent": 5 } }, { "at_ms": 900, "set": { "/network/loss_percent": 0 } } ], "clients""#,
        1,
    );
    let watched = Watched::new(&lossy).at_ms(1500);
    let diagram = diagram(&watched, &Axis::even(Window::new(0, 1_000_000)));
    let [band] = &diagram.bands[..] else {
        panic!("{:?}", diagram.bands);
    };
    assert_eq!((band.plight, band.at_us), (Plight::Lossy, 500_000));
    assert_eq!(band.label.1, "5 % of all messages are lost");
    assert!((band.rect.right() - (diagram.plot.x + 0.9 * diagram.plot.w)).abs() < 0.1);
    assert!(band.rect.bottom() <= diagram.plot.y);
}

#[test]
fn the_lanes_say_who_led_when() {
    let watched = Watched::new(FAILOVER).at_ms(5000);
    let diagram = diagram(&watched, &Axis::even(Window::new(0, 5_000_000)));
    let labels: Vec<&str> = diagram
        .reigns
        .iter()
        .map(|reign| reign.label.as_str())
        .collect();
    assert!(labels.contains(&"epoch 1"), "{labels:?}");
    assert!(labels.contains(&"epoch 2"), "{labels:?}");
    let lanes: Vec<f64> = diagram.reigns.iter().map(|reign| reign.y).collect();
    assert!(lanes.iter().any(|y| *y != lanes[0]));
}

#[test]
fn a_line_is_found_under_the_pointer_and_nothing_is_found_away_from_all() {
    let watched = Watched::new(STALE_READ).at_ms(1275);
    let diagram = diagram(&watched, &Axis::even(Window::new(800_000, 1_800_000)));
    for thing in diagram.things() {
        let found = diagram.nearest(thing.at, 6.0);
        assert!(found.is_some(), "{thing:?}");
        if matches!(thing.what, What::Violation(_)) {
            assert_eq!(found, Some(thing.what));
        }
    }
    let nowhere = Point::new(diagram.plot.x + 1.0, diagram.plot.bottom() + 12.0);
    assert_eq!(diagram.nearest(nowhere, 6.0), None);
}

#[test]
fn a_message_is_told_with_who_what_and_when() {
    let watched = Watched::new(STALE_READ).at_ms(1275);
    let run = watched.run();
    let record = run.records().iter().find(|record| {
        matches!(
            record.kind,
            Kind::Sent {
                message: MessageKind::Append,
                carries,
                ..
            } if carries.write.is_some() || carries.upto.is_some()
        )
    });
    let record = record.expect("the leader sends its log");
    let Kind::Sent { flight_us, .. } = record.kind else {
        unreachable!("it is a sending")
    };
    let said = told(run, &watched.index, What::Message(record.seq));
    assert!(
        said.starts_with(&scene::quantity::moment(record.at.0)),
        "{said}"
    );
    assert!(
        said.contains(" sends ") && said.contains("the message with #"),
        "{said}"
    );
    let arrives = scene::quantity::moment(record.at.0 + flight_us);
    assert!(said.ends_with(&format!("at {arrives}.")), "{said}");
}

#[test]
fn what_was_lost_is_told_as_lost() {
    let watched = Watched::new(MANAGED).at_ms(3000);
    let run = watched.run();
    let diagram = diagram(&watched, &Axis::even(Window::new(0, 3_000_000)));
    let lost = diagram.lines.iter().filter(|line| line.lost);
    let said: Vec<String> = lost
        .map(|line| told(run, &watched.index, What::Message(line.seq)))
        .collect();
    assert!(!said.is_empty());
    for said in said {
        assert!(said.contains("it is lost"), "{said}");
    }
}

#[test]
fn what_led_to_a_message_and_what_came_of_it_is_lit() {
    let watched = Watched::new(STALE_READ).at_ms(1275);
    let (run, index) = (watched.run(), &watched.index);
    let axis = Axis::even(Window::new(0, 1_800_000));
    let diagram = diagram(&watched, &axis);
    // The client's request, the leader's message about it and the follower's acknowledgement are one chain.
    let kind = |line: &scene::space_time::Slant| match run.records()[line.seq.index()].kind {
        Kind::Sent { message, .. } => message,
        _ => unreachable!("lines are sendings"),
    };
    let append = diagram
        .lines
        .iter()
        .find(|line| kind(line) == MessageKind::Append && line.write.is_some())
        .expect("the leader sends its log");
    let lit = light(run, index, &diagram, &axis, What::Message(append.seq));
    let lit_kinds: Vec<MessageKind> = diagram
        .lines
        .iter()
        .filter(|line| lit.is_on(line.seq))
        .map(kind)
        .collect();
    for wanted in [MessageKind::Write, MessageKind::Append, MessageKind::Ack] {
        assert!(
            lit_kinds.contains(&wanted),
            "{wanted:?} is not in {lit_kinds:?}"
        );
    }
    assert!(lit_kinds.len() < diagram.lines.len());
}

#[test]
fn a_violation_lights_its_evidence_and_joins_it() {
    let (mut joined, mut requests) = (0, 0);
    for (name, scenario) in shipped() {
        let mut watched = Watched::of(scenario);
        watched.seek_ms(60_000);
        let run = watched.run();
        let Some(violation) = run.violations().first() else {
            continue;
        };
        let axis = folded(&watched, Window::new(0, run_us(run)));
        let diagram = diagram(&watched, &axis);
        let lit = light(run, &watched.index, &diagram, &axis, What::Violation(0));
        for seq in &violation.evidence {
            assert!(lit.is_on(*seq), "{name}: {seq:?}");
            // And the request to write, which has the number of the write.
            let Kind::Invoked { op, .. } = run.records()[seq.index()].kind else {
                continue;
            };
            let asks = |record: &Record| matches!(record.kind, Kind::Sent { message: MessageKind::Write, carries, .. } if carries.op == Some(op));
            let mut sent = diagram
                .lines
                .iter()
                .filter(|line| asks(&run.records()[line.seq.index()]));
            if let Some(first) = sent.next() {
                assert!(lit.is_on(first.seq), "{name}: {op:?}");
                requests += 1;
            }
        }
        assert!(
            lit.evidence.is_sorted_by(|one, next| one.x <= next.x),
            "{name}"
        );
        joined += usize::from(lit.evidence.len() > 1);
    }
    assert!(joined > 20, "only {joined} violations are joined");
    assert!(requests > 10, "only {requests} requests to write are lit");
}

#[test]
fn the_folded_diagram_of_every_story_keeps_its_order_and_its_room() {
    let mut folds = 0;
    for (name, scenario) in shipped() {
        let mut watched = Watched::of(scenario);
        watched.seek_ms(60_000);
        let run = watched.run();
        for window in [
            Window::new(0, run_us(run)),
            around_cursor(run, &watched.index),
        ] {
            let axis = folded(&watched, window);
            folds += axis.folds().count();
            let diagram = diagram(&watched, &axis);
            // Nothing begins or ends in what is called quiet.
            for each in &diagram.breaks {
                let inside = |x: f64| each.rect.x < x && x < each.rect.right();
                for line in &diagram.lines {
                    let begins = window.holds(line.during.from_us) && inside(line.from.x);
                    let ends = window.holds(line.during.to_us) && inside(line.to.x);
                    assert!(!begins && !ends, "{name}: {line:?} in {each:?}");
                }
                assert!(diagram.dots.iter().all(|dot| !inside(dot.at.x)), "{name}");
            }
            let ticks: Vec<f64> = diagram.ticks.iter().map(|(x, _)| *x).collect();
            assert!(
                ticks.is_sorted_by(|one, next| next - one > 40.0),
                "{name}: {ticks:?}"
            );
        }
    }
    assert!(folds > 10, "only {folds} folds");
}

#[test]
fn a_run_that_has_ended_is_quiet_up_to_its_end_and_no_other_is() {
    let mut watched = Watched::new(STALE_READ).at_ms(1_000);
    let whole = Window::new(0, run_us(watched.run()));
    let known = busy_moments(watched.run(), &watched.index, whole);
    assert_eq!(known.last(), Some(&1_000_000));
    watched.seek_ms(60_000);
    let whole = Window::new(0, run_us(watched.run()));
    let known = busy_moments(watched.run(), &watched.index, whole);
    assert_eq!(known.last(), Some(&whole.to_us));
}

#[test]
fn no_label_runs_into_a_fold() {
    let mut labels = 0;
    for (name, scenario) in shipped() {
        let mut watched = Watched::of(scenario);
        watched.seek_ms(60_000);
        let axis = folded(&watched, Window::new(0, run_us(watched.run())));
        let diagram = diagram(&watched, &axis);
        let bands = diagram.bands.iter().filter(|band| !band.label.1.is_empty());
        let bands = bands.filter(|band| band.plight != Plight::Lossy);
        for band in bands {
            labels += 1;
            // No letter of this size is narrower than this.
            let end = band.label.0.x + 2.5 * band.label.1.chars().count() as f64;
            let covers = |at: scene::geometry::Rect| band.label.0.x < at.right() && at.x < end;
            assert!(
                !diagram.breaks.iter().any(|each| covers(each.rect)),
                "{name}: {band:?}"
            );
        }
    }
    assert!(labels > 10, "only {labels} labels");
}
