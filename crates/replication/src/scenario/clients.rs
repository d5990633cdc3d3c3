//! Reading what clients do, and numbering the keys, texts and items that they mention.

use serde_json::Value as Json;

use super::limits;
use super::places;
use super::reader::{At, Object, Read, ScenarioError, listed};
use super::settings;
use super::{
    Act, ClientPlan, Conflicts, Deed, Does, ProtocolKind, RandomChanges, ReadPath, Step, Structure,
    When,
};
use crate::ids::{
    Change, Function, IdempotencyKey, ItemId, ItemSet, KeyId, KeySet, RegionId, TextId, Value,
};

/// What an operation is, in a step and in the script.
pub(super) const ACTS: [&str; 5] = ["write", "add", "insert", "remove", "read"];

/// What may stand beside it.
pub(super) const TERMS: [&str; 4] = ["w", "r", "path", "idempotency_key"];

/// The names given so far, in the order of their first mention, and what operations may say.
pub(super) struct Mentioned {
    pub keys: Vec<String>,
    pub texts: Vec<String>,
    pub items: Vec<String>,
    /// Each with what is written under it.
    pub idempotency_keys: Vec<(String, Deed)>,
    /// Where conflicts are merged, what each key is used as.
    uses: Option<Vec<Use>>,
    /// Names that may no longer be mentioned for the first time.
    keys_are_closed: bool,
    items_are_closed: bool,
    kind: ProtocolKind,
    copies: u8,
    paths: Vec<String>,
}

/// What a key is used as: how two changes of it merge depends on that.
#[derive(Clone, Copy, PartialEq)]
enum Use {
    Nothing,
    Register,
    Counter,
    Set,
}

impl Mentioned {
    /// Nothing yet.
    pub fn new(structure: &Structure, paths: &[ReadPath]) -> Self {
        let merged =
            structure.kind == ProtocolKind::MultiLeader && structure.conflicts == Conflicts::Merge;
        Self {
            keys: Vec::new(),
            texts: Vec::new(),
            items: Vec::new(),
            idempotency_keys: Vec::new(),
            uses: merged.then(Vec::new),
            keys_are_closed: false,
            items_are_closed: false,
            kind: structure.kind,
            copies: structure.copies,
            paths: paths.iter().map(|path| path.name.clone()).collect(),
        }
    }

    /// From now on a new key is refused; a new item too, where a random client takes any of them.
    pub fn close(&mut self, plans: &[ClientPlan]) {
        self.keys_are_closed = true;
        let takes_any = |plan: &ClientPlan| {
            matches!(
                plan.does,
                Does::Random {
                    changes: RandomChanges::Items,
                    ..
                }
            )
        };
        self.items_are_closed = plans.iter().any(takes_any);
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
        if let Some(uses) = &mut self.uses {
            uses.push(Use::Nothing);
        }
        Ok(KeyId((self.keys.len() - 1) as u8))
    }

    /// Notes that a key is changed in this way at this place.
    fn use_as(&mut self, key: KeyId, way: Use, at: &At<'_>) -> Read<()> {
        let Some(uses) = &mut self.uses else {
            return Ok(());
        };
        let known = &mut uses[usize::from(key.0)];
        if *known == Use::Nothing {
            *known = way;
        }
        if *known == way {
            return Ok(());
        }
        let words = |way| match way {
            Use::Counter => "add",
            Use::Set => "insert and remove",
            _ => "write",
        };
        let name = &self.keys[usize::from(key.0)];
        let message = format!(
            "{name} is changed by {} elsewhere: where conflicts are merged, a key is changed either by \
             add, or by insert and remove, or by write",
            words(*known)
        );
        Err(ScenarioError::new(at.pointer.clone(), message))
    }

    fn item(&mut self, at: &At<'_>) -> Read<ItemId> {
        let name = at.name(limits::NAME_CHARS)?;
        if let Some(known) = self.items.iter().position(|item| item == name) {
            return Ok(ItemId(known as u8));
        }
        if self.items_are_closed {
            let known: Vec<&str> = self.items.iter().map(String::as_str).collect();
            return Err(at.refuse(format_args!(
                "a random client takes any item, so that only the clients' are allowed: {}",
                listed(&known)
            )));
        }
        if self.items.len() == limits::ITEMS {
            return Err(at.refuse(format_args!("at most {} different items", limits::ITEMS)));
        }
        self.items.push(name.to_owned());
        Ok(ItemId((self.items.len() - 1) as u8))
    }

    /// One key is one write: what stands under it is the same wherever it stands.
    fn idempotency_key(&mut self, at: &At<'_>, deed: Deed) -> Read<IdempotencyKey> {
        let name = at.name(limits::NAME_CHARS)?;
        if matches!(deed, Deed::Read(_)) {
            return Err(at.refuse("only writes have an idempotency key"));
        }
        if self.kind != ProtocolKind::SingleLeader {
            return Err(at.refuse(
                "it needs one leader’s log to be found in: only with the kind single_leader",
            ));
        }
        let mut known = self.idempotency_keys.iter();
        if let Some(place) = known.position(|(known, _)| known == name) {
            if self.idempotency_keys[place].1 != deed {
                return Err(at.refuse(
                    "another write has this key elsewhere; one key for one write, however often it is sent",
                ));
            }
            return Ok(IdempotencyKey(place as u16));
        }
        if self.idempotency_keys.len() == limits::IDEMPOTENCY_KEYS {
            return Err(at.refuse(format_args!(
                "at most {} different idempotency keys",
                limits::IDEMPOTENCY_KEYS
            )));
        }
        self.idempotency_keys.push((name.to_owned(), deed));
        Ok(IdempotencyKey((self.idempotency_keys.len() - 1) as u16))
    }

    /// A plain value: a number, a text, or nothing. `others` says what else could stand here.
    fn value(&mut self, at: &At<'_>, others: &str) -> Read<Value> {
        match at.json() {
            Some(Json::String(_)) => {
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
            Some(Json::Number(_)) => at.integer().map(Value::Number),
            Some(Json::Null) => Ok(Value::Absent),
            _ => Err(at.refuse(format_args!("a whole number, a text, null or {others}"))),
        }
    }

    /// What a write sets a key to.
    fn set_to(&mut self, at: &At<'_>) -> Read<Change> {
        const CALL: &str = "an object with call";
        if !matches!(at.json(), Some(Json::Object(_))) {
            return self.value(at, CALL).map(Change::Set);
        }
        let call = at.object(&["call"])?.at("call");
        let function = call.one_of(&[
            ("NOW()", Function::Now),
            ("RAND()", Function::Rand),
            ("UUID()", Function::Uuid),
            ("NEXT_ID()", Function::NextId),
        ])?;
        if self.kind != ProtocolKind::SingleLeader {
            let allowed = "only with the kind single_leader; a whole number, a text or null";
            return Err(at.refuse(allowed));
        }
        Ok(Change::Call(function))
    }

    /// What a client last saw of a key.
    fn seen(&mut self, at: &At<'_>) -> Read<Value> {
        if !matches!(at.json(), Some(Json::Array(_))) {
            return self.value(at, "a list of items");
        }
        let mut items = ItemSet::default();
        for at in at.list(0..=limits::ITEMS, "items")? {
            items = items.with(self.item(&at)?);
        }
        Ok(Value::Set(items))
    }
}

/// Reads the clients, and the region of each.
pub(super) fn read(
    root: &Object<'_>,
    regions: &[String],
    mentioned: &mut Mentioned,
) -> Read<(Vec<ClientPlan>, Vec<RegionId>)> {
    let mut clients: Vec<ClientPlan> = Vec::new();
    let mut places = Vec::new();
    let mut without_items = None;
    for at in root.at("clients").list(limits::CLIENTS, "clients")? {
        let object = at.object(&["name", "does", "random", "region"])?;
        let name = object.at("name").name(limits::NAME_CHARS)?;
        if clients.iter().any(|other| other.name == name) {
            let allowed = "another client has this name; a name of its own";
            return Err(object.at("name").refuse(allowed));
        }
        places.push(object.or("region", RegionId(0), |at| places::region(&at, regions))?);
        let does = match object.exactly_one(&["does", "random"])? {
            ("does", at) => {
                let steps = at.list(0..=limits::STEPS, "steps")?;
                let steps: Read<Vec<Step>> = steps.iter().map(|at| step(at, mentioned)).collect();
                Does::Steps(steps?)
            }
            (_, at) => {
                let random = at.object(&settings::RANDOM)?;
                let does = random_workload(&random, mentioned)?;
                if let Does::Random {
                    changes: RandomChanges::Items,
                    ..
                } = does
                {
                    without_items = without_items.or(Some(random.at("items")));
                }
                does
            }
        };
        clients.push(ClientPlan {
            name: name.to_owned(),
            does,
        });
    }
    match without_items {
        Some(at) if mentioned.items.is_empty() => {
            Err(at.refuse(format_args!("a list of 1 to {} items", limits::ITEMS)))
        }
        _ => Ok((clients, places)),
    }
}

fn random_workload(random: &Object<'_>, mentioned: &mut Mentioned) -> Read<Does> {
    let at = random.at("keys");
    let keys: Vec<KeyId> = keys(&at, mentioned)?.iter().collect();
    let changes = random.or("changes", RandomChanges::Write, |at| {
        at.one_of(&[
            ("write", RandomChanges::Write),
            ("add", RandomChanges::Add),
            ("items", RandomChanges::Items),
        ])
    })?;
    let way = match changes {
        RandomChanges::Write => Use::Register,
        RandomChanges::Add => Use::Counter,
        RandomChanges::Items => Use::Set,
    };
    for key in &keys {
        mentioned.use_as(*key, way, &at)?;
    }
    if let Some(at) = random.optional("items") {
        for at in at.list(1..=limits::ITEMS, "items")? {
            mentioned.item(&at)?;
        }
    }
    Ok(Does::Random { keys, changes })
}

fn step(at: &At<'_>, mentioned: &mut Mentioned) -> Read<Step> {
    let step = at.object(&[
        "wait_ms",
        "when",
        "as",
        "write",
        "add",
        "insert",
        "remove",
        "read",
        "w",
        "r",
        "path",
        "idempotency_key",
    ])?;
    let act = act(&step, mentioned)?;
    Ok(Step {
        wait_us: step.or("wait_ms", 0, |at| at.ms_as_us(limits::TIME_MS))?,
        when: step.or("when", When::default(), |at| when(&at, mentioned))?,
        act,
        label: step.or("as", None, |at| {
            Ok(Some(at.name(limits::NAME_CHARS)?.to_owned()))
        })?,
    })
}

fn when(at: &At<'_>, mentioned: &mut Mentioned) -> Read<When> {
    let when = at.object(&["saw", "unanswered"])?;
    let unanswered = when.or("unanswered", false, |at| at.boolean())?;
    if unanswered && when.optional("saw").is_none() {
        let saw = Vec::new();
        return Ok(When { saw, unanswered });
    }
    let saw = when.at("saw");
    let saw = saw.any_object("an object of keys and the values last seen")?;
    let saw = saw
        .fields()
        .map(|(name, at)| Ok((mentioned.key(name, &at)?, mentioned.seen(&at)?)))
        .collect::<Read<_>>()?;
    Ok(When { saw, unanswered })
}

/// Reads the one operation that an object has, and its terms.
pub(super) fn act(object: &Object<'_>, mentioned: &mut Mentioned) -> Read<Act> {
    let deed = deed(object, mentioned)?;
    let (own, other) = match deed {
        Deed::Write(..) => ("w", "r"),
        Deed::Read(_) => ("r", "w"),
    };
    if let Some(at) = object.optional(other) {
        return Err(at.refuse(format_args!("here a request may name its own {own}")));
    }
    let quorum = object.or(own, None, |at| {
        if mentioned.kind != ProtocolKind::Leaderless {
            return Err(at.refuse("only with the kind leaderless"));
        }
        let copies = u64::from(mentioned.copies);
        Ok(Some(at.whole_of(1..=copies, " (the copies)")? as u8))
    })?;
    let path = object.or("path", 0, |at| {
        if own == "w" {
            return Err(at.refuse("only reads have a path"));
        }
        let text = at.as_str();
        let path = mentioned.paths.iter().position(|path| text == Some(path));
        path.map(|path| path as u8).ok_or_else(|| {
            let paths: Vec<&str> = mentioned.paths.iter().map(String::as_str).collect();
            at.refuse(listed(&paths))
        })
    })?;
    let idempotency_key = object.or("idempotency_key", None, |at| {
        mentioned.idempotency_key(&at, deed).map(Some)
    })?;
    Ok(Act {
        deed,
        quorum,
        path,
        idempotency_key,
    })
}

fn deed(object: &Object<'_>, mentioned: &mut Mentioned) -> Read<Deed> {
    let (name, at) = object.exactly_one(&ACTS)?;
    if name == "read" {
        return keys(&at, mentioned).map(Deed::Read);
    }
    let (key, at) = one_key(&at)?;
    let key = mentioned.key(key, &at)?;
    let (way, change) = match name {
        "write" => (Use::Register, mentioned.set_to(&at)?),
        "add" => (Use::Counter, Change::Add(at.integer()?)),
        "insert" => (Use::Set, Change::Insert(mentioned.item(&at)?)),
        _ => (Use::Set, Change::Remove(mentioned.item(&at)?)),
    };
    mentioned.use_as(key, way, &at)?;
    Ok(Deed::Write(key, change))
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
