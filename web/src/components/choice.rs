//! A choice of one among a few: radio buttons that look like one segmented control.

use yew::prelude::*;

use crate::components::words::Prose;

/// What there is to choose from: the value, how it is written, and what it means in a sentence.
pub type Options = &'static [(&'static str, &'static str, &'static str)];

/// The choice.
#[derive(PartialEq, Properties)]
pub struct Props {
    /// Its name in the page: no other choice has it.
    pub id: AttrValue,
    /// What is chosen.
    pub legend: AttrValue,
    /// A word beside that.
    #[prop_or_default]
    pub tag: Option<AttrValue>,
    /// What there is to choose from.
    pub options: Options,
    /// The value that is chosen now.
    pub chosen: AttrValue,
    /// What the choice means, where that depends on more than the choice.
    #[prop_or_default]
    pub means: Option<AttrValue>,
    /// Whether the story is about it.
    #[prop_or_default]
    pub story: bool,
    /// Whether it means nothing here; `means` says why.
    #[prop_or_default]
    pub off: bool,
    /// What happens when another is chosen.
    pub on_choose: Callback<&'static str>,
    /// What else belongs to it.
    #[prop_or_default]
    pub children: Html,
}

/// A legend, the options and what the chosen one means.
#[component]
pub fn Choice(props: &Props) -> Html {
    let option = |(value, written, _): &(&'static str, &'static str, &'static str)| {
        let (on_choose, value) = (props.on_choose.clone(), *value);
        let onchange = Callback::from(move |_: Event| on_choose.emit(value));
        html! {
            <label key={value}>
                <input type="radio" name={props.id.clone()} {value} checked={props.chosen == value} disabled={props.off} {onchange}/>
                <span>{ *written }</span>
            </label>
        }
    };
    let means_id = format!("{}-means", props.id);
    let chosen = props
        .options
        .iter()
        .find(|(value, ..)| props.chosen == *value);
    let means = props.means.clone().or_else(|| {
        let means = chosen.map_or("", |(_, _, means)| means);
        (!means.is_empty()).then_some(AttrValue::Static(means))
    });
    // More than four stand in two rows.
    let columns = match props.options.len() {
        5 | 6 => Some("three"),
        7.. => Some("four"),
        _ => None,
    };
    html! {
        <fieldset id={props.id.clone()} aria-describedby={means.is_some().then(|| means_id.clone())}>
            <legend>
                { props.legend.clone() }
                if let Some(tag) = &props.tag { <span class="tag">{ tag.clone() }</span> }
                if props.story { <span class="tag try">{ "try this" }</span> }
            </legend>
            <div class={classes!("segments", columns)}>{ for props.options.iter().map(option) }</div>
            if let Some(means) = &means { <p class="means" id={means_id}><Prose text={means.clone()}/></p> }
            { props.children.clone() }
        </fieldset>
    }
}
