//! Reading what clients do, and numbering the keys and texts that they mention.

use super::limits;
use super::reader::{At, Object, Read, ScenarioError, listed};
use super::{Act, ClientPlan, Does, Step};
use crate::ids::{Change, KeyId, KeySet, TextId, Value};

/// What an operation is, in a step and in the script.
pub(super) const ACTS: [&str; 3] = ["write", "add", "read"];

/// The names given so far, in the order of their first mention.
#[derive(Default)]
pub(super) struct Mentioned {
    pub keys: Vec<String>,
    pub texts: Vec<String>,
    /// Whether a key may still be mentioned for the first time.
    keys_are_closed: bool,
}

impl Mentioned {
    /// From now on a new key is refused.
    pub fn close_keys(&mut self) {
        self.keys_are_closed = true;
    }

    /// The number of a key named at this place.
    fn key(&mut self, name: &str, at: &At<'_>) -> Read<KeyId> {
        if let Some(known) = self.keys.iter().position(|key| key == name) {
            return Ok(KeyId(known as u8));
        }
        let refuse = |message: String| Err(ScenarioError::new(at.pointer.clone(), message));
        if self.keys_are_closed {
            let known: Vec<&str> = self.keys.iter().map(String::as_str).collect();
            return refuse(format!(
                "unknown key; the clients' keys are allowed: {}",
                listed(&known)
            ));
        }
        if !(1..=limits::NAME_CHARS).contains(&name.chars().count()) {
            let allowed = limits::NAME_CHARS;
            return refuse(format!(
                "a key's name of this length is not allowed: 1 to {allowed} characters"
            ));
        }
        if self.keys.len() == limits::KEYS {
            return refuse(format!(
                "one key too many: at most {} are allowed",
                limits::KEYS
            ));
        }
        self.keys.push(name.to_owned());
        Ok(KeyId((self.keys.len() - 1) as u8))
    }

    fn value(&mut self, at: &At<'_>) -> Read<Value> {
        match at.json() {
            Some(json) if json.is_string() => {
                let text = at.text(limits::TEXT_CHARS)?;
                if let Some(known) = self.texts.iter().position(|known| known == text) {
                    return Ok(Value::Text(TextId(known as u16)));
                }
                if self.texts.len() == limits::TEXTS {
                    return Err(
                        at.refuse(format_args!("at most {} different texts", limits::TEXTS))
                    );
                }
                let id = TextId(self.texts.len() as u16);
                self.texts.push(text.to_owned());
                Ok(Value::Text(id))
            }
            Some(json) if json.is_number() => at.integer().map(Value::Number),
            _ => Err(at.refuse("a whole number or a text")),
        }
    }
}

/// Reads the clients.
pub(super) fn read(root: &Object<'_>, mentioned: &mut Mentioned) -> Read<Vec<ClientPlan>> {
    let mut clients: Vec<ClientPlan> = Vec::new();
    for at in root.at("clients").list(limits::CLIENTS, "clients")? {
        let object = at.object(&["name", "does", "random"])?;
        let name = object.at("name").name(limits::NAME_CHARS)?;
        if clients.iter().any(|other| other.name == name) {
            let allowed = "another client has this name; a name of its own";
            return Err(object.at("name").refuse(allowed));
        }
        let does = match object.exactly_one(&["does", "random"])? {
            ("does", at) => {
                let steps = at.list(0..=limits::STEPS, "steps")?;
                let steps: Read<Vec<Step>> = steps.iter().map(|at| step(at, mentioned)).collect();
                Does::Steps(steps?)
            }
            (_, at) => {
                let random = at.object(&["writes_per_s", "reads_per_s", "keys"])?;
                let keys = keys(&random.at("keys"), mentioned)?;
                Does::Random {
                    keys: keys.iter().collect(),
                }
            }
        };
        clients.push(ClientPlan {
            name: name.to_owned(),
            does,
        });
    }
    Ok(clients)
}

fn step(at: &At<'_>, mentioned: &mut Mentioned) -> Read<Step> {
    let step = at.object(&["wait_ms", "when", "as", "write", "add", "read"])?;
    let act = act(&step, mentioned)?;
    Ok(Step {
        wait_us: step.or("wait_ms", 0, |at| at.ms_as_us(limits::TIME_MS))?,
        when_saw: step.or("when", Vec::new(), |at| when_saw(&at, mentioned))?,
        act,
        label: step.or("as", None, |at| {
            Ok(Some(at.name(limits::NAME_CHARS)?.to_owned()))
        })?,
    })
}

fn when_saw(at: &At<'_>, mentioned: &mut Mentioned) -> Read<Vec<(KeyId, Value)>> {
    let saw = at.object(&["saw"])?.at("saw");
    let saw = saw.any_object("an object of keys and the values last seen")?;
    saw.fields()
        .map(|(name, at)| Ok((mentioned.key(name, &at)?, mentioned.value(&at)?)))
        .collect()
}

/// Reads the one of `write`, `add` and `read` that an object has.
pub(super) fn act(object: &Object<'_>, mentioned: &mut Mentioned) -> Read<Act> {
    match object.exactly_one(&ACTS)? {
        ("write", at) => {
            let (name, at) = one_key(&at)?;
            let key = mentioned.key(name, &at)?;
            let value = mentioned.value(&at)?;
            Ok(Act::Write(key, Change::Set(value)))
        }
        ("add", at) => {
            let (name, at) = one_key(&at)?;
            let key = mentioned.key(name, &at)?;
            Ok(Act::Write(key, Change::Add(at.integer()?)))
        }
        (_, at) => keys(&at, mentioned).map(Act::Read),
    }
}

/// The one key of a write, and the place of its value.
fn one_key<'a>(at: &At<'a>) -> Read<(&'a str, At<'a>)> {
    let object = at.any_object("an object of one key and its value")?;
    let mut fields = object.fields();
    match (fields.next(), fields.next()) {
        (Some(field), None) => Ok(field),
        _ => {
            let count = object.len();
            let message = format!(
                "{count} keys are not allowed: exactly one, since a write to several at once would be a transaction"
            );
            Err(ScenarioError::new(at.pointer.clone(), message))
        }
    }
}

/// A list of different keys.
fn keys(at: &At<'_>, mentioned: &mut Mentioned) -> Read<KeySet> {
    let mut keys = KeySet::default();
    for at in at.list(1..=limits::KEYS, "keys")? {
        let key = mentioned.key(at.name(limits::NAME_CHARS)?, &at)?;
        if keys.contains(key) {
            return Err(at.refuse("it is in the list already; each key once"));
        }
        keys.insert(key);
    }
    Ok(keys)
}
