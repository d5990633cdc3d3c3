//! What moves: where the record says that it is.

mod common;

use common::{QUORUM, STALE_READ, Watched, busy, shipped};
use replication::ids::Place;
use replication::trace::{Kind, Seq};
use scene::flights::{FLIGHTS_MAX, MARK_US};
use scene::geometry::{Point, Rect};
use scene::space_time::{self, What};
use scene::{
    ChipShape, Flight, Stage, flights, flights_of, marks, position, soon, stage, state_caption,
};

fn look(watched: &Watched) -> (Stage, Vec<Flight>) {
    let stage = stage(watched.run(), &watched.index, 820.0, 500.0, None);
    let flights = flights(watched.run(), &watched.index, &stage, None);
    (stage, flights)
}

fn close(a: Point, b: Point) -> bool {
    a.distance(b) < 1e-6
}

#[test]
fn a_chip_is_where_its_record_says() {
    for (name, scenario) in shipped() {
        let mut watched = Watched::of(scenario);
        for ms in (0..3000).step_by(37) {
            watched.seek_ms(ms);
            let now = watched.run().now().0;
            let (_, flights) = look(&watched);
            assert!(flights.len() <= FLIGHTS_MAX);
            for flight in &flights {
                let record = watched.run().records()[flight.seq.index()];
                let Kind::Sent {
                    from,
                    to,
                    arrives,
                    flight_us,
                    ..
                } = record.kind
                else {
                    panic!("{name}: {record:?} is no sending");
                };
                assert_eq!((flight.from, flight.to), (from, to));
                let arrives = arrives.unwrap_or(record.at.after_us(flight_us));
                // What has reached a paused replica waits at its edge.
                let part = (now - record.at.0) as f64 / (arrives.0 - record.at.0) as f64;
                let part = part.min(1.0);
                let drawn = position(flight, now as f64);
                assert!(
                    close(drawn, flight.curve.at(part)),
                    "{name} at {ms} ms: {flight:?}"
                );
                assert_eq!(
                    flight.trip.is_cut_short(),
                    matches!(record.kind, Kind::Sent { arrives: None, .. })
                );
            }
        }
    }
}

#[test]
fn what_is_sent_soon_is_known_before() {
    let (mut ahead, mut missing) = (0, Vec::new());
    for (name, scenario) in shipped() {
        let mut watched = Watched::of(scenario);
        for ms in (0..3000).step_by(97) {
            watched.seek_ms(ms + 70);
            let until = watched.run().now();
            let (_, then) = look(&watched);
            watched.seek_ms(ms);
            let now_us = watched.run().now().0;
            let (stage, now) = look(&watched);
            let soon = soon(watched.run(), &watched.index, until);
            // What is on the wire then is what was, with what was sent and without what was received.
            let is_over = |seq: &Seq| soon.over.iter().any(|(over, _)| over == seq);
            let was = now.iter().map(|flight| flight.seq);
            let mut left: Vec<Seq> = was.chain(soon.sent.iter().copied()).collect();
            left.retain(|seq| !is_over(seq));
            left.sort_by_key(|seq| seq.0);
            let mut here: Vec<Seq> = then.iter().map(|flight| flight.seq).collect();
            here.sort_by_key(|seq| seq.0);
            assert_eq!(left, here, "{name} at {ms} ms");
            assert!(soon.over.iter().all(|(_, at_us)| *at_us > now_us));
            let soon = flights_of(watched.run(), &watched.index, &soon.sent, &stage, None);
            assert!(soon.iter().all(|flight| flight.trip.sent_us > now_us));
            let sent = then.iter().filter(|flight| flight.trip.sent_us > now_us);
            missing.extend(
                sent.clone()
                    .filter(|flight| !soon.contains(flight))
                    .map(|flight| format!("{name} at {ms} ms: {}", flight.aria)),
            );
            ahead += sent.count();
        }
    }
    assert!(ahead > 1000, "{ahead}");
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn a_chip_leaves_at_one_place_and_ends_at_the_other() {
    let mut watched = Watched::new(STALE_READ);
    let mut shapes = Vec::new();
    for ms in (0..3000).step_by(11) {
        watched.seek_ms(ms);
        let (stage, flights) = look(&watched);
        for flight in flights {
            let near = |place, at: Point| {
                let body: Rect = match place {
                    Place::Node(node) => stage.nodes[usize::from(node.0)].rect,
                    Place::Client(client) => stage.people[usize::from(client.0)].rect,
                };
                body.grown(2.2 * stage.chip_radius + flight.half_width)
                    .contains(at)
            };
            let begin = position(&flight, flight.trip.sent_us as f64);
            let end = position(&flight, flight.trip.ends_us as f64);
            assert!(near(flight.from, begin), "{flight:?}");
            assert!(near(flight.to, end), "{flight:?}");
            shapes.push(flight.shape);
        }
    }
    for shape in [
        ChipShape::Request,
        ChipShape::Replicate,
        ChipShape::AckCheck,
        ChipShape::Done,
        ChipShape::ReadRequest,
        ChipShape::Answer,
        ChipShape::Heartbeat,
    ] {
        assert!(shapes.contains(&shape), "{shape:?} was never seen");
    }
}

#[test]
fn no_chip_covers_a_card_at_its_ends_where_there_is_room() {
    let mut seen = 0;
    for (name, scenario) in shipped() {
        let mut watched = Watched::of(scenario);
        for ms in (0..4000).step_by(170) {
            watched.seek_ms(ms);
            let (stage, flights) = look(&watched);
            for flight in flights {
                let (w, h) = (2.0 * flight.half_width, 2.0 * flight.half_height);
                let is_long = flight.curve.from.distance(flight.curve.to) > 2.0 * w.max(h);
                let when = |us: u64| position(&flight, us as f64);
                for (place, at) in [
                    (flight.from, when(flight.trip.sent_us)),
                    (flight.to, when(flight.trip.ends_us)),
                ] {
                    let Place::Node(node) = place else { continue };
                    let card = stage.nodes.get(usize::from(node.0));
                    for card in card.into_iter().filter(|_| is_long) {
                        let covers = Rect::around(at, w, h).overlaps(card.rect);
                        assert!(!covers, "{name} at {ms} ms: {flight:?}");
                        seen += 1;
                    }
                }
            }
        }
    }
    assert!(seen > 1000, "{seen}");
}

#[test]
fn what_is_lost_ends_half_way_and_leaves_a_cross_there() {
    let mut watched = Watched::new(QUORUM);
    let mut crosses = 0;
    for ms in (0..4000).step_by(10) {
        watched.seek_ms(ms);
        let (stage, flights) = look(&watched);
        for flight in flights.iter().filter(|flight| flight.trip.is_cut_short()) {
            assert_eq!(
                flight.trip.ends_us,
                flight.trip.sent_us + flight.trip.flight_us / 2
            );
            let end = position(flight, flight.trip.ends_us as f64 + 1e6);
            let half = flight
                .curve
                .at((flight.trip.flight_us / 2) as f64 / flight.trip.flight_us as f64);
            assert!(close(end, half));
        }
        let now = watched.run().now().0;
        for mark in marks(watched.run(), &watched.index, &stage) {
            assert!(mark.since_us <= now && now < mark.since_us + MARK_US);
            assert_eq!(mark.until_us, mark.since_us + MARK_US);
            crosses += 1;
        }
    }
    assert!(crosses > 0, "nothing was lost");
}

/// The run of an interaction script of the core.
fn interaction(name: &str) -> Watched {
    let all = common::interactions();
    let found = all.into_iter().find(|(other, _)| other == name);
    Watched::of(found.expect(name).1)
}

/// Every message on the stage, as "kind at share of the way".
fn places(watched: &Watched) -> Vec<String> {
    let now_us = watched.run().now().0 as f64;
    let (_, flights) = look(watched);
    let place = |flight: &Flight| {
        let percent = (flight.trip.share(now_us) * 100.0).round();
        format!("{} at {percent} %", flight.shape.class())
    };
    flights.iter().map(place).collect()
}

#[test]
fn what_is_dropped_leaves_a_cross_where_it_was() {
    // The “done” of 6 ms, due at 11 ms, is dropped at 8 ms.
    let watched = interaction("ft_a_message_is_dropped_by_hand").at_ms(7);
    assert_eq!(places(&watched), ["k-replicate at 5 %", "k-done at 20 %"]);
    let (_, flights) = look(&watched);
    let done = flights.last().expect("the “done”").clone();
    let told = space_time::told(watched.run(), &watched.index, What::Message(done.seq));
    assert!(
        told.ends_with("; it arrives 5 ms later, at 0.011 s."),
        "{told}"
    );

    let watched = watched.at_ms(9);
    assert_eq!(places(&watched), ["k-replicate at 10 %"]);
    let (stage, _) = look(&watched);
    let crosses = marks(watched.run(), &watched.index, &stage);
    assert_eq!(crosses.len(), 1);
    assert!(close(crosses[0].at, done.curve.at(0.4)));
    let told = space_time::told(watched.run(), &watched.index, What::Message(done.seq));
    assert_eq!(
        told,
        "0.006 s: L sends Ann the “done” for #1; it is dropped at 0.008 s."
    );
    let caption = state_caption(watched.run(), &watched.index, None);
    assert_eq!(
        caption.headline,
        "The “done” for #1 from L to Ann was dropped."
    );
}

#[test]
fn what_is_held_up_stands_still_with_what_follows_it_in_its_stream() {
    // Sent at 5 and at 16 ms, 40 ms long, held up at 20 ms by 200 ms.
    let file = "ft_a_message_is_held_up_by_hand";
    let watched = interaction(file).at_ms(20);
    let stood = ["k-replicate at 38 %", "k-replicate at 10 %"];
    assert_eq!(places(&watched)[..2], stood);
    let watched = watched.at_ms(205);
    assert_eq!(places(&watched), stood);
    let underway = scene::underway(watched.run(), &watched.index);
    let said = "The message with #1 from L to F1 is due in 40 ms.";
    assert_eq!(underway[0].says, said);
    let (first, second) = (underway[0].seq, underway[1].seq);
    let told = |seq| space_time::told(watched.run(), &watched.index, What::Message(seq));
    let said = "0.005 s: L sends F1 the message with #1; it is held up, and arrives 240 ms later, at 0.245 s.";
    assert_eq!(told(first), said);
    assert!(told(second).contains("it is held up, and arrives 229 ms later"));
    // They go on, and the first is there when it is received.
    let watched = watched.at_ms(240);
    let went = ["k-replicate at 88 %", "k-replicate at 87 %"];
    assert_eq!(places(&watched), went);
    // The cursor goes back to before anybody held them up.
    assert_eq!(
        places(&watched.at_ms(19))[..2],
        ["k-replicate at 35 %", "k-replicate at 8 %"]
    );
}

#[test]
fn a_chip_stays_in_its_lane_from_beginning_to_end() {
    let mut watched = Watched::new(&busy(true, 5, 4));
    let mut known = std::collections::BTreeMap::new();
    for ms in (0..3000).step_by(20) {
        watched.seek_ms(ms);
        let (_, flights) = look(&watched);
        for flight in flights {
            let curve = *known.entry(flight.seq).or_insert(flight.curve);
            assert_eq!(curve, flight.curve);
        }
    }
}

#[test]
fn an_answer_says_what_was_looked_up() {
    let mut watched = Watched::new(STALE_READ);
    let mut texts = Vec::new();
    for ms in 1100..1800 {
        watched.seek_ms(ms);
        let (_, flights) = look(&watched);
        texts.extend(
            flights
                .into_iter()
                .filter(|flight| flight.shape == ChipShape::Answer)
                .map(|flight| flight.text),
        );
    }
    texts.sort();
    texts.dedup();
    assert!(!texts.is_empty());
    for text in &texts {
        assert!(["100 · #1", "40 · #2"].contains(&text.as_str()), "{text}");
    }
}

#[test]
fn what_belongs_to_the_violation_is_drawn_last() {
    let mut watched = Watched::new(STALE_READ);
    watched.seek_ms(4000);
    let violation = watched
        .run()
        .violations()
        .first()
        .expect("a stale read")
        .clone();
    let at = watched.run().records()[violation.at.index()].at.0;
    watched.seek_ms(at / 1_000 - 5);
    let stage = stage(
        watched.run(),
        &watched.index,
        820.0,
        500.0,
        Some(&violation),
    );
    let flights = flights(watched.run(), &watched.index, &stage, Some(&violation));
    let bad: Vec<bool> = flights.iter().map(|flight| flight.bad).collect();
    assert!(bad.contains(&true));
    assert!(bad.is_sorted());
}
