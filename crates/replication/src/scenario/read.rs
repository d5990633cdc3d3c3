//! From a document to a [`Scenario`]: the one gate for bad input.
//!
//! Fields are read in a fixed order and the first that is wrong is the error. Keys and texts are
//! numbered in the order of their first mention: the clients first, then the script, so that an entry
//! added to the script numbers nothing anew.

use serde_json::{Map, Value as Json};

use super::clients::{self, Mentioned};
use super::reader::{self, At, Object, Read};
use super::{
    Expect, Limits, Names, Narration, NarrationEvent, ProtocolKind, Scenario, Structure, Versions,
};
use super::{limits, places, pointer, script, settings, shown_as};
use crate::engine::time::SimTime;
use crate::promise::Promise;

use super::reader::ScenarioError;

pub(super) fn from_bytes(bytes: &[u8]) -> Read<Scenario> {
    read(reader::parse(bytes)?)
}

pub(super) fn from_document(document: Json) -> Read<Scenario> {
    read(reader::within_depth(document)?)
}

pub(super) fn with_all<'a>(
    scenario: &Scenario,
    changes: impl IntoIterator<Item = (&'a str, Json)>,
) -> Read<Scenario> {
    let mut document = scenario.document.clone();
    for (pointer, value) in changes {
        pointer::put(&mut document, pointer, value)?;
    }
    from_document(document)
}

pub(super) fn with_throughout(scenario: &Scenario, changes: &[(String, Json)]) -> Read<Scenario> {
    let mut document = scenario.document.clone();
    for (pointer, value) in changes {
        pointer::put(&mut document, pointer, value.clone())?;
    }
    let script = document.get_mut("script").and_then(Json::as_array_mut);
    if let Some(script) = script {
        for entry in script.iter_mut() {
            let Some(set) = entry.get_mut("set").and_then(Json::as_object_mut) else {
                continue;
            };
            let inside = |place: &str, of: &str| {
                let rest = place.strip_prefix(of);
                rest.filter(|rest| rest.is_empty() || rest.starts_with('/'))
                    .map(str::to_owned)
            };
            for (pointer, value) in changes {
                set.retain(|place, _| inside(place, pointer).is_none());
                for (place, put) in set.iter_mut() {
                    if let Some(rest) = inside(pointer, place) {
                        pointer::put(put, &rest, value.clone())?;
                    }
                }
            }
        }
        script.retain(|entry| entry.get("set") != Some(&Json::Object(Map::new())));
    }
    from_document(document)
}

pub(super) fn with_intervention(
    scenario: &Scenario,
    at: SimTime,
    intervention: Json,
) -> Read<Scenario> {
    let mut document = scenario.document.clone();
    let fields = document
        .as_object_mut()
        .expect("a scenario's document is an object");
    let script = fields
        .entry("script")
        .or_insert_with(|| Json::Array(Vec::new()));
    let script = script
        .as_array_mut()
        .expect("a scenario's script is a list");
    // In the order of the document the script that was read need not be, so times are looked up in it.
    let time_of = |number: usize| {
        let entry = scenario
            .script
            .iter()
            .find(|entry| usize::from(entry.entry) == number);
        entry.map(|entry| entry.at)
    };
    let mut number = 0;
    script.retain(|entry| {
        let by_hand = entry.get("by_hand") == Some(&Json::Bool(true));
        let later = time_of(number) > Some(at);
        number += 1;
        !(by_hand && later)
    });
    let mut entry = match intervention {
        Json::Object(fields) => fields,
        other => {
            let pointer = format!("/script/{}", script.len());
            let message = format!("{} is not allowed: an object", reader::shortened(&other));
            return Err(ScenarioError::new(pointer, message));
        }
    };
    entry.insert("at_us".to_owned(), at.0.into());
    entry.insert("by_hand".to_owned(), true.into());
    script.push(Json::Object(entry));
    from_document(document)
}

pub(super) fn in_force(scenario: &Scenario, at: SimTime) -> Json {
    let mut parts = settings::extract(&scenario.document);
    let script = scenario.document.get("script").and_then(Json::as_array);
    for entry in scenario.script.iter().take_while(|entry| entry.at <= at) {
        let written = script.and_then(|script| script.get(usize::from(entry.entry)));
        let set = written.and_then(|written| written.get("set")?.as_object());
        for (pointer, value) in set.into_iter().flatten() {
            // It was put there once already, when the script was read.
            let _ = pointer::put(&mut parts, pointer, value.clone());
        }
    }
    parts
}

fn read(document: Json) -> Read<Scenario> {
    let root = At::root(&document).object(&[
        "version",
        "title",
        "story",
        "chapter",
        "seed",
        "regions",
        "protocol",
        "network",
        "reads",
        "writes",
        "backups",
        "shown_as",
        "clients",
        "script",
        "limits",
        "knobs",
        "narration",
        "expect",
    ])?;
    root.at("version")
        .whole(limits::VERSION..=limits::VERSION)?;
    let title = root.at("title").name(limits::TITLE_CHARS)?.to_owned();
    let story = root
        .or("story", "", |at| at.text(limits::STORY_CHARS))?
        .to_owned();
    let chapter = root
        .or("chapter", "", |at| at.name(limits::NAME_CHARS))?
        .to_owned();
    let seed = root.or("seed", 1, |at| at.whole(0..=limits::INTEGER_MAX))?;
    let (mut structure, mut settings, regions) = settings::read(&root)?;
    let mut mentioned = Mentioned::new(&structure, &settings.paths);
    let (clients, region_by_client) = clients::read(&root, &regions.names, &mut mentioned)?;
    structure.region_by_client = region_by_client;
    settings::by_key(
        &root,
        &mentioned.keys,
        &regions,
        &mut structure,
        &mut settings,
    )?;
    let mut names = Names {
        nodes: places::node_names(&structure, &regions.names),
        clients: clients.iter().map(|client| client.name.clone()).collect(),
        regions: regions.names,
        ..Names::default()
    };
    places::check_names(&root, &structure, &names)?;
    let script = script::read(
        &root,
        &document,
        &structure,
        &settings,
        &clients,
        &mut mentioned,
        &names,
    )?;
    let shown_as = shown_as::read(&root, &mentioned.keys)?;
    names.keys = mentioned.keys;
    names.texts = mentioned.texts;
    names.items = mentioned.items;
    let idempotency_keys = mentioned.idempotency_keys.into_iter();
    names.idempotency_keys = idempotency_keys.map(|(name, _)| name).collect();
    let limits = limits(&root, &structure)?;
    let knobs = knobs(&root)?;
    let narration = narration(&root)?;
    let expect = expect(&root)?;
    Ok(Scenario {
        title,
        story,
        chapter,
        seed,
        structure,
        settings,
        shown_as,
        clients,
        script,
        limits,
        knobs,
        narration,
        expect,
        names,
        document,
    })
}

fn limits(root: &Object<'_>, structure: &Structure) -> Read<Limits> {
    let empty = Map::new();
    let object = match root.optional("limits") {
        Some(at) => at.object(&["time_ms", "records", "operations", "in_flight"])?,
        None => Object::empty("/limits", &empty),
    };
    let time_us = object.or("time_ms", 10_000_000, |at| at.ms_as_us(limits::RUN_MS))?;
    let counts_in_vectors =
        structure.kind == ProtocolKind::MultiLeader || structure.versions == Versions::Dotted;
    let (operations_max, why) = match counts_in_vectors {
        true => (limits::OPERATIONS_OF_VECTORS, " (version vectors)"),
        false => (*limits::OPERATIONS.end(), ""),
    };
    Ok(Limits {
        time: SimTime(time_us),
        records: object.or("records", 500_000, |at| at.whole(limits::RECORDS))? as u32,
        operations: object.or("operations", operations_max, |at| {
            at.whole_of(*limits::OPERATIONS.start()..=operations_max, why)
        })? as u32,
        in_flight: object.or("in_flight", *limits::IN_FLIGHT.end(), |at| {
            at.whole(limits::IN_FLIGHT)
        })? as u32,
    })
}

fn knobs(root: &Object<'_>) -> Read<Vec<String>> {
    let Some(at) = root.optional("knobs") else {
        return Ok(Vec::new());
    };
    let knob = |at: &At<'_>| match at.name(limits::POINTER_CHARS)? {
        pointer if pointer.starts_with('/') => Ok(pointer.to_owned()),
        _ => Err(at.refuse("a JSON pointer, as /reads/policy")),
    };
    at.list(0..=limits::KNOBS, "JSON pointers")?
        .iter()
        .map(knob)
        .collect()
}

fn narration(root: &Object<'_>) -> Read<Vec<Narration>> {
    let Some(at) = root.optional("narration") else {
        return Ok(Vec::new());
    };
    let line = |at: &At<'_>| {
        let line = at.object(&["on", "say"])?;
        Ok(Narration {
            on: narration_event(&line.at("on"))?,
            say: line.at("say").name(limits::SAY_CHARS)?.to_owned(),
        })
    };
    at.list(0..=limits::NARRATION, "lines")?
        .iter()
        .map(line)
        .collect()
}

fn narration_event(at: &At<'_>) -> Read<NarrationEvent> {
    const PLAIN: [(&str, NarrationEvent); 24] = [
        ("start", NarrationEvent::Start),
        ("acknowledged", NarrationEvent::Acknowledged),
        ("crashed", NarrationEvent::Crashed),
        ("restarted", NarrationEvent::Restarted),
        ("promoted", NarrationEvent::Promoted),
        ("fell_back", NarrationEvent::FellBack),
        ("discarded", NarrationEvent::Discarded),
        ("conflict", NarrationEvent::Conflict),
        ("hinted", NarrationEvent::Hinted),
        ("handed_off", NarrationEvent::HandedOff),
        ("lease_lost", NarrationEvent::LeaseLost),
        ("restored", NarrationEvent::Restored),
        ("paused", NarrationEvent::Paused),
        ("resumed", NarrationEvent::Resumed),
        ("cut", NarrationEvent::Cut),
        ("healed", NarrationEvent::Healed),
        ("dropped", NarrationEvent::Dropped),
        ("delayed", NarrationEvent::Delayed),
        ("evicted", NarrationEvent::Evicted),
        ("let_back", NarrationEvent::LetBack),
        ("snapshot", NarrationEvent::Snapshot),
        ("stopped", NarrationEvent::Stopped),
        ("position_lost", NarrationEvent::PositionLost),
        ("end", NarrationEvent::End),
    ];
    let broken = at.as_str().and_then(|text| text.strip_prefix("broken:"));
    if let Some(promise) = broken.and_then(Promise::named) {
        return Ok(NarrationEvent::Broken(promise));
    }
    let broken: Vec<String> = Promise::ALL
        .iter()
        .map(|promise| format!("broken:{}", promise.name()))
        .collect();
    let names = PLAIN.iter().map(|(name, _)| *name);
    let names: Vec<&str> = names.chain(broken.iter().map(String::as_str)).collect();
    let event = PLAIN.iter().find(|(name, _)| at.as_str() == Some(name));
    event
        .map(|(_, event)| *event)
        .ok_or_else(|| at.refuse(reader::listed(&names)))
}

fn expect(root: &Object<'_>) -> Read<Expect> {
    let Some(at) = root.optional("expect") else {
        return Ok(Expect::default());
    };
    let object = at.object(&["broken", "kept"])?;
    let mut named: Vec<Promise> = Vec::new();
    let mut promises = |name: &str| {
        let Some(at) = object.optional(name) else {
            return Ok(Vec::new());
        };
        let choices = Promise::ALL.map(|promise| (promise.name(), promise));
        let one = |at: &At<'_>| {
            let promise = at.one_of(&choices)?;
            if named.contains(&promise) {
                return Err(at.refuse("it is expected something already; each promise once"));
            }
            named.push(promise);
            Ok(promise)
        };
        at.list(0..=choices.len(), "promises")?
            .iter()
            .map(one)
            .collect()
    };
    Ok(Expect {
        broken: promises("broken")?,
        kept: promises("kept")?,
    })
}
