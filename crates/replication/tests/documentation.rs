//! Holds `docs/scenarios.md` to the reader of scenarios.
//!
//! A block fenced as `json` is a whole scenario. One fenced as `json POINTER [KIND]` is a fragment: it is put
//! at the pointer of a small scenario of that kind of protocol (`single_leader` where none is named); `/-` at
//! the end appends to a list, and `/` alone puts each field of the fragment at the top. One whose fence ends
//! with `refused` is not read, and the next block fenced as `text` is the error.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use replication::engine::time::SimTime;
use replication::promise::State;
use replication::run;
use replication::scenario::Scenario;
use serde_json::{Value as Json, json};

/// The name of a field that nobody has, and a value that is allowed nowhere.
const STRANGER: &str = "no such name";

struct Block {
    fence: Vec<String>,
    text: String,
    line: usize,
}

impl Block {
    fn is(&self, language: &str) -> bool {
        self.fence.first().is_some_and(|word| word == language)
    }

    fn is_refused(&self) -> bool {
        self.fence.last().is_some_and(|word| word == "refused")
    }

    /// The scenario that it is or becomes a part of.
    fn document(&self) -> Json {
        let json: Json = serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("line {}: {error}", self.line));
        let Some(pointer) = self.fence.get(1) else {
            let whole = json.get("version").is_some();
            assert!(
                whole,
                "line {}: a fragment whose fence names no place",
                self.line
            );
            return json;
        };
        let kind = self.fence.get(2).filter(|word| *word != "refused");
        let mut document = base(kind.map_or("single_leader", String::as_str));
        if pointer == "/" {
            for (name, value) in json.as_object().expect("an object for the top") {
                document[name] = value.clone();
            }
            return document;
        }
        let (parent, name) = pointer.rsplit_once('/').expect("a JSON pointer");
        let parent = document
            .pointer_mut(parent)
            .unwrap_or_else(|| panic!("line {}: {pointer} leads nowhere", self.line));
        match (name, parent) {
            ("-", Json::Array(list)) => list.push(json),
            (name, parent) => parent[name] = json,
        }
        document
    }
}

/// What fragments are put into.
fn base(kind: &str) -> Json {
    let mut document = json!({
        "version": 1,
        "title": "For fragments",
        "protocol": { "kind": kind },
        "clients": [
            { "name": "Alice", "does": [ { "add": { "balance": 100 } }, { "read": ["balance", "cart"] } ] },
            { "name": "Bob", "does": [ { "insert": { "cart": "tea" } }, { "write": { "name": "Bob" } } ] },
        ],
        "script": [],
    });
    if kind == "multi_leader" {
        document["regions"] = json!([{ "name": "us-east", "nodes": 2 }, { "name": "eu-west" }]);
    }
    document
}

fn root() -> &'static Path {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    root.expect("a crate stands two folders deep")
}

fn page() -> String {
    std::fs::read_to_string(root().join("docs/scenarios.md")).expect("the page")
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (number, line) in page.lines().enumerate() {
        match (open.take(), line.strip_prefix("```")) {
            (Some(block), Some(_)) => blocks.push(block),
            (Some(mut block), None) => {
                block.text.push_str(line);
                block.text.push('\n');
                open = Some(block);
            }
            (None, Some(fence)) => {
                open = Some(Block {
                    fence: fence.split_whitespace().map(str::to_owned).collect(),
                    text: String::new(),
                    line: number + 1,
                });
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a fence is not closed");
    blocks
}

/// The shipped scenarios, and those of the page, each with where it is from.
fn documents() -> Vec<(String, Json)> {
    let mut documents = Vec::new();
    for entry in std::fs::read_dir(root().join("scenarios")).expect("the scenarios") {
        let path = entry.expect("readable").path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            let bytes = std::fs::read(&path).expect("readable");
            let json = serde_json::from_slice(&bytes).expect("JSON");
            documents.push((path.display().to_string(), json));
        }
    }
    documents.sort_by(|(one, _), (other, _)| one.cmp(other));
    assert!(!documents.is_empty(), "no shipped scenarios");
    for block in blocks(&page()) {
        if block.is("json") && !block.is_refused() {
            documents.push((format!("line {}", block.line), block.document()));
        }
    }
    documents
}

#[test]
fn every_example_is_read_and_runs_to_its_end() {
    let mut examples = 0;
    for block in blocks(&page()) {
        if !block.is("json") || block.is_refused() {
            continue;
        }
        let line = block.line;
        let bytes = serde_json::to_vec(&block.document()).unwrap();
        let scenario = Scenario::from_bytes(&bytes).unwrap_or_else(|e| panic!("line {line}: {e}"));
        let (expect, seed) = (scenario.expect.clone(), scenario.seed);
        let mut run = run::open(Arc::new(scenario), seed);
        run.seek(SimTime(u64::MAX));
        assert!(run.ended().is_some(), "line {line} does not end");
        for promise in expect.broken {
            let state = run.verdict(promise).state;
            assert_eq!(state, State::Broken, "line {line}: {}", promise.name());
        }
        for promise in expect.kept {
            let verdict = run.verdict(promise);
            let kept = verdict.state != State::Broken && verdict.checked > 0;
            assert!(kept, "line {line}: {} is not kept", promise.name());
        }
        examples += 1;
    }
    assert!(examples > 0, "the page has no examples");
}

#[test]
fn every_error_is_the_one_that_the_page_shows() {
    let blocks = blocks(&page());
    let mut refused = 0;
    for (number, block) in blocks.iter().enumerate() {
        if !block.is_refused() {
            continue;
        }
        let error = Scenario::from_document(block.document()).expect_err("it is to be refused");
        let shown = blocks.get(number + 1).filter(|next| next.is("text"));
        let shown = shown.unwrap_or_else(|| panic!("line {}: no error is shown", block.line));
        assert_eq!(shown.text.trim(), error.to_string(), "line {}", shown.line);
        refused += 1;
    }
    assert!(refused > 0, "the page shows no error");
}

#[test]
fn every_field_and_every_value_is_on_the_page() {
    let page = page();
    let sections = sections(&page);
    let named: BTreeSet<&str> = page.lines().flat_map(in_backticks).collect();

    let mut missing = BTreeSet::new();
    let (mut known, mut used) = (BTreeSet::new(), BTreeSet::new());
    for (source, document) in documents() {
        let mut places = Vec::new();
        walk(&document, String::new(), &mut places);
        for place in places {
            let here = document.pointer(&place).unwrap();
            let Json::Object(fields) = here else {
                let values = allowed_values(&document, &place);
                let field = place.rsplit('/').find(|name| name.parse::<u32>().is_err());
                let absent = values.iter().filter(|value| {
                    let parts = value.split_inclusive(':').collect::<Vec<_>>();
                    !parts.iter().all(|part| named.contains(part))
                });
                missing.extend(absent.map(|value| format!("the value {value:?} of {field:?}")));
                continue;
            };
            let Some(allowed) = allowed_fields(&document, &place) else {
                assert!(
                    is_by_name(&place),
                    "{source}: no error lists what {place} may have"
                );
                continue;
            };
            // All of them under one heading, or else what is missing where most of them are.
            let absent = |fields: &BTreeSet<&str>| -> Vec<&String> {
                let names = allowed.iter();
                let absent = names.filter(|name| !fields.contains(name.as_str()));
                absent.collect()
            };
            let absent = sections.iter().map(absent).min_by_key(Vec::len);
            let absent = absent.unwrap().into_iter();
            missing.extend(absent.map(|name| format!("the field {name:?} of {place}")));
            known.extend(allowed);
            used.extend(fields.keys().cloned());
        }
    }
    assert!(missing.is_empty(), "not on the page: {missing:#?}");

    // A field that no example has could hold an object that nobody looked at.
    let unused: Vec<&String> = known.difference(&used).collect();
    assert!(unused.is_empty(), "in no example: {unused:?}");
}

/// By heading of the second level, the fields that have a row: what is in backticks in the first cells.
fn sections(page: &str) -> Vec<BTreeSet<&str>> {
    let sections = page.split("\n## ");
    let fields = sections.map(|section| {
        let rows = section.lines().filter_map(|line| line.strip_prefix("| "));
        let first_cells = rows.filter_map(|row| row.split('|').next());
        first_cells.flat_map(in_backticks).collect()
    });
    fields.collect()
}

/// The texts between backticks in a line.
fn in_backticks(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// The places of all objects and texts.
fn walk(json: &Json, pointer: String, places: &mut Vec<String>) {
    match json {
        Json::Object(fields) => {
            for (name, value) in fields {
                let name = name.replace('~', "~0").replace('/', "~1");
                walk(value, format!("{pointer}/{name}"), places);
            }
            places.push(pointer);
        }
        Json::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                walk(item, format!("{pointer}/{number}"), places);
            }
        }
        Json::String(_) => places.push(pointer),
        _ => {}
    }
}

/// What the reader allows in an object, from its error about a field that it does not know.
fn allowed_fields(document: &Json, place: &str) -> Option<Vec<String>> {
    let mut changed = document.clone();
    changed.pointer_mut(place)?[STRANGER] = json!(1);
    let error = Scenario::from_document(changed).err()?.to_string();
    let (_, allowed) = error.split_once(&format!("/{STRANGER}: unknown field; allowed: "))?;
    Some(allowed.split(", ").map(str::to_owned).collect())
}

/// What the reader allows in the place of a text, where it is one of a few words.
fn allowed_values(document: &Json, place: &str) -> Vec<String> {
    let mut changed = document.clone();
    *changed.pointer_mut(place).expect("a place in it") = STRANGER.into();
    let Err(error) = Scenario::from_document(changed) else {
        return Vec::new();
    };
    let error = error.to_string();
    let marker = format!("{place}: {:?} is not allowed: ", STRANGER);
    let Some(allowed) = error.strip_prefix(&marker) else {
        return Vec::new();
    };
    let is_word = |text: &str| {
        let of_a_word = |byte: u8| byte.is_ascii_lowercase() || b"_:-".contains(&byte);
        !text.is_empty() && text.bytes().all(of_a_word)
    };
    // Anything else is a sentence, or names that the scenario gives.
    let words: Vec<&str> = allowed.split(", ").collect();
    let mut names = BTreeSet::new();
    names_given(document, &mut names);
    if words
        .iter()
        .any(|word| !is_word(word) || names.contains(word))
    {
        return Vec::new();
    }
    words.into_iter().map(str::to_owned).collect()
}

/// The names that a scenario gives to what is in it.
fn names_given<'a>(json: &'a Json, names: &mut BTreeSet<&'a str>) {
    match json {
        Json::Object(fields) => {
            names.extend(fields.get("name").and_then(Json::as_str));
            fields.values().for_each(|value| names_given(value, names));
        }
        Json::Array(items) => items.iter().for_each(|item| names_given(item, names)),
        _ => {}
    }
}

/// Whether the fields of the object at this place are keys or pointers, or what a `set` puts somewhere.
fn is_by_name(place: &str) -> bool {
    let last = place.rsplit('/').next().unwrap_or("");
    [
        "write", "add", "insert", "remove", "saw", "shown_as", "homes", "set",
    ]
    .contains(&last)
}
