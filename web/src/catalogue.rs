//! The stories that the page comes with: a list of them, and the first. The others are files beside the
//! page, loaded when they are chosen (see [`stories`](crate::stories)).

use std::sync::Arc;

use replication::scenario::Scenario;
use serde_json::Value as Json;

/// The story on which the page opens.
const OPENING: &str = include_str!("../../scenarios/double-transfer.json");
/// The name of its file.
pub const OPENING_FILE: &str = "double-transfer";

/// A heading, and what stands under it.
#[derive(PartialEq)]
pub struct Chapter {
    /// The heading.
    pub name: String,
    /// The stories, in order.
    pub stories: Vec<Story>,
}

/// A story that can be chosen.
#[derive(Clone, PartialEq)]
pub struct Story {
    /// The name of its file, without its ending.
    pub file: String,
    /// Its title.
    pub title: String,
}

impl Story {
    /// Where its text is.
    pub fn address(&self) -> String {
        format!("scenarios/{}.json", self.file)
    }
}

/// All of them.
pub fn chapters() -> Vec<Chapter> {
    let list: Json =
        serde_json::from_str(include_str!("../catalogue.json")).expect("the catalogue is JSON");
    let text = |of: &Json, field: &str| of[field].as_str().unwrap_or_default().to_owned();
    let story = |of: &Json| Story {
        file: text(of, "file"),
        title: text(of, "title"),
    };
    let chapter = |of: &Json| Chapter {
        name: text(of, "chapter"),
        stories: of["stories"]
            .as_array()
            .into_iter()
            .flatten()
            .map(story)
            .collect(),
    };
    list.as_array().into_iter().flatten().map(chapter).collect()
}

/// The story on which the page opens.
pub fn opening() -> Arc<Scenario> {
    Arc::new(Scenario::from_bytes(OPENING.as_bytes()).expect("a shipped scenario is valid"))
}

/// The opening story's text, as it was written.
pub fn opening_text() -> &'static str {
    OPENING
}
