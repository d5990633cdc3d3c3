//! Reading what a key is in the story: a screen draws it as that, and nothing else depends on it.

use super::reader::{Object, Read, ScenarioError};
use super::settings;

/// What a key is in the story.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ShownAs {
    /// `"text"`: its value, as it is.
    #[default]
    Text,
    /// `"money"`: a number of dollars, as a balance or a price.
    Money,
    /// `"photo"`: a picture, with the value under it.
    Photo,
    /// `"thread"`: a message; keys of this kind are one conversation.
    Thread,
    /// `"cart"`: a list of items.
    Cart,
    /// `"title"`: the title of a page.
    Title,
    /// `"counter"`: the digits of a number.
    Counter,
    /// `"document"`: a sheet of text.
    Document,
}

/// Reads, by key, what it is shown as; plain text where the document says nothing.
pub(super) fn read(root: &Object<'_>, keys: &[String]) -> Read<Vec<ShownAs>> {
    let mut by_key = vec![ShownAs::Text; keys.len()];
    let Some(at) = root.optional("shown_as") else {
        return Ok(by_key);
    };
    let object = at.any_object("an object of keys and what they are shown as")?;
    for (name, at) in object.fields() {
        let key = settings::known_key(Some(name), keys).map_err(|known| {
            ScenarioError::new(at.pointer.clone(), format!("unknown key; {known}"))
        })?;
        by_key[usize::from(key.0)] = at.one_of(&[
            ("text", ShownAs::Text),
            ("money", ShownAs::Money),
            ("photo", ShownAs::Photo),
            ("thread", ShownAs::Thread),
            ("cart", ShownAs::Cart),
            ("title", ShownAs::Title),
            ("counter", ShownAs::Counter),
            ("document", ShownAs::Document),
        ])?;
    }
    Ok(by_key)
}
