//! JSON pointers (RFC 6901): naming a place in a document, and putting something there.

use serde_json::{Map, Value as Json};

use super::limits;
use super::reader::{Read, ScenarioError};

/// A field's name as it stands in a pointer.
pub(super) fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// The names along a pointer.
fn names(pointer: &str) -> Read<Vec<String>> {
    let refuse = |why: &str| {
        let start: String = pointer.chars().take(60).collect();
        let message = format!("{start:?} is not allowed: {why}");
        Err(ScenarioError::new("", message))
    };
    if pointer.chars().count() > limits::POINTER_CHARS {
        return refuse("a JSON pointer of at most 200 characters");
    }
    let Some(path) = pointer.strip_prefix('/') else {
        return refuse("a JSON pointer, which starts with a slash, as /reads/policy");
    };
    let names: Vec<String> = path
        .split('/')
        .map(|name| name.replace("~1", "/").replace("~0", "~"))
        .collect();
    if names.len() > limits::DEPTH {
        return refuse("a JSON pointer as deep as a scenario can be");
    }
    Ok(names)
}

/// Replaces what is at the pointer, or adds it, with the objects around it where they are missing.
pub(super) fn put(document: &mut Json, pointer: &str, value: Json) -> Read<()> {
    let mut place = document;
    for name in names(pointer)? {
        // What a missing field is put into becomes an object.
        if place.is_null() {
            *place = Json::Object(Map::new());
        }
        place = match place {
            Json::Object(fields) => fields.entry(name).or_insert(Json::Null),
            Json::Array(items) => {
                let count = items.len();
                let index = canonical_index(&name).filter(|index| *index < count);
                let Some(index) = index else {
                    let message =
                        format!("{name:?} leads nowhere: the list there has {count} entries");
                    return Err(ScenarioError::new(pointer, message));
                };
                &mut items[index]
            }
            _ => {
                let message = format!("leads nowhere: {name:?} would be inside a plain value");
                return Err(ScenarioError::new(pointer, message));
            }
        };
    }
    *place = value;
    Ok(())
}

/// An index as the RFC has it: digits without a leading zero.
fn canonical_index(name: &str) -> Option<usize> {
    let canonical =
        name.bytes().all(|byte| byte.is_ascii_digit()) && (name == "0" || !name.starts_with('0'));
    canonical.then(|| name.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn putting_replaces_adds_and_makes_the_objects_around() {
        let mut document = json!({"a": [1, {"b": 2}]});
        put(&mut document, "/a/1/b", json!(3)).unwrap();
        put(&mut document, "/c/d", json!(4)).unwrap();
        put(&mut document, "/e~1f~0", json!(5)).unwrap();
        assert_eq!(
            document,
            json!({"a": [1, {"b": 3}], "c": {"d": 4}, "e/f~": 5})
        );
    }

    #[test]
    fn a_pointer_that_leads_nowhere_is_refused() {
        for (pointer, error) in [
            (
                "/a/2",
                "/a/2: \"2\" leads nowhere: the list there has 2 entries",
            ),
            (
                "/a/00",
                "/a/00: \"00\" leads nowhere: the list there has 2 entries",
            ),
            (
                "/a/-",
                "/a/-: \"-\" leads nowhere: the list there has 2 entries",
            ),
            (
                "/t/x",
                "/t/x: leads nowhere: \"x\" would be inside a plain value",
            ),
            (
                "a",
                "\"a\" is not allowed: a JSON pointer, which starts with a slash, as /reads/policy",
            ),
            (
                "",
                "\"\" is not allowed: a JSON pointer, which starts with a slash, as /reads/policy",
            ),
        ] {
            let mut document = json!({"a": [1, {"b": 2}], "t": "text"});
            let refused = put(&mut document, pointer, json!(3)).unwrap_err();
            assert_eq!(refused.to_string(), error);
        }
    }
}
