//! Reads a history: the only gate for bad input.

use std::fmt;

use crate::json::{self, Decimal, Fields, Json, Scalar, quoted};
use crate::{Action, History, KeyId, Operation, SessionId, ValueId};

/// Bytes of a file.
pub const FILE_BYTES_MAX: usize = 32 << 20;
/// Lines of a file, blank ones included.
pub const LINES_MAX: usize = 200_000;
/// Sessions of a history.
pub const SESSIONS_MAX: usize = 10_000;
/// Keys of a history, those of its first line included.
pub const KEYS_MAX: usize = 10_000;

/// Why a file is no history. It prints as one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The line, from 1; `None` where it is the whole file.
    pub line: Option<usize>,
    /// The field, or what else it is about.
    pub field: String,
    /// What is there.
    pub value: String,
    /// What may be there.
    pub allowed: String,
}

/// What stands where a field is missing.
const NOTHING: &str = "nothing";

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        let (field, value, allowed) = (&self.field, &self.value, &self.allowed);
        match value.as_str() {
            NOTHING => write!(f, "{field} is missing: {allowed}"),
            value => write!(f, "{field}: {value} is not allowed: {allowed}"),
        }
    }
}

impl std::error::Error for Trouble {}

/// Reads the bytes of a file.
///
/// # Errors
/// One that names the line, the field, its value and what is allowed.
pub fn read(bytes: &[u8]) -> Result<History, Trouble> {
    limit(None, "the file", bytes.len(), FILE_BYTES_MAX, "bytes")?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut file = File::default();
    let mut is_first = true;
    for (place, bytes) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let line = place + 1;
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text.trim_matches([' ', '\t', '\r']),
            Err(error) => {
                let value = format!("what is after byte {}", error.valid_up_to());
                return Err(trouble(line, "the line", value, "text in UTF-8"));
            }
        };
        if text.is_empty() {
            continue;
        }
        limit(Some(line), "the file", line, LINES_MAX, "lines")?;
        let fields = fields(line, text)?;
        if is_first && is_header(&fields) {
            file.header(line, fields)?;
        } else {
            file.operation(line, fields)?;
        }
        is_first = false;
    }
    file.history()
}

/// The object of a line.
fn fields(line: usize, text: &str) -> Result<Fields, Trouble> {
    let allowed = "one JSON object a line";
    match json::parse(text) {
        Ok(Json::Object(fields)) => Ok(fields),
        Ok(other) => Err(trouble(line, "the line", other.to_string(), allowed)),
        Err(malformed) => {
            let rest = text.get(malformed.at..).unwrap_or("");
            let value = match rest.is_empty() {
                true => "its end".to_owned(),
                false => quoted(rest),
            };
            let field = format!("the line, at character {}", count(text, malformed.at) + 1);
            Err(trouble(line, &field, value, malformed.allowed))
        }
    }
}

fn count(text: &str, bytes: usize) -> usize {
    text.get(..bytes).unwrap_or(text).chars().count()
}

fn is_header(fields: &Fields) -> bool {
    fields
        .iter()
        .all(|(name, _)| matches!(&**name, "initial" | "version_order"))
}

/// What the lines read so far have said.
#[derive(Default)]
struct File {
    sessions: Names,
    keys: Names,
    values: Vec<Scalar>,
    times: Vec<Decimal>,
    initial: Vec<(u32, usize)>,
    version_order: Vec<(u32, Vec<usize>)>,
    operations: Vec<Raw>,
}

/// An operation whose values and times are places in their lists.
struct Raw {
    line: u32,
    session: u32,
    key: u32,
    action: RawAction,
    invoke: usize,
    returns: Option<usize>,
}

enum RawAction {
    Write(usize),
    Read(usize),
    Swap(usize, usize),
    NoSwap(usize),
}

impl File {
    /// The first line, where it is no operation.
    fn header(&mut self, line: usize, fields: Fields) -> Result<(), Trouble> {
        for (name, json) in fields {
            let Json::Object(entries) = json else {
                let allowed = "an object of keys";
                return Err(trouble(line, &name, json.to_string(), allowed));
            };
            for (key, json) in entries {
                let field = format!("{name}.{}", shown(&key));
                let place = self.keys.place(key);
                limit(Some(line), "keys", self.keys.len(), KEYS_MAX, "keys")?;
                match json {
                    Json::Scalar(value) if name == "initial" => {
                        let value = self.value(value);
                        self.initial.push((place, value));
                    }
                    Json::List(items) if name != "initial" => {
                        let mut order = Vec::new();
                        for item in items {
                            order.push(self.scalar(line, &field, item)?);
                        }
                        self.version_order.push((place, order));
                    }
                    other => {
                        let allowed = match &*name {
                            "initial" => "a string, a number, true, false or null",
                            _ => "an array of values",
                        };
                        return Err(trouble(line, &field, other.to_string(), allowed));
                    }
                }
            }
        }
        Ok(())
    }

    fn operation(&mut self, line: usize, fields: Fields) -> Result<(), Trouble> {
        let mut line = Line { line, fields };
        let op = line.text("op")?;
        let names: &[&str] = match &*op {
            "write" | "read" => &["session", "op", "key", "value", "invoke", "return"],
            "cas" => &[
                "session", "op", "key", "from", "to", "ok", "invoke", "return",
            ],
            _ => return Err(line.trouble("op", quoted(&op), "\"write\", \"read\" or \"cas\"")),
        };
        for (name, json) in &line.fields {
            if !names.contains(&&**name) {
                let allowed = format!("the fields of a {op} are {}", names.join(", "));
                return Err(line.trouble(&shown(name), json.to_string(), &allowed));
            }
        }
        let session = self.sessions.place(line.text("session")?);
        let key = self.keys.place(line.text("key")?);
        let number = Some(line.line);
        limit(
            number,
            "session",
            self.sessions.len(),
            SESSIONS_MAX,
            "sessions",
        )?;
        limit(number, "key", self.keys.len(), KEYS_MAX, "keys")?;
        let invoke = line.time("invoke", "a number")?;
        let Some(invoke) = invoke else {
            return Err(line.trouble("invoke", "null".to_owned(), "a number"));
        };
        let returns = line.time("return", "a number, or null where the outcome is unknown")?;
        if let Some(returns) = &returns
            && *returns < invoke
        {
            let allowed = format!("null, or a number that is at least invoke, {invoke}");
            return Err(line.trouble("return", returns.to_string(), &allowed));
        }
        let is_known = returns.is_some();
        let action = match &*op {
            "write" => RawAction::Write(self.field(&mut line, "value")?),
            "read" if is_known => RawAction::Read(self.field(&mut line, "value")?),
            "read" => {
                if line.fields.iter().any(|(name, _)| name == "value") {
                    self.field(&mut line, "value")?;
                }
                // Nobody was told anything.
                return Ok(());
            }
            _ => {
                let from = self.field(&mut line, "from")?;
                let to = self.field(&mut line, "to")?;
                match line.take("ok") {
                    Some(Json::Scalar(Scalar::Bool(false))) if is_known => RawAction::NoSwap(from),
                    Some(Json::Scalar(Scalar::Bool(true))) if is_known => RawAction::Swap(from, to),
                    None | Some(Json::Scalar(Scalar::Bool(_) | Scalar::Null)) if !is_known => {
                        RawAction::Swap(from, to)
                    }
                    given => {
                        let value = given.map_or(NOTHING.to_owned(), |json| json.to_string());
                        let allowed = "true or false; where return is null also null or nothing";
                        return Err(line.trouble("ok", value, allowed));
                    }
                }
            }
        };
        let invoke = self.moment(invoke);
        let returns = returns.map(|returns| self.moment(returns));
        self.operations.push(Raw {
            line: u32::try_from(line.line).unwrap_or(u32::MAX),
            session,
            key,
            action,
            invoke,
            returns,
        });
        Ok(())
    }

    fn moment(&mut self, time: Decimal) -> usize {
        self.times.push(time);
        self.times.len() - 1
    }

    fn value(&mut self, value: Scalar) -> usize {
        self.values.push(value);
        self.values.len() - 1
    }

    fn field(&mut self, line: &mut Line, name: &str) -> Result<usize, Trouble> {
        match line.take(name) {
            Some(json) => self.scalar(line.line, name, json),
            None => Err(line.trouble(name, NOTHING.to_owned(), SCALAR)),
        }
    }

    fn scalar(&mut self, line: usize, field: &str, json: Json) -> Result<usize, Trouble> {
        match json {
            Json::Scalar(value) => Ok(self.value(value)),
            other => Err(trouble(line, field, other.to_string(), SCALAR)),
        }
    }

    /// All of it, with values and times numbered in their order.
    fn history(mut self) -> Result<History, Trouble> {
        self.values.push(Scalar::Null);
        let (values, value_ids) = numbered(self.values);
        let (_, moments) = numbered(self.times);
        let value = |place: usize| ValueId(value_ids[place]);
        let keys = self.keys.names.len();
        let mut history = History {
            sessions: self.sessions.into_names(),
            keys: self.keys.into_names(),
            initial: vec![value(value_ids.len() - 1); keys],
            version_order: vec![None; keys],
            values,
            operations: Vec::new(),
        };
        for (key, place) in self.initial {
            history.initial[key as usize] = value(place);
        }
        for (key, order) in self.version_order {
            let order = order.into_iter().map(value).collect();
            history.version_order[key as usize] = Some(order);
        }
        history.operations = self
            .operations
            .iter()
            .map(|raw| Operation {
                line: raw.line,
                session: SessionId(raw.session),
                key: KeyId(raw.key),
                action: match raw.action {
                    RawAction::Write(place) => Action::Write(value(place)),
                    RawAction::Read(place) => Action::Read(value(place)),
                    RawAction::Swap(from, to) => Action::Swap(value(from), value(to)),
                    RawAction::NoSwap(from) => Action::NoSwap(value(from)),
                },
                begins: moments[raw.invoke],
                ends: raw.returns.map(|returns| moments[returns]),
            })
            .collect();
        let operations = &mut history.operations;
        operations.sort_unstable_by_key(|operation| (operation.begins, operation.line));
        Ok(history)
    }
}

const SCALAR: &str = "a string, a number, true, false or null";

/// A line that should be an operation.
struct Line {
    line: usize,
    fields: Fields,
}

impl Line {
    fn trouble(&self, field: &str, value: String, allowed: &str) -> Trouble {
        trouble(self.line, field, value, allowed)
    }

    fn take(&mut self, name: &str) -> Option<Json> {
        let place = self.fields.iter().position(|(other, _)| other == name)?;
        // Its name stays, so that it isn't taken for missing.
        let taken = Json::Scalar(Scalar::Null);
        Some(std::mem::replace(&mut self.fields[place].1, taken))
    }

    fn text(&mut self, name: &str) -> Result<String, Trouble> {
        match self.take(name) {
            Some(Json::Scalar(Scalar::Text(text))) => Ok(text),
            given => {
                let value = given.map_or(NOTHING.to_owned(), |json| json.to_string());
                Err(self.trouble(name, value, "a string"))
            }
        }
    }

    fn time(&mut self, name: &str, allowed: &str) -> Result<Option<Decimal>, Trouble> {
        match self.take(name) {
            Some(Json::Scalar(Scalar::Number(time))) => Ok(Some(time)),
            Some(Json::Scalar(Scalar::Null)) => Ok(None),
            given => {
                let value = given.map_or(NOTHING.to_owned(), |json| json.to_string());
                Err(self.trouble(name, value, allowed))
            }
        }
    }
}

/// Names in the order in which they were met first, found by a sorted list.
#[derive(Default)]
struct Names {
    names: Vec<(String, u32)>,
}

impl Names {
    fn place(&mut self, name: String) -> u32 {
        match self.names.binary_search_by(|(other, _)| other.cmp(&name)) {
            Ok(found) => self.names[found].1,
            Err(missing) => {
                let place = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
                self.names.insert(missing, (name, place));
                place
            }
        }
    }

    fn len(&self) -> usize {
        self.names.len()
    }

    fn into_names(mut self) -> Vec<String> {
        self.names.sort_unstable_by_key(|(_, place)| *place);
        self.names.into_iter().map(|(name, _)| name).collect()
    }
}

/// The different items in order, and the number of each item in that order.
fn numbered<T: Ord>(items: Vec<T>) -> (Vec<T>, Vec<u32>) {
    let mut numbers = vec![0; items.len()];
    let mut sorted: Vec<(T, usize)> = items.into_iter().zip(0..).collect();
    sorted.sort_unstable();
    let mut different: Vec<T> = Vec::new();
    for (item, place) in sorted {
        if different.last() != Some(&item) {
            different.push(item);
        }
        numbers[place] = u32::try_from(different.len() - 1).unwrap_or(u32::MAX);
    }
    (different, numbers)
}

fn shown(name: &str) -> String {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    match !name.is_empty() && name.len() <= 40 && name.bytes().all(is_plain) {
        true => name.to_owned(),
        false => quoted(name),
    }
}

fn limit(
    line: Option<usize>,
    field: &str,
    count: usize,
    max: usize,
    unit: &str,
) -> Result<(), Trouble> {
    if count <= max {
        return Ok(());
    }
    Err(Trouble {
        line,
        field: field.to_owned(),
        value: format!("{count} {unit}"),
        allowed: format!("at most {max} {unit}"),
    })
}

fn trouble(line: usize, field: &str, value: String, allowed: &str) -> Trouble {
    Trouble {
        line: Some(line),
        field: field.to_owned(),
        value,
        allowed: allowed.to_owned(),
    }
}

#[cfg(test)]
mod tests;
