//! What came of it: the broken promise, what people see, how the promises stand, what was measured.

use yew::prelude::*;

use crate::components::backups::backups;
use crate::components::discarded::discarded;
use crate::components::fold::Fold;
use crate::components::measured::Measured;
use crate::components::promises::Promises;
use crate::components::screens::screens;
use crate::components::violation::violation_card;
use crate::desk::{Desk, Part, use_turns};

/// What they are the results of.
#[derive(Properties)]
pub struct Props {
    /// The desk.
    pub desk: Desk,
}

impl PartialEq for Props {
    fn eq(&self, other: &Self) -> bool {
        self.desk.is_drawn_same(&other.desk, Part::Read)
    }
}

/// The column beside the stage.
#[component]
pub fn Results(props: &Props) -> Html {
    let desk = &use_turns(&props.desk, Part::Read);
    html! {
        // It scrolls where the screen is low, and may have nothing else in it to bring the focus there.
        <div class="results" data-at-us={desk.player().now().0.to_string()} role="region" aria-label="What came of it" tabindex="0">
            { violation_card(desk) }
            { screens(desk) }
            <Promises desk={props.desk.clone()}/>
            { discarded(desk) }
            { backups(desk) }
            <Fold id="measured" name="Measured so far"><Measured desk={props.desk.clone()}/></Fold>
        </div>
    }
}
