//! Reading JSON so that every refusal names the field, its value and what is allowed.
//!
//! By hand and not by serde's derive: an error knows its JSON pointer, and the page stays small.

use std::fmt::{self, Write as _};
use std::io;
use std::ops::RangeInclusive;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value as Json};

use super::limits;
use super::pointer::escaped;

/// Why a scenario was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScenarioError {
    /// The JSON pointer of the field; empty where it is the file as a whole.
    pub pointer: String,
    /// The value, and what is allowed.
    pub message: String,
}

impl ScenarioError {
    pub(super) fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            message: message.into(),
        }
    }

    /// The same, where one thing more is allowed than whoever refused it knew.
    pub(super) fn or(mut self, more: &str) -> Self {
        const BEFORE: &str = "not allowed: ";
        self.message = self
            .message
            .replacen(BEFORE, &format!("{BEFORE}{more}, "), 1);
        self
    }
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let separator = if self.pointer.is_empty() { "" } else { ": " };
        // One line, whatever a file calls its fields.
        for char in [&*self.pointer, separator, &*self.message]
            .into_iter()
            .flat_map(str::chars)
        {
            if char.is_control() {
                write!(f, "{}", char.escape_default())?;
            } else {
                f.write_char(char)?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for ScenarioError {}

/// What reading gives.
pub(super) type Read<T> = Result<T, ScenarioError>;

/// A place in the document, and what is there.
#[derive(Clone, Debug)]
pub(super) struct At<'a> {
    /// Where.
    pub pointer: String,
    /// `None` where nothing is.
    value: Option<&'a Json>,
}

impl<'a> At<'a> {
    /// The document as a whole.
    pub fn root(document: &'a Json) -> Self {
        Self {
            pointer: String::new(),
            value: Some(document),
        }
    }

    /// A refusal: `allowed` says what could stand here instead.
    pub fn refuse(&self, allowed: impl fmt::Display) -> ScenarioError {
        let message = match self.value {
            Some(value) => format!("{} is not allowed: {allowed}", shortened(value)),
            None => format!("missing: {allowed}"),
        };
        ScenarioError::new(self.pointer.clone(), message)
    }

    /// An object with no other fields than these.
    pub fn object(&self, allowed: &[&str]) -> Read<Object<'a>> {
        let object = self.any_object(format_args!("an object with {}", listed(allowed)))?;
        object.only(allowed, |_| None)?;
        Ok(object)
    }

    /// An object with any fields.
    pub fn any_object(&self, allowed: impl fmt::Display) -> Read<Object<'a>> {
        match self.value {
            Some(Json::Object(fields)) => Ok(Object {
                pointer: self.pointer.clone(),
                fields,
            }),
            _ => Err(self.refuse(allowed)),
        }
    }

    /// A list of so many.
    pub fn list(&self, count: RangeInclusive<usize>, of: &str) -> Read<Vec<At<'a>>> {
        let (least, most) = (*count.start(), *count.end());
        let how_many = match least == most {
            true => least.to_string(),
            false => format!("{least} to {most}"),
        };
        match self.value {
            Some(Json::Array(items)) if count.contains(&items.len()) => {
                let at = |(i, value)| At {
                    pointer: format!("{}/{i}", self.pointer),
                    value: Some(value),
                };
                Ok(items.iter().enumerate().map(at).collect())
            }
            Some(Json::Array(items)) => {
                let message = format!("{} entries are not allowed: {how_many} {of}", items.len());
                Err(ScenarioError::new(self.pointer.clone(), message))
            }
            _ => Err(self.refuse(format_args!("a list of {how_many} {of}"))),
        }
    }

    /// A whole number.
    pub fn whole(&self, range: RangeInclusive<u64>) -> Read<u64> {
        self.whole_of(range, "")
    }

    /// A whole number; `why` says where its range comes from, as " (the copies)".
    pub fn whole_of(&self, range: RangeInclusive<u64>, why: &str) -> Read<u64> {
        let read = self.value.and_then(whole);
        match read.and_then(|whole| u64::try_from(whole).ok()) {
            Some(whole) if range.contains(&whole) => Ok(whole),
            _ if range.start() == range.end() => {
                Err(self.refuse(format_args!("only {}{why}", range.start())))
            }
            _ => Err(self.refuse(format_args!(
                "a whole number from {} to {}{why}",
                range.start(),
                range.end()
            ))),
        }
    }

    /// An integer that may be negative.
    pub fn integer(&self) -> Read<i64> {
        self.integer_within(limits::INTEGER_MAX as i64)
    }

    /// An integer that is at most so far from 0.
    pub fn integer_within(&self, max: i64) -> Read<i64> {
        match self.value.and_then(whole) {
            Some(whole) if (-max..=max).contains(&whole) => Ok(whole),
            _ => Err(self.refuse(format_args!("a whole number from -{max} to {max}"))),
        }
    }

    /// A number, with a fraction or without.
    pub fn number(&self, range: RangeInclusive<f64>) -> Read<f64> {
        match self.value.and_then(Json::as_f64) {
            // Adding zero makes the negative zero an ordinary one.
            Some(number) if range.contains(&number) => Ok(number + 0.0),
            _ => Err(self.refuse(format_args!(
                "a number from {} to {}",
                bound(*range.start()),
                bound(*range.end())
            ))),
        }
    }

    /// A duration given in whole milliseconds, in microseconds.
    pub fn ms_as_us(&self, range: RangeInclusive<u64>) -> Read<u64> {
        Ok(self.whole(range)? * 1000)
    }

    /// A share given in percent, in millionths.
    pub fn percent_as_ppm(&self) -> Read<u32> {
        Ok((self.number(limits::LOSS_PERCENT)? * 10_000.0 + 0.5) as u32)
    }

    /// A duration given in milliseconds with a fraction or without, in microseconds.
    pub fn fractional_ms_as_us(&self, range: RangeInclusive<f64>) -> Read<u64> {
        Ok((self.number(range)? * 1000.0 + 0.5) as u64)
    }

    /// `true` or `false`.
    pub fn boolean(&self) -> Read<bool> {
        self.value
            .and_then(Json::as_bool)
            .ok_or_else(|| self.refuse("true or false"))
    }

    /// A text of at most so many characters.
    pub fn text(&self, chars_max: usize) -> Read<&'a str> {
        match self.as_str() {
            Some(text) if text.chars().count() <= chars_max => Ok(text),
            _ => Err(self.refuse(format_args!("a text of at most {chars_max} characters"))),
        }
    }

    /// A text that is not empty.
    pub fn name(&self, chars_max: usize) -> Read<&'a str> {
        match self.as_str() {
            Some(text) if (1..=chars_max).contains(&text.chars().count()) => Ok(text),
            _ => Err(self.refuse(format_args!("a text of 1 to {chars_max} characters"))),
        }
    }

    /// One of a few texts, each of which means something.
    pub fn one_of<T: Clone>(&self, choices: &[(&str, T)]) -> Read<T> {
        let chosen = self
            .as_str()
            .and_then(|text| choices.iter().find(|(name, _)| *name == text));
        chosen.map(|(_, value)| value.clone()).ok_or_else(|| {
            let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            self.refuse(listed(&names))
        })
    }

    /// What is here, where it is a text.
    pub fn as_str(&self) -> Option<&'a str> {
        self.value.and_then(Json::as_str)
    }

    /// What is here.
    pub fn json(&self) -> Option<&'a Json> {
        self.value
    }
}

/// An object in the document.
#[derive(Clone, Debug)]
pub(super) struct Object<'a> {
    /// Where.
    pub pointer: String,
    fields: &'a Map<String, Json>,
}

impl<'a> Object<'a> {
    /// What stands for an object that is missing.
    pub fn empty(pointer: &str, fields: &'a Map<String, Json>) -> Self {
        Self {
            pointer: pointer.to_owned(),
            fields,
        }
    }

    /// Refuses fields other than these. `hint` may say where an unknown one would be known.
    pub fn only(&self, allowed: &[&str], hint: impl Fn(&str) -> Option<String>) -> Read<()> {
        let unknown = |name: &&String| !allowed.contains(&name.as_str());
        let Some(name) = self.fields.keys().find(unknown) else {
            return Ok(());
        };
        let hint = hint(name).map_or(String::new(), |hint| format!(" {hint}"));
        let message = format!("unknown field{hint}; allowed: {}", listed(allowed));
        Err(ScenarioError::new(self.pointer_to(name), message))
    }

    /// The place of a field, whether it is there or not.
    pub fn at(&self, name: &str) -> At<'a> {
        At {
            pointer: self.pointer_to(name),
            value: self.fields.get(name),
        }
    }

    /// The place of a field that is there.
    pub fn optional(&self, name: &str) -> Option<At<'a>> {
        self.fields.contains_key(name).then(|| self.at(name))
    }

    /// The place of a field that is there and not `null`: for what a knob can take away again.
    pub fn unless_null(&self, name: &str) -> Option<At<'a>> {
        self.optional(name)
            .filter(|at| at.json() != Some(&Json::Null))
    }

    /// A field, or what stands for it where it is missing.
    pub fn or<T>(&self, name: &str, default: T, read: impl FnOnce(At<'a>) -> Read<T>) -> Read<T> {
        self.optional(name).map_or(Ok(default), read)
    }

    /// The one of these fields that is there.
    pub fn exactly_one(&self, names: &[&'static str]) -> Read<(&'static str, At<'a>)> {
        let mut there = names.iter().filter(|name| self.fields.contains_key(**name));
        match (there.next(), there.next()) {
            (Some(name), None) => Ok((*name, self.at(name))),
            (Some(one), Some(other)) => Err(ScenarioError::new(
                self.pointer.clone(),
                format!(
                    "{one} and {other} together are not allowed: exactly one of {}",
                    listed(names)
                ),
            )),
            _ => Err(ScenarioError::new(
                self.pointer.clone(),
                format!("missing: exactly one of {}", listed(names)),
            )),
        }
    }

    /// The names of its fields, in the order of the alphabet, and where they are.
    pub fn fields(&self) -> impl Iterator<Item = (&'a str, At<'a>)> {
        let at = |(name, value): (&'a String, &'a Json)| {
            let pointer = self.pointer_to(name);
            let value = Some(value);
            (name.as_str(), At { pointer, value })
        };
        self.fields.iter().map(at)
    }

    /// How many fields it has.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    fn pointer_to(&self, name: &str) -> String {
        // An unknown name may be as long as a file.
        if name.chars().count() > limits::POINTER_CHARS {
            let start: String = name.chars().take(40).collect();
            return format!("{}/{}…", self.pointer, escaped(&start));
        }
        format!("{}/{}", self.pointer, escaped(name))
    }
}

/// "a, b, c".
pub(super) fn listed(names: &[&str]) -> String {
    names.join(", ")
}

/// The end of a range, which has six decimals at the most: as `0.001`, without the code for any float.
fn bound(number: f64) -> String {
    let millionths = (number * 1e6).round() as u64;
    let written = format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000);
    let written = written.trim_end_matches('0').trim_end_matches('.');
    written.to_owned()
}

/// A whole number: an integer, or a float without a fraction, as `2.0` or `1e3`.
fn whole(value: &Json) -> Option<i64> {
    let number = value.as_number()?;
    let exact = |float: f64| {
        // Beyond this a float skips integers, so it can't be told which one was meant.
        let small = float.abs() <= limits::INTEGER_MAX as f64;
        let whole = float as i64;
        (small && whole as f64 == float).then_some(whole)
    };
    number.as_i64().or_else(|| exact(number.as_f64()?))
}

/// How many characters of a value an error shows.
const SHOWN_CHARS: usize = 60;

/// A value as an error shows it.
pub(super) fn shortened(value: &Json) -> String {
    let mut start = Start(Vec::new());
    // The only error is that enough was written.
    let _ = serde_json::to_writer(&mut start, value);
    let text = String::from_utf8_lossy(&start.0);
    if text.chars().count() <= SHOWN_CHARS {
        return text.into_owned();
    }
    text.chars().take(SHOWN_CHARS).chain(['…']).collect()
}

/// Takes the first bytes of something long.
struct Start(Vec<u8>);

impl io::Write for Start {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Four bytes a character, and a few so that what was cut is seen to be.
        let room = (SHOWN_CHARS + 2) * 4 - self.0.len();
        if room == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        let taken = bytes.len().min(room);
        self.0.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The JSON document in a file's bytes.
pub(super) fn parse(bytes: &[u8]) -> Read<Json> {
    let refuse = |message: String| Err(ScenarioError::new("", message));
    if bytes.len() > limits::FILE_BYTES {
        return refuse(format!(
            "the file is larger than {} bytes: a scenario has at most that many",
            limits::FILE_BYTES
        ));
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            return refuse(format!(
                "not UTF-8 at byte {}: a scenario is JSON in UTF-8",
                error.valid_up_to()
            ));
        }
    };
    let text = text.trim_start_matches('\u{feff}');
    if text.trim_ascii().is_empty() {
        return refuse("the file is empty: a scenario is a JSON object".to_owned());
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let strict = Strict {
        levels: limits::DEPTH,
    };
    let document = strict
        .deserialize(&mut deserializer)
        .and_then(|document| deserializer.end().map(|()| document));
    document.or_else(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        let text = error.to_string();
        let suffix = format!(" at line {} column {}", error.line(), error.column());
        let what = text.strip_suffix(&suffix).unwrap_or(&text);
        refuse(if error.is_eof() {
            format!("{place}: the file ends in the middle of the document ({what})")
        } else if error.is_data() {
            format!("{place}: {what}")
        } else {
            format!("{place}: not JSON ({what})")
        })
    })
}

/// Refuses a document that was built too deep, before anything walks through it.
pub(super) fn within_depth(document: Json) -> Read<Json> {
    fn fits(value: &Json, levels: usize) -> bool {
        match value {
            Json::Array(items) => levels > 0 && items.iter().all(|item| fits(item, levels - 1)),
            Json::Object(fields) => {
                levels > 0 && fields.values().all(|item| fits(item, levels - 1))
            }
            _ => true,
        }
    }
    if fits(&document, limits::DEPTH) {
        return Ok(document);
    }
    // Taken apart level by level: dropping it as it is could use up the stack.
    let mut rest = vec![document];
    while let Some(value) = rest.pop() {
        match value {
            Json::Array(items) => rest.extend(items),
            Json::Object(fields) => rest.extend(fields.into_iter().map(|(_, value)| value)),
            _ => {}
        }
    }
    Err(ScenarioError::new("", too_deep()))
}

fn too_deep() -> String {
    format!(
        "nested too deep: at most {} levels are allowed",
        limits::DEPTH
    )
}

/// Builds a document, and refuses what serde_json would let pass: a field that is there twice, of
/// which it keeps the last, and depth that no scenario needs.
struct Strict {
    levels: usize,
}

impl Strict {
    fn inside<E: serde::de::Error>(&self) -> Result<Strict, E> {
        let levels = self.levels.checked_sub(1);
        let levels = levels.ok_or_else(|| E::custom(too_deep()))?;
        Ok(Strict { levels })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Json, E> {
        let number = Number::from_f64(value);
        number
            .map(Json::Number)
            .ok_or_else(|| E::custom("a number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(self.inside()?)? {
            items.push(item);
        }
        Ok(Json::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut fields = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            let value = map.next_value_seed(self.inside()?)?;
            if fields.contains_key(&name) {
                let name = shortened(&Json::String(name));
                return Err(A::Error::custom(format!("the field {name} is there twice")));
            }
            fields.insert(name, value);
        }
        Ok(Json::Object(fields))
    }
}
