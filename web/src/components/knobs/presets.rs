//! The settings of real systems, by name.

use replication::scenario::presets::{Preset, presets};
use replication::scenario::{ProtocolKind, Scenario, ScenarioError};
use serde_json::Value as Json;
use web_sys::HtmlSelectElement;
use yew::prelude::*;

use super::reshape::{of_kind, of_regions};
use crate::desk::Desk;

/// The desk.
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The desk.
    pub desk: Desk,
}

/// A list of systems, those of the present kind first, and what the chosen one claims.
#[component]
pub fn Presets(props: &Props) -> Html {
    let desk = &props.desk;
    let presets = use_memo((), |()| presets());
    let scenario = &desk.store().scenario;
    let document = desk.with(|run, _| scenario.in_force(run.now()));
    let holds = |preset: &&Preset| {
        document["protocol"]["kind"] == *preset.kind
            && preset
                .changes
                .iter()
                .all(|(pointer, value)| document.pointer(pointer) == Some(value))
    };
    // Two systems may have the same settings: it is the one that was chosen.
    let last = use_state(|| None::<String>);
    let is_last = |preset: &&Preset| last.as_ref() == Some(&preset.id);
    let mut fitting = presets.iter().filter(holds);
    let chosen = fitting.clone().find(is_last).or_else(|| fitting.next());
    let kind = kind_of(&document["protocol"]["kind"]);
    let (mine, others): (Vec<&Preset>, Vec<&Preset>) = presets
        .iter()
        .partition(|preset| kind_named(&preset.kind) == kind);
    let onchange = {
        let (desk, presets, last) = (desk.clone(), presets.clone(), last.setter());
        Callback::from(move |event: Event| {
            let value = event
                .target_dyn_into::<HtmlSelectElement>()
                .map(|select| select.value());
            if let Some(preset) = presets
                .iter()
                .find(|preset| value.as_ref() == Some(&preset.id))
            {
                last.set(Some(preset.id.clone()));
                apply(&desk, preset);
            }
        })
    };
    let option = |preset: &&Preset| {
        let selected = chosen.is_some_and(|chosen| chosen.id == preset.id);
        html! { <option key={preset.id.clone()} value={preset.id.clone()} {selected}>{ &preset.name }</option> }
    };
    html! {
        <fieldset>
            <legend><label for="preset">{ "Like a real system" }</label></legend>
            <select id="preset" class="wide" {onchange}>
                <option value="" selected={chosen.is_none()} disabled={chosen.is_some()}>{ "none: your own settings" }</option>
                { for mine.iter().map(option) }
                if !others.is_empty() {
                    <optgroup label="Another kind: a new run">{ for others.iter().map(option) }</optgroup>
                }
            </select>
            if let Some(preset) = chosen {
                <p class="means">
                    { &preset.claims }
                    { " " }
                    <a href={preset.link.clone()} target="_blank" rel="noopener noreferrer">{ "What its makers say" }</a>
                </p>
            }
        </fieldset>
    }
}

/// Within the run where that is possible, else in a new one.
fn apply(desk: &Desk, preset: &Preset) {
    let scenario = &desk.store().scenario;
    let same = preset
        .applied_to(scenario)
        .is_ok_and(|changed| changed.structure == scenario.structure);
    if same {
        desk.turn(&preset.changes);
    } else {
        desk.remake(&|scenario| on_its_kind(preset, scenario));
    }
}

/// The preset on a scenario of any kind.
fn on_its_kind(preset: &Preset, scenario: &Scenario) -> Result<Scenario, ScenarioError> {
    let mut scenario = scenario.clone();
    let kind = kind_named(&preset.kind);
    if scenario.structure.kind != kind {
        scenario = Scenario::from_document(of_kind(&scenario, kind))?;
    }
    // A system of a certain size stands in one place.
    let sized = preset
        .changes
        .iter()
        .any(|(pointer, _)| pointer == "/protocol/nodes");
    if sized && scenario.structure.regions > 1 && kind != ProtocolKind::MultiLeader {
        let nodes = scenario.structure.nodes.into();
        scenario = Scenario::from_document(of_regions(&scenario, 1, nodes))?;
    }
    preset.applied_to(&scenario)
}

fn kind_of(kind: &Json) -> ProtocolKind {
    kind_named(kind.as_str().unwrap_or_default())
}

fn kind_named(kind: &str) -> ProtocolKind {
    match kind {
        "multi_leader" => ProtocolKind::MultiLeader,
        "leaderless" => ProtocolKind::Leaderless,
        _ => ProtocolKind::SingleLeader,
    }
}
