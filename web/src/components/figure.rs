//! A figure: caption, stage, player and space-time diagram. Can be mounted many times on a page; nothing in it is global.

use yew::prelude::*;

use crate::components::announce::Announce;
use crate::components::caption::caption;
use crate::components::diagram::Diagram;
use crate::components::stage::Stage;
use crate::components::transport::transport;
use crate::desk::Desk;

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
            { caption(desk) }
            <Stage desk={desk.clone()}/>
            { transport(desk) }
            <Diagram desk={desk.clone()}/>
            <Announce desk={desk.clone()}/>
        </section>
    }
}
