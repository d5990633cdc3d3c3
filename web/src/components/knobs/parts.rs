//! What knobs are made of: rows of data that name a place in the scenario, and what draws them.
//!
//! A knob shows what is in force at the cursor and writes to that place; what it means stands beside its
//! name in the row.

use replication::scenario::{ProtocolKind, Settings, Structure};
use serde_json::{Value as Json, json};
use yew::prelude::*;

use crate::components::choice::{Choice, Options};
use crate::components::slider::Slider;
use crate::components::words::Prose;
use crate::desk::Desk;

pub const NEW_RUN: &str = "starts a new run";

/// One of a few; where nothing is written, the first holds.
pub struct Pick {
    pub id: &'static str,
    pub legend: &'static str,
    pub pointer: &'static str,
    pub options: Options,
    /// What the choice that is in force means, where the options themselves do not say it.
    pub means: Option<fn(&Board<'_>) -> &'static str>,
}

/// A place on a scale.
pub struct Dial {
    pub id: &'static str,
    pub name: &'static str,
    pub pointer: &'static str,
    /// The places, in parts of a unit.
    pub places: &'static [u64],
    /// Parts of the unit in which the scenario has it.
    pub parts: u64,
    pub written: fn(u64) -> String,
    /// What holds where nothing is written, in parts.
    pub default: u64,
    /// The place that is written as `null`, and where.
    pub null: Option<(u64, &'static str)>,
    pub note: &'static str,
}

/// On or off; where nothing is written it is off.
pub struct Switch {
    pub id: &'static str,
    pub name: &'static str,
    pub pointer: &'static str,
    pub note: &'static str,
}

/// One of them.
pub enum Knob {
    /// Acts within the run.
    Pick(Pick),
    /// Starts a new one.
    NewRun(Pick),
    Dial(Dial),
}

/// All that the knobs look at: the desk, and what is in force at its cursor.
pub struct Board<'a> {
    pub desk: &'a Desk,
    /// The parts of the document that decide the settings.
    pub document: Json,
    pub settings: Settings,
}

impl<'a> Board<'a> {
    pub fn of(desk: &'a Desk) -> Self {
        let (document, settings) = desk.with(|run, _| {
            let document = desk.store().scenario.in_force(run.now());
            (document, run.settings().clone())
        });
        Board {
            desk,
            document,
            settings,
        }
    }

    pub fn structure(&self) -> &'a Structure {
        &self.desk.store().scenario.structure
    }

    pub fn kind(&self) -> ProtocolKind {
        self.structure().kind
    }

    pub fn is(&self, kind: ProtocolKind) -> bool {
        self.kind() == kind
    }

    /// The text at a place.
    pub fn text(&self, pointer: &str) -> Option<&str> {
        self.document.pointer(pointer)?.as_str()
    }

    /// Whether there is something at a place that is not `null` or `false`.
    pub fn is_on(&self, pointer: &str) -> bool {
        let written = self.document.pointer(pointer);
        written.is_some_and(|value| !matches!(value, Json::Null | Json::Bool(false)))
    }

    /// What is at a place, or nothing.
    pub fn at(&self, pointer: &str) -> Json {
        self.document.pointer(pointer).cloned().unwrap_or_default()
    }

    /// Whether the story is about what one of these leads to.
    pub fn told(&self, pointers: &[&str]) -> bool {
        let knobs = &self.desk.store().scenario.knobs;
        let about = |pointer: &&str| knobs.iter().any(|knob| knob.starts_with(*pointer));
        pointers.iter().any(about)
    }

    /// A callback that does something with the desk.
    pub fn on<T: 'static>(&self, act: impl Fn(&Desk, T) + 'static) -> Callback<T> {
        let desk = self.desk.clone();
        Callback::from(move |value| act(&desk, value))
    }

    /// Draws knobs, one after another.
    pub fn all(&self, knobs: &[Knob]) -> Html {
        let draw = |knob: &Knob| match knob {
            Knob::Pick(pick) => self.pick(pick, false),
            Knob::NewRun(pick) => self.pick(pick, true),
            Knob::Dial(dial) => self.dial(dial),
        };
        html! { <>{ for knobs.iter().map(draw) }</> }
    }

    fn pick(&self, pick: &Pick, new_run: bool) -> Html {
        let pointer = pick.pointer;
        let on_choose = self.on(move |desk: &Desk, value: &'static str| {
            let change = [(pointer.to_owned(), value.into())];
            match new_run {
                true => desk.renew(&change),
                false => desk.turn(&change),
            }
        });
        let chosen = self.text(pointer).unwrap_or(pick.options[0].0).to_owned();
        html! {
            <Choice
                id={pick.id}
                legend={pick.legend}
                tag={new_run.then_some(AttrValue::Static(NEW_RUN))}
                options={pick.options}
                {chosen}
                means={pick.means.map(|means| AttrValue::Static(means(self)))}
                {on_choose}
                story={self.told(&[pointer])}
            />
        }
    }

    pub fn dial(&self, dial: &Dial) -> Html {
        let written = self.document.pointer(dial.pointer).and_then(Json::as_f64);
        let value = match written {
            Some(number) => (number * dial.parts as f64).round() as u64,
            None => dial.default,
        };
        self.dial_at(dial, value)
    }

    /// A dial that stands at a place which is not read from the document.
    pub fn dial_at(&self, dial: &Dial, value: u64) -> Html {
        let (pointer, parts, null) = (dial.pointer, dial.parts, dial.null);
        let on_turn = self.on(move |desk: &Desk, value: u64| {
            let change = match null {
                Some((null, pointer)) if null == value => (pointer, Json::Null),
                _ => (pointer, fraction(value, parts)),
            };
            desk.turn(&[(change.0.to_owned(), change.1)]);
        });
        scaled(Scaled {
            id: dial.id.into(),
            name: dial.name.into(),
            places: dial.places,
            value,
            written: dial.written,
            on_turn,
            note: (!dial.note.is_empty()).then_some(AttrValue::Static(dial.note)),
            story: self.told(&[pointer]),
            off: false,
        })
    }

    pub fn switch(&self, switch: &Switch) -> Html {
        let pointer = switch.pointer;
        let on_flip = self.on(move |desk: &Desk, on: bool| {
            desk.turn(&[(pointer.to_owned(), on.into())]);
        });
        let on = self.is_on(pointer);
        flip(
            switch.id,
            switch.name,
            on,
            switch.note,
            self.told(&[pointer]),
            on_flip,
        )
    }

    /// A group that is folded unless the story is about it.
    pub fn fold(&self, name: &'static str, about: &[&str], knobs: Html) -> Html {
        let told = self.told(about);
        html! {
            <details class="group" open={told}>
                <summary>
                    <h3>{ name }</h3>
                    if told { <span class="tag try">{ "try this" }</span> }
                </summary>
                { knobs }
            </details>
        }
    }
}

/// A slider over an uneven scale.
pub struct Scaled {
    pub id: AttrValue,
    pub name: AttrValue,
    pub places: &'static [u64],
    pub value: u64,
    pub written: fn(u64) -> String,
    pub on_turn: Callback<u64>,
    pub note: Option<AttrValue>,
    pub story: bool,
    pub off: bool,
}

/// Draws it: its places are those of the scale, and the value that a scenario has given it.
pub fn scaled(slider: Scaled) -> Html {
    let mut places = slider.places.to_vec();
    let place = places
        .binary_search(&slider.value)
        .unwrap_or_else(|between| {
            places.insert(between, slider.value);
            between
        });
    let last = places.len() as u32 - 1;
    let at = move |place: u32| places[(place as usize).min(places.len() - 1)];
    let written = {
        let (at, write) = (at.clone(), slider.written);
        Callback::from(move |place| write(at(place)))
    };
    let on_turn = slider.on_turn.reform(at);
    html! {
        <Slider
            id={slider.id}
            name={slider.name}
            value={place as u32}
            {last}
            {written}
            {on_turn}
            note={slider.note}
            story={slider.story}
            off={slider.off}
        />
    }
}

/// A box to tick, and what it means.
pub fn flip(
    id: impl Into<AttrValue>,
    name: impl Into<AttrValue>,
    on: bool,
    note: &'static str,
    story: bool,
    on_flip: Callback<bool>,
) -> Html {
    let (id, note_id) = (id.into(), (!note.is_empty()).then_some(()));
    let note_id = note_id.map(|()| format!("{id}-note"));
    let onchange = Callback::from(move |_: Event| on_flip.emit(!on));
    html! {
        <div class="knob">
            <label class="flip">
                <input type="checkbox" {id} checked={on} aria-describedby={note_id.clone()} {onchange}/>
                <span>{ name.into() }</span>
                if story { <span class="tag try">{ "try this" }</span> }
            </label>
            if note_id.is_some() { <p class="why" id={note_id}><Prose text={note}/></p> }
        </div>
    }
}

/// A list to choose from: each entry's value and how it is written.
pub fn list(
    id: impl Into<AttrValue>,
    name: impl Into<AttrValue>,
    entries: &[(String, String)],
    chosen: &str,
    story: bool,
    on_choose: Callback<String>,
) -> Html {
    let id = id.into();
    let onchange = Callback::from(move |event: Event| {
        if let Some(select) = event.target_dyn_into::<web_sys::HtmlSelectElement>() {
            on_choose.emit(select.value());
        }
    });
    html! {
        <div class="knob">
            <div class="head">
                <label for={id.clone()}>
                    { name.into() }
                    if story { <span class="tag try">{ "try this" }</span> }
                </label>
            </div>
            <select {id} {onchange}>
                for (value, written) in entries {
                    <option key={value.clone()} value={value.clone()} selected={value == chosen}>{ written }</option>
                }
            </select>
        </div>
    }
}

/// The same in a scenario: whole where it is.
pub fn fraction(parts: u64, of: u64) -> Json {
    match parts % of {
        0 => json!(parts / of),
        _ => json!(parts as f64 / of as f64),
    }
}

/// Milliseconds, as people write them.
pub fn ms(ms: u64) -> String {
    match ms {
        0 => "0 ms".to_owned(),
        _ => scene::quantity::duration(ms * 1000),
    }
}

/// Hundredths of a hundredth, as a share.
pub fn percent(ppm: u64) -> String {
    format!("{} %", scene::quantity::decimal(ppm, 10_000))
}
