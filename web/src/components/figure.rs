//! A figure: caption, stage, player and space-time diagram. Can be mounted many times on a page; nothing in it is global.

use yew::prelude::*;

use crate::components::announce::Announce;
use crate::components::caption::caption;
use crate::components::diagram::Diagram;
use crate::components::in_turn::in_turn;
use crate::components::stage::Stage;
use crate::components::transport::transport;
use crate::desk::{Desk, Part};

/// The figure.
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The desk.
    pub desk: Desk,
}

/// Everything that one watches of one desk.
#[component]
pub fn Figure(props: &Props) -> Html {
    let desk = &props.desk;
    html! {
        <section class="figure" aria-label="The run">
            { in_turn(desk, Part::Said, caption) }
            <Stage desk={desk.clone()}/>
            { in_turn(desk, Part::Player, transport) }
            <Diagram desk={desk.clone()}/>
            <Announce desk={desk.clone()}/>
        </section>
    }
}
