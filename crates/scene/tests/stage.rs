//! What is on the stage, and that it can be read.

mod common;

use common::reading::can_be_read;
use common::{FAILOVER, QUORUM, STALE_READ, Watched, busy, interactions, shipped};
use common::{MANAGED, SLOPPY, TWO_LEADERS};
use replication::ids::Place;
use replication::run::Role;
use scene::geometry::Rect;
use scene::stage::{CellState, Stage};
use scene::{SceneIndex, Tone, stage};

const SIZES: [(f64, f64); 6] = [
    (320.0, 300.0),
    (360.0, 420.0),
    (390.0, 460.0),
    (680.0, 420.0),
    (820.0, 500.0),
    (1060.0, 560.0),
];

fn look(watched: &Watched, (width, height): (f64, f64)) -> Stage {
    stage(watched.run(), &watched.index, width, height, None)
}

#[test]
fn everything_written_can_be_read_in_every_shipped_scenario() {
    for (name, scenario) in shipped() {
        let mut watched = Watched::of(scenario);
        for ms in [0, 40, 300, 1100, 2700, 5400, 9900] {
            watched.seek_ms(ms);
            for size in SIZES {
                can_be_read(&look(&watched, size), &format!("{name} at {ms} ms"));
            }
        }
    }
}

#[test]
fn everything_written_can_be_read_in_every_interaction() {
    for (name, scenario) in interactions() {
        let mut watched = Watched::of(scenario);
        for ms in [60, 350, 700, 1200, 2600] {
            watched.seek_ms(ms);
            for size in [(390.0, 460.0), (680.0, 420.0), (1060.0, 560.0)] {
                can_be_read(&look(&watched, size), &format!("{name} at {ms} ms"));
            }
        }
    }
}

#[test]
fn everything_written_can_be_read_however_many_there_are() {
    for leaderless in [false, true] {
        for (nodes, clients) in [(1, 1), (2, 3), (4, 6), (7, 2), (12, 6), (12, 12)] {
            let mut watched = Watched::new(&busy(leaderless, nodes, clients));
            for ms in [900, 1700, 3600] {
                watched.seek_ms(ms);
                for size in SIZES {
                    can_be_read(
                        &look(&watched, size),
                        &format!("{nodes} nodes, {clients} clients at {ms} ms"),
                    );
                }
            }
        }
    }
}

#[test]
fn places_do_not_change_while_a_run_goes_on() {
    for json in [STALE_READ, FAILOVER, QUORUM] {
        let mut watched = Watched::new(json);
        let places = |watched: &Watched| {
            let stage = look(watched, (820.0, 500.0));
            let cards: Vec<Rect> = stage.nodes.iter().map(|card| card.rect).collect();
            let people: Vec<Rect> = stage.people.iter().map(|person| person.rect).collect();
            (cards, people, stage.hub.map(|hub| hub.at))
        };
        watched.seek_ms(0);
        let at_first = places(&watched);
        for ms in [500, 1200, 2300, 3000, 6000] {
            watched.seek_ms(ms);
            assert_eq!(places(&watched), at_first);
        }
    }
}

#[test]
fn a_follower_that_waits_for_a_write_is_behind_and_shows_the_place_where_it_will_be() {
    let watched = Watched::new(STALE_READ).at_ms(1100);
    let stage = look(&watched, (820.0, 500.0));
    let [leader, follower, _] = &stage.nodes[..] else {
        panic!("three replicas");
    };
    assert!(leader.crown && !follower.crown);
    assert_eq!(leader.behind, None);
    let behind = follower.behind.expect("it has a leader");
    assert_eq!(behind.entries, 1);
    // Alice wrote after 950 ms, and her request took 25 ms.
    assert!((100_000..=125_000).contains(&behind.us), "{behind:?}");
    let states =
        |cells: &[scene::stage::Cell]| cells.iter().map(|cell| cell.state).collect::<Vec<_>>();
    assert_eq!(
        states(&leader.cells),
        [CellState::Filled, CellState::Filled]
    );
    assert_eq!(
        states(&follower.cells),
        [CellState::Filled, CellState::Missing]
    );
    assert!(follower.values[0].stale && !leader.values[0].stale);
    assert_eq!(
        follower.aria,
        "Replica F1, follower, 1 entry and 124 ms behind the leader, shows balance 100, older than what was acknowledged"
    );
}

#[test]
fn after_a_failover_the_crown_moves_and_what_the_old_leader_has_alone_is_marked() {
    let mut watched = Watched::new(FAILOVER);
    watched.seek_ms(2050);
    assert!(look(&watched, (820.0, 500.0)).nodes[0].crown);
    watched.seek_ms(3500);
    let stage = look(&watched, (820.0, 500.0));
    let leaders: Vec<bool> = stage.nodes.iter().map(|card| card.crown).collect();
    assert_eq!(leaders.iter().filter(|crown| **crown).count(), 1);
    assert!(!leaders[0]);
    assert!(!stage.nodes[0].up);
    assert_eq!(stage.nodes[0].tone, Tone::Muted);
    let doomed: Vec<_> = stage.nodes[0]
        .cells
        .iter()
        .filter(|cell| cell.state == CellState::Discarded)
        .filter_map(|cell| cell.write)
        .collect();
    assert_eq!(doomed.len(), 1);
    assert_eq!(doomed[0].0, 2);
    assert!(stage.nodes[0].aria.ends_with("1 entry will be discarded"));
}

#[test]
fn a_proxy_counts_what_it_waits_for() {
    let mut watched = Watched::new(QUORUM);
    let mut seen = Vec::new();
    for ms in 0..4000 {
        watched.seek_ms(ms);
        let stage = look(&watched, (680.0, 420.0));
        let hub = stage.hub.expect("a proxy");
        if let Some(progress) = hub.progress.filter(|progress| progress.write.is_some()) {
            assert_eq!(progress.need, 3);
            assert_eq!(progress.arcs.len(), 3);
            let filled = progress.arcs.iter().filter(|(_, filled)| *filled).count();
            assert_eq!(filled, usize::from(progress.have));
            seen.push(progress.have);
        }
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen, [0, 1, 2]);
}

#[test]
fn the_violation_in_focus_shows_whom_it_is_about() {
    let watched = Watched::new(STALE_READ).at_ms(4000);
    let run = watched.run();
    let violation = run.violations().first().expect("a stale read");
    let stage = stage(run, &watched.index, 820.0, 500.0, Some(violation));
    let bad: Vec<&str> = stage
        .nodes
        .iter()
        .filter(|card| card.bad)
        .map(|card| card.name.as_str())
        .collect();
    assert_eq!(bad.len(), 1);
    assert!(stage.people[0].bad && !stage.people[1].bad);
    let wires = stage
        .wires
        .iter()
        .filter(|wire| wire.tone == Tone::Bad && wire.dashed);
    assert_eq!(wires.count(), 1);
}

#[test]
fn an_index_that_grew_with_its_run_equals_one_that_was_made_at_its_end() {
    for (name, scenario) in shipped() {
        let mut grown = Watched::of(scenario.clone());
        for ms in [5, 120, 900, 901, 3000, 7000] {
            grown.seek_ms(ms);
        }
        let at_once = Watched::of(scenario).at_ms(7000);
        for size in SIZES {
            assert_eq!(look(&grown, size), look(&at_once, size), "{name}");
        }
    }
}

#[test]
fn the_past_looks_the_same_after_the_future_is_known() {
    for (name, scenario) in shipped() {
        let fresh = Watched::of(scenario.clone()).at_ms(1300);
        let mut back = Watched::of(scenario);
        back.seek_ms(6000);
        back.seek_ms(1300);
        let size = (820.0, 500.0);
        assert_eq!(look(&fresh, size), look(&back, size), "{name}");
    }
}

#[test]
fn an_index_that_is_shown_another_run_starts_afresh() {
    let mut index = SceneIndex::new();
    let one = Watched::new(STALE_READ).at_ms(2000);
    let other = Watched::new(QUORUM).at_ms(2000);
    index.update(one.run());
    index.update(other.run());
    let expected = look(&other, (820.0, 500.0));
    assert_eq!(stage(other.run(), &index, 820.0, 500.0, None), expected);
}

#[test]
fn absurd_sizes_are_drawn_too() {
    let watched = Watched::new(STALE_READ).at_ms(1000);
    for size in [(0.0, 0.0), (-5.0, 10.0), (f64::NAN, 300.0), (1e6, 20.0)] {
        assert_eq!(look(&watched, size).nodes.len(), 3);
    }
}

#[test]
fn regions_are_grounds_with_their_nodes_and_clients_on_them() {
    let watched = Watched::new(MANAGED).at_ms(700);
    let stage = look(&watched, (820.0, 500.0));
    let names: Vec<&str> = stage
        .regions
        .iter()
        .map(|ground| ground.name.as_str())
        .collect();
    assert_eq!(names, ["us-east", "us-west"]);
    let structure = &watched.run().scenario().structure;
    for card in &stage.nodes {
        let region = structure.region_of(Place::Node(card.id));
        assert!(
            stage.regions[usize::from(region.0)].rect.holds(card.rect),
            "{}",
            card.name
        );
    }
    for person in &stage.people {
        let region = structure.region_of(Place::Client(person.id));
        assert!(
            stage.regions[usize::from(region.0)].rect.holds(person.rect),
            "{}",
            person.name
        );
    }
    let far: Vec<&str> = stage
        .wires
        .iter()
        .filter_map(|wire| Some(wire.label.as_ref()?.text.as_str()))
        .collect();
    assert_eq!(far, ["43 ms apart"]);
}

#[test]
fn what_is_still_on_its_way_to_a_leader_keeps_it_from_being_caught_up() {
    // Tokyo has the later title, before which New York's will be dropped; but that has not come yet.
    let titles = shipped()
        .into_iter()
        .find(|(name, _)| name.contains("two-titles"));
    let watched = Watched::of(titles.expect("a shipped story").1);
    let behind = |watched: &Watched| {
        let stage = look(watched, (820.0, 500.0));
        let cards = stage.nodes.iter();
        cards
            .map(|card| card.behind.map(|behind| behind.entries))
            .collect::<Vec<_>>()
    };
    let watched = watched.at_ms(881);
    assert_eq!(behind(&watched), [Some(1), Some(1)]);
    assert_eq!(behind(&watched.at_ms(1_250)), [Some(0), Some(0)]);
}

#[test]
fn a_failover_manager_has_a_card_of_its_own() {
    let watched = Watched::new(MANAGED).at_ms(700);
    let stage = look(&watched, (820.0, 500.0));
    let manager = stage.nodes.last().expect("a manager");
    assert_eq!(
        (manager.role, manager.name.as_str()),
        (Role::Manager, "manager")
    );
    assert!(manager.cells.is_empty() && manager.values.is_empty() && !manager.crown);
    assert!(manager.rect.h < stage.nodes[0].rect.h);
}

#[test]
fn what_is_the_matter_with_a_replica_is_on_its_card() {
    let mut watched = Watched::new(MANAGED);
    watched.seek_ms(1100);
    let stage = look(&watched, (1060.0, 560.0));
    let tags = |name: &str| -> Vec<String> {
        let card = stage.nodes.iter().find(|card| card.name == name);
        let tags = card.expect("a card").tags.iter();
        tags.map(|tag| tag.label.text.clone()).collect()
    };
    assert_eq!(tags("F1"), ["clock −200 ms"]);
    assert!(tags("L").iter().any(|tag| tag.ends_with("trimmed")));
    let paused = &stage.nodes[3];
    assert!(paused.paused && paused.glyphs.len() == 1, "two bars");
    assert!(paused.aria.contains("paused"));
    watched.seek_ms(2900);
    let stage = look(&watched, (1060.0, 560.0));
    assert_eq!(stage.nodes[2].tags[0].label.text, "disk lost");
    let slow = stage.wires.iter().find(|wire| wire.slow_us == 300_000);
    assert_eq!(
        slow.and_then(|wire| Some(wire.label.as_ref()?.text.as_str())),
        Some("+300 ms")
    );
}

#[test]
fn a_cut_link_has_a_gap_and_a_cross_where_messages_end() {
    let watched = Watched::new(TWO_LEADERS).at_ms(950);
    let (run, index) = (watched.run(), &watched.index);
    let stage = look(&watched, (820.0, 500.0));
    let cut: Vec<_> = stage
        .wires
        .iter()
        .filter_map(|wire| wire.cut.as_ref())
        .collect();
    assert_eq!(cut.len(), 1, "between the leaders");
    assert!(cut[0].gap > 0.0 && cut[0].towards.is_none());
    let lost = scene::marks(run, index, &stage);
    assert!(!lost.is_empty());
    for mark in lost {
        assert!(mark.cut && mark.at.distance(cut[0].at) < 3.0 * stage.chip_radius);
    }
}

#[test]
fn siblings_are_shown_with_their_numbers() {
    let watched = Watched::new(TWO_LEADERS).at_ms(2300);
    let stage = look(&watched, (820.0, 500.0));
    for card in &stage.nodes {
        let [title] = &card.values[..] else {
            panic!("one key")
        };
        assert_eq!(title.siblings.len(), 1, "{}", card.name);
        let shown: Vec<&str> = card
            .labels
            .iter()
            .map(|label| label.text.as_str())
            .collect();
        assert!(
            shown.contains(&"Blue #2") && shown.contains(&"Red #3"),
            "{shown:?}"
        );
        assert_eq!(
            card.behind,
            Some(scene::stage::Behind::default()),
            "{}",
            card.name
        );
    }
}

#[test]
fn a_substitute_bears_the_hints_that_it_keeps() {
    let watched = Watched::new(SLOPPY).at_ms(600);
    let stage = look(&watched, (680.0, 420.0));
    let tags: Vec<(&str, &str)> = stage
        .nodes
        .iter()
        .flat_map(|card| {
            card.tags
                .iter()
                .map(|tag| (card.name.as_str(), tag.label.text.as_str()))
        })
        .collect();
    assert_eq!(tags, [("D", "2 hints for C")]);
}
