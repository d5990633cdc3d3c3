//! A figure: caption, stage and player. Can be mounted many times on a page; nothing in it is global.

use yew::prelude::*;

use crate::components::announce::Announce;
use crate::components::caption::Caption;
use crate::components::stage::Stage;
use crate::components::transport::Transport;
use crate::desk::Desk;

/// The figure.
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The desk.
    pub desk: Desk,
}

/// Caption, stage and player of one desk.
#[component]
pub fn Figure(props: &Props) -> Html {
    let desk = &props.desk;
    html! {
        <section class="figure" aria-label="The run">
            <Caption desk={desk.clone()}/>
            <Stage desk={desk.clone()}/>
            <Transport desk={desk.clone()}/>
            <Announce desk={desk.clone()}/>
        </section>
    }
}
