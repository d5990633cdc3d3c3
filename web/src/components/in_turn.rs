//! A part of the page that is drawn in its turn.

use yew::prelude::*;

use crate::desk::{Desk, Part, use_turns};

#[derive(Properties)]
struct Props {
    desk: Desk,
    part: Part,
    draw: fn(&Desk) -> Html,
}

/// It always draws the same thing: of another desk, or of this one at another moment.
impl PartialEq for Props {
    fn eq(&self, other: &Self) -> bool {
        self.desk.is_drawn_same(&other.desk, self.part)
    }
}

#[component]
fn InTurn(props: &Props) -> Html {
    (props.draw)(&use_turns(&props.desk, props.part))
}

/// What `draw` gives of a desk, and gives again at each turn of a part.
pub fn in_turn(desk: &Desk, part: Part, draw: fn(&Desk) -> Html) -> Html {
    html! { <InTurn desk={desk.clone()} {part} {draw}/> }
}
