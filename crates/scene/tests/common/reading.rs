//! Whether what is written on a stage can be read.

use scene::geometry::Rect;
use scene::stage::{Label, Stage};

fn apart(labels: &[Label], within: Rect, what: &str) {
    for (i, label) in labels.iter().enumerate() {
        let bounds = label.bounds();
        assert!(
            within.grown(0.5).holds(bounds),
            "{what}: {label:?} leaves {within:?}"
        );
        for other in &labels[..i] {
            assert!(
                !bounds.grown(-0.3).overlaps(other.bounds()),
                "{what}: {:?} and {:?}",
                label.text,
                other.text
            );
        }
    }
}

/// Whatever is written keeps to its card, and to itself.
pub fn can_be_read(stage: &Stage, what: &str) {
    for card in &stage.nodes {
        let what = format!("{what}, {} on {}x{}", card.name, stage.width, stage.height);
        apart(&card.labels, card.rect, &what);
        for cell in &card.cells {
            assert!(card.rect.holds(cell.rect), "{what}: {cell:?}");
            for label in &card.labels {
                assert!(
                    !cell.rect.overlaps(label.bounds()),
                    "{what}: {:?} on a cell",
                    label.text
                );
            }
            if let Some(label) = &cell.label {
                assert!(
                    cell.rect.holds(label.bounds()),
                    "{what}: {:?} leaves its cell",
                    label.text
                );
            }
        }
        for (segment, _) in card.progress.iter().flat_map(|progress| &progress.segments) {
            assert!(card.rect.holds(*segment), "{what}: {segment:?}");
            for label in &card.labels {
                assert!(
                    !segment.overlaps(label.bounds()),
                    "{what}: {:?} on a segment",
                    label.text
                );
            }
        }
        assert!(!card.aria.is_empty());
    }
    for person in &stage.people {
        let what = format!(
            "{what}, {} on {}x{}",
            person.name, stage.width, stage.height
        );
        apart(&person.labels, person.rect, &what);
        let circle = Rect::around(person.at, 2.0 * person.radius, 2.0 * person.radius);
        for label in &person.labels {
            assert!(
                !circle.overlaps(label.bounds()),
                "{what}: {:?} on the circle",
                label.text
            );
        }
        assert!(!person.aria.is_empty());
    }
    let mut bodies: Vec<(&str, Rect)> = Vec::new();
    bodies.extend(
        stage
            .nodes
            .iter()
            .map(|card| (card.name.as_str(), card.rect)),
    );
    bodies.extend(
        stage
            .people
            .iter()
            .map(|person| (person.name.as_str(), person.rect)),
    );
    if let Some(hub) = &stage.hub {
        let across = 2.0 * hub.radius;
        bodies.push((&hub.name, Rect::around(hub.at, across, across)));
    }
    for (i, (name, body)) in bodies.iter().enumerate() {
        for (other, its) in &bodies[..i] {
            assert!(
                !body.grown(-0.01).overlaps(*its),
                "{what}: {name} and {other}"
            );
        }
    }
    for wire in &stage.wires {
        if let Some(label) = &wire.label {
            for (name, body) in &bodies {
                let bounds = label.bounds().grown(-1.0);
                assert!(!body.overlaps(bounds), "{what}: {:?} on {name}", label.text);
            }
        }
    }
    let cards = stage.nodes.iter().map(|card| &card.tags);
    for tags in cards.chain(stage.people.iter().map(|person| &person.tags)) {
        for (i, tag) in tags.iter().enumerate() {
            assert!(
                tag.rect.grown(0.5).holds(tag.label.bounds()),
                "{what}: {tag:?}"
            );
            let apart = tags[..i].iter().all(|other| !other.rect.overlaps(tag.rect));
            assert!(apart, "{what}: {tag:?}");
        }
    }
    for ground in &stage.regions {
        let bounds = ground.label.bounds();
        assert!(ground.rect.holds(bounds), "{what}: {:?}", ground.label.text);
        for (name, body) in &bodies {
            assert!(
                !body.overlaps(bounds),
                "{what}: {:?} on {name}",
                ground.label.text
            );
        }
    }
    if let Some(hub) = &stage.hub {
        let circle = Rect::around(hub.at, 2.0 * hub.radius, 2.0 * hub.radius);
        apart(&hub.labels, circle, what);
    }
}

/// What lies on something else or is cut off, over the whole of a stage.
pub fn faults(stage: &Stage) -> Vec<String> {
    let mut found = Vec::new();
    let all = Rect {
        x: 0.0,
        y: 0.0,
        w: stage.width,
        h: stage.height,
    };
    // Whoever has a body, with what is written on it.
    let mut bodies: Vec<(String, Rect)> = Vec::new();
    let mut texts: Vec<(String, &Label)> = Vec::new();
    let mut tags: Vec<(String, Rect)> = Vec::new();
    for card in &stage.nodes {
        bodies.push((card.name.clone(), card.rect));
        texts.extend(card.labels.iter().map(|label| (card.name.clone(), label)));
        let numbers = card.cells.iter().filter_map(|cell| cell.label.as_ref());
        texts.extend(numbers.map(|label| (format!("{}'s cell", card.name), label)));
        for tag in &card.tags {
            tags.push((card.name.clone(), tag.rect));
            texts.push((format!("{}'s tag", card.name), &tag.label));
        }
    }
    for person in &stage.people {
        bodies.push((person.name.clone(), person.rect));
        texts.extend(
            person
                .labels
                .iter()
                .map(|label| (person.name.clone(), label)),
        );
        let its = person.tags.iter().map(|tag| &tag.label);
        texts.extend(its.map(|label| (format!("{}'s tag", person.name), label)));
    }
    if let Some(hub) = &stage.hub {
        let across = 2.0 * hub.radius;
        bodies.push((hub.name.clone(), Rect::around(hub.at, across, across)));
        texts.extend(hub.labels.iter().map(|label| (hub.name.clone(), label)));
    }
    let wired = stage
        .wires
        .iter()
        .filter_map(|wire| Some((wire.key(), wire.label.as_ref()?)));
    let wired: Vec<(String, &Label)> = wired.collect();
    texts.extend(wired.iter().cloned());
    texts.extend(
        stage
            .regions
            .iter()
            .map(|ground| (ground.name.clone(), &ground.label)),
    );

    for tag in stage
        .frontiers
        .iter()
        .filter_map(|frontier| frontier.tag.as_ref())
    {
        tags.push(("a cut".to_owned(), tag.rect));
        texts.push(("a cut".to_owned(), &tag.label));
    }

    for (i, (whose, text)) in texts.iter().enumerate() {
        let bounds = text.bounds();
        if !all.grown(0.5).holds(bounds) {
            found.push(format!("{:?} of {whose} leaves the stage", text.text));
        }
        for (other, its) in &texts[..i] {
            if bounds.grown(-0.5).overlaps(its.bounds()) {
                found.push(format!(
                    "{:?} of {whose} lies on {:?} of {other}",
                    text.text, its.text
                ));
            }
        }
    }
    for (i, (name, body)) in bodies.iter().enumerate() {
        if !all.grown(0.5).holds(*body) {
            found.push(format!("{name} leaves the stage"));
        }
        for (other, its) in &bodies[..i] {
            if body.grown(-0.01).overlaps(*its) {
                found.push(format!("{name} stands on {other}"));
            }
        }
        for (wire, label) in &wired {
            if label.bounds().grown(-0.5).overlaps(*body) {
                found.push(format!("{:?} of {wire} lies on {name}", label.text));
            }
        }
        for (owner, tag) in &tags {
            if owner != name && tag.overlaps(*body) {
                found.push(format!("a tag of {owner} lies on {name}"));
            }
        }
    }
    for (owner, tag) in &tags {
        for (wire, label) in &wired {
            if tag.overlaps(label.bounds()) {
                found.push(format!(
                    "{:?} of {wire} lies on a tag of {owner}",
                    label.text
                ));
            }
        }
    }
    found
}

/// How many wires run behind a card that is neither of their ends, and how many there are.
pub fn behind_cards(stage: &Stage) -> (usize, usize) {
    let hidden = stage.wires.iter().filter(|wire| {
        let ends = [wire.from, wire.to].map(Stage::key);
        let others = stage
            .nodes
            .iter()
            .filter(|card| !ends.contains(&format!("n{}", card.id.0)));
        others.into_iter().any(|card| {
            let body = card.rect.grown(-1.0);
            (1..40).any(|i| body.contains(wire.curve.at(f64::from(i) / 40.0)))
        })
    });
    (hidden.count(), stage.wires.len())
}
