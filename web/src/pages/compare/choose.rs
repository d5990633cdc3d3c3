//! What to compare with: a list, of which one click shows both.

use std::rc::Rc;

use yew::prelude::*;

use super::offers::Offer;
use crate::desk::Desk;

#[derive(PartialEq, Properties)]
pub struct Props {
    /// The desk with the run that is compared.
    pub desk: Desk,
    /// What it can be compared with.
    pub offers: Rc<Vec<Offer>>,
}

/// A button for each.
#[component]
pub fn Choose(props: &Props) -> Html {
    let desk = &props.desk;
    let store = desk.store();
    let (title, name) = (&store.scenario.title, &store.branches.current().name);
    let name = match store.branches.count() {
        1 => String::new(),
        _ => format!(" ({name})"),
    };
    let button = |group: usize, place: usize| {
        let (desk, offers) = (desk.clone(), props.offers.clone());
        let onclick = Callback::from(move |_: MouseEvent| {
            offers[group].rivals[place].take(&desk);
        });
        let name = props.offers[group].rivals[place].name();
        html! { <li key={place}><button type="button" {onclick}>{ name }</button></li> }
    };
    html! {
        <div class="choose">
            <p class="intro">{ format!("What is to stand beside “{title}”{name}? Each is the same run with one change: the same seed, so the same delays and losses, and the same faults.") }</p>
            <div class="offers">
                for (number, offer) in props.offers.iter().enumerate() {
                    <section key={number} aria-labelledby={format!("offer-{number}")}>
                        <h3 id={format!("offer-{number}")}>{ &offer.name }</h3>
                        <ul>{ for (0..offer.rivals.len()).map(|place| button(number, place)) }</ul>
                    </section>
                }
            </div>
        </div>
    }
}
