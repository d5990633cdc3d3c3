//! What each client has on its screen, beside the truth, as small things of the story.
//!
//! A screen shows what its client last *read*, and nothing else. What the client has written stands under
//! it, with what it was told of that: whether the write is in what it sees is the question.

use replication::ids::{Change, ClientId, Held, KeyId, KeySet, Value, WriteId};
use replication::run::{ClientView, Run};
use replication::scenario::{Act, Deed, Does, ShownAs};
use replication::trace::{Action, Outcome};

use crate::index::{OpFacts, SceneIndex};
use crate::moment::Moment;
use crate::quantity::listed;
use crate::tone::{Hue, Tone};
use crate::truth::{Truth, truth};

/// How far back to look for a client's last write.
const OPS_BACK_MAX: usize = 64;

/// What a client sees, beside the truth.
#[derive(Clone, Debug, PartialEq)]
pub struct Screen {
    /// Whose screen.
    pub client: ClientId,
    /// Its name.
    pub name: String,
    /// One row a key.
    pub rows: Vec<ScreenRow>,
    /// What it has asked for: its last write, and a read that is not answered or was not.
    pub asks: Vec<Ask>,
}

/// One key on a client's screen, and in truth.
#[derive(Clone, Debug, PartialEq)]
pub struct ScreenRow {
    /// The key.
    pub id: KeyId,
    /// Its name.
    pub key: String,
    /// What the client last read, with siblings all of them; `None` where it has not looked yet.
    pub sees: Option<String>,
    /// The same as things of the story, siblings side by side; nothing where it has not looked yet.
    pub things: Vec<Thing>,
    /// The write that made what it saw, as "#5"; empty where there is none.
    pub sees_write: String,
    /// The newest acknowledged value.
    pub truth: String,
    /// The same as things of the story.
    pub truth_things: Vec<Thing>,
    /// What is known of it: "#7, acked, on 2 of 4 copies".
    pub truth_note: String,
    /// Whether the screen shows something older than the truth.
    pub stale: bool,
}

impl ScreenRow {
    /// What is said under what the client sees.
    pub fn note(&self) -> String {
        match &self.sees {
            None => "has not looked yet".to_owned(),
            Some(_) if self.things.len() == 2 => format!("both stand: {}", self.sees_write),
            Some(_) if self.things.len() > 2 => format!("all stand: {}", self.sees_write),
            Some(_) => self.sees_write.clone(),
        }
    }
}

/// What a client has asked for, and what came of it so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// What: "−$60 #2", "a read".
    pub what: String,
    /// What came of it: "waits for “done”".
    pub fate: &'static str,
    /// Its colour.
    pub tone: Tone,
}

/// A value as a thing of the story.
#[derive(Clone, Debug, PartialEq)]
pub enum Thing {
    /// There is nothing.
    Nothing,
    /// A text, as it is.
    Text(String),
    /// An amount: "$100".
    Money(String),
    /// A picture, in the colour of the write that put it there.
    Photo {
        /// The value.
        caption: String,
        /// The write's colour.
        hue: Hue,
        /// What is on it.
        picture: Picture,
    },
    /// A message, and who wrote it where that is known.
    Message {
        /// Who.
        from: String,
        /// What.
        text: String,
    },
    /// What is in a cart.
    Cart(Vec<String>),
    /// What is in a set that is no cart.
    List(Vec<String>),
    /// The title of a page.
    Title(String),
    /// The digits of a number.
    Counter(String),
    /// A sheet of text.
    Document(String),
}

/// A landscape on a ground of [`Picture::W`] by [`Picture::H`], another one for each value.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// The sun's centre.
    pub sun: (f64, f64),
    /// Its radius.
    pub sun_r: f64,
    /// The hills, the farthest first, as the `d` of paths.
    pub hills: [String; 2],
}

impl Picture {
    /// How wide it is.
    pub const W: u32 = 64;
    /// How high it is.
    pub const H: u32 = 40;

    /// The same value always has the same picture.
    fn of(value: &str) -> Picture {
        // FNV-1a: small, and any two values are likely to differ in each part.
        let step = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
        let hash = value.bytes().fold(0x811c_9dc5, step);
        let part = |shift: u32, from: u32, to: u32| from + (hash >> shift) % (to - from + 1);
        let hill = |left: u32, top: u32, right: u32| {
            let (w, h) = (Picture::W, Picture::H);
            format!("M0 {left}Q{} {top} {w} {right}V{h}H0z", w / 2)
        };
        Picture {
            sun: (f64::from(part(0, 12, 52)), f64::from(part(5, 8, 16))),
            sun_r: f64::from(part(9, 4, 6)),
            hills: [
                hill(part(12, 18, 30), part(15, 10, 26), part(18, 18, 30)),
                hill(part(21, 28, 36), part(24, 20, 40), part(27, 28, 36)),
            ],
        }
    }
}

/// Each client's screen at the cursor.
pub fn what_they_see(run: &dyn Run, index: &SceneIndex) -> Vec<Screen> {
    let now = Moment::of(run, index);
    let screen = |client: &ClientView| Screen {
        client: client.id,
        name: now.names.client(client.id).to_owned(),
        rows: (0..now.structure.keys)
            .map(KeyId)
            .filter(|key| concerns(&now, client.id, *key))
            .map(|key| screen_row(&now, client, key))
            .collect(),
        asks: asks(&now, client.id),
    };
    now.clients().iter().map(screen).collect()
}

/// Whether a client reads or writes a key, or has seen it.
fn concerns(now: &Moment<'_>, client: ClientId, key: KeyId) -> bool {
    let plan = now.run.scenario().clients.get(usize::from(client.0));
    let planned: KeySet = match plan.map(|plan| &plan.does) {
        Some(Does::Steps(steps)) => steps
            .iter()
            .flat_map(|step| {
                let Act { deed, .. } = step.act;
                match deed {
                    Deed::Write(key, _) => KeySet::from_iter([key]).iter(),
                    Deed::Read(keys) => keys.iter(),
                }
            })
            .collect(),
        Some(Does::Random { keys, .. }) => keys.iter().copied().collect(),
        None => KeySet::default(),
    };
    planned.contains(key) || now.has_looked(client, key)
}

fn screen_row(now: &Moment<'_>, client: &ClientView, key: KeyId) -> ScreenRow {
    let seen: Vec<Held> = Moment::all_held(&client.seen, &client.siblings, key).collect();
    let looked = seen.iter().any(|held| held.version.is_some()) || now.has_looked(client.id, key);
    let truth = truth(now, key);
    let is_old = now.is_stale(key, &client.seen, &client.siblings)
        || (truth.as_ref()).is_some_and(|truth| truth.was_seen_after(seen.iter().copied()));
    let values: Vec<String> = seen.iter().map(|held| now.value(held.value)).collect();
    let writes = seen.iter().filter_map(|held| held.write);
    let writes: Vec<String> = writes.map(|write| now.number(write)).collect();
    let thing = |held: &Held| thing(now, key, held.value, held.write);
    ScreenRow {
        id: key,
        key: now.names.key(key).to_owned(),
        sees: looked.then(|| listed(&values)),
        things: match looked {
            true => seen.iter().map(thing).collect(),
            false => Vec::new(),
        },
        sees_write: listed(&writes),
        truth: truth
            .as_ref()
            .map_or("nothing".to_owned(), |truth| truth.value(now)),
        truth_things: truth_things(now, key, truth.as_ref()),
        truth_note: truth.map_or("nothing acknowledged yet".to_owned(), |truth| truth.note),
        stale: looked && is_old,
    }
}

/// What a key is in truth, as things of the story.
fn truth_things(now: &Moment<'_>, key: KeyId, truth: Option<&Truth>) -> Vec<Thing> {
    let Some(truth) = truth else {
        return vec![Thing::Nothing];
    };
    if let Some(merged) = truth.merged {
        return vec![thing(now, key, merged, truth.writes.last().copied())];
    }
    let known = |write: &WriteId| match now.plain_value_of(*write) {
        Some(value) => thing(now, key, value, Some(*write)),
        None => Thing::Text("?".to_owned()),
    };
    truth.writes.iter().map(known).collect()
}

/// A value of a key as the thing that the story makes of it.
fn thing(now: &Moment<'_>, key: KeyId, value: Value, write: Option<WriteId>) -> Thing {
    if value == Value::Absent {
        return Thing::Nothing;
    }
    let text = now.value(value);
    let items = || {
        let items = value.items().iter();
        items.map(|item| now.item(item).to_owned()).collect()
    };
    let is_set = matches!(value, Value::Set(_));
    match shown_as(now, key) {
        ShownAs::Cart if is_set => Thing::Cart(items()),
        ShownAs::Cart => Thing::Cart(vec![text]),
        _ if is_set => Thing::List(items()),
        ShownAs::Text => Thing::Text(text),
        ShownAs::Money => Thing::Money(money(value).unwrap_or(text)),
        ShownAs::Photo => Thing::Photo {
            picture: Picture::of(&text),
            hue: write.map_or(Hue::default(), Hue::of),
            caption: text,
        },
        ShownAs::Thread => Thing::Message {
            from: write
                .and_then(|write| now.index.write(write))
                .map_or(String::new(), |facts| {
                    now.names.client(facts.op.client).to_owned()
                }),
            text,
        },
        ShownAs::Title => Thing::Title(text),
        ShownAs::Counter => Thing::Counter(text),
        ShownAs::Document => Thing::Document(text),
    }
}

fn shown_as(now: &Moment<'_>, key: KeyId) -> ShownAs {
    let by_key = &now.run.scenario().shown_as;
    by_key.get(usize::from(key.0)).copied().unwrap_or_default()
}

/// "$100", "−$60".
fn money(value: Value) -> Option<String> {
    let Value::Number(number) = value else {
        return None;
    };
    let sign = if number < 0 { "−" } else { "" };
    Some(format!("{sign}${}", number.unsigned_abs()))
}

/// A client's last write, and its last read where that is not answered.
fn asks(now: &Moment<'_>, client: ClientId) -> Vec<Ask> {
    let ended = |facts: &OpFacts| {
        let ended = facts.ended.filter(|(seq, _)| seq.index() < now.happened);
        ended.map(|(_, outcome)| outcome)
    };
    let mut back = now.index.ops_back(client, now.happened).take(OPS_BACK_MAX);
    let mut asks = Vec::new();
    let Some(last) = back.next() else {
        return asks;
    };
    let wrote = match last.action {
        Action::Write { .. } => Some(last),
        Action::Read { .. } => back.find(|facts| matches!(facts.action, Action::Write { .. })),
    };
    if let Some(facts) = wrote
        && let Action::Write { write, key, change } = facts.action
    {
        let (fate, tone) = match ended(facts) {
            None => ("waits for “done”", Tone::Muted),
            Some(Outcome::Written { .. } | Outcome::Answered) => ("told “done”", Tone::Ok),
            Some(Outcome::Refused | Outcome::PositionLost) => ("refused", Tone::Warn),
            Some(Outcome::Unknown) => ("no answer: it may be there", Tone::Warn),
        };
        let what = format!("{} {}", change_words(now, key, change), now.number(write));
        asks.push(Ask { what, fate, tone });
    }
    if let Action::Read { .. } = last.action {
        let fate = match ended(last) {
            None => Some(("waits for an answer", Tone::Muted)),
            Some(Outcome::Refused) => Some(("refused", Tone::Warn)),
            Some(Outcome::PositionLost) => Some(("position lost", Tone::Warn)),
            Some(Outcome::Unknown) => Some(("no answer", Tone::Warn)),
            Some(Outcome::Answered | Outcome::Written { .. }) => None,
        };
        let what = "a read".to_owned();
        asks.extend(fate.map(|(fate, tone)| Ask { what, fate, tone }));
    }
    asks
}

/// What a write does to its key, in the story's terms: "−$60", "+ milk", "Blue".
fn change_words(now: &Moment<'_>, key: KeyId, change: Change) -> String {
    let is_money = shown_as(now, key) == ShownAs::Money;
    match change {
        Change::Set(Value::Absent) => format!("erase {}", now.names.key(key)),
        Change::Set(value) if is_money => money(value).unwrap_or_else(|| now.value(value)),
        Change::Set(Value::Set(items)) => {
            let items: Vec<&str> = items.iter().map(|item| now.item(item)).collect();
            listed(&items)
        }
        Change::Set(value @ Value::Number(_)) => now.value(value),
        Change::Set(value) => format!("“{}”", now.value(value)),
        Change::Add(by) => {
            let by_how_much = Value::Number(by);
            let amount = money(by_how_much).filter(|_| is_money);
            let amount = amount.unwrap_or_else(|| now.value(by_how_much));
            let sign = if by < 0 { "" } else { "+" };
            format!("{sign}{amount}")
        }
        Change::Insert(item) => format!("+ {}", now.item(item)),
        Change::Remove(item) => format!("− {}", now.item(item)),
        Change::Call(_) => now.names.key(key).to_owned(),
    }
}
