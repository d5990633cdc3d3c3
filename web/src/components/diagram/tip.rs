//! The words about what is pointed at, beside it.

use scene::geometry::Point;
use web_sys::HtmlElement;
use yew::prelude::*;

/// How far the words stay from what they are about, in pixels.
const AWAY: f64 = 12.0;
/// How far from the edges.
const MARGIN: f64 = 4.0;

/// What is said, and where.
#[derive(PartialEq, Properties)]
pub struct Props {
    /// What.
    pub words: AttrValue,
    /// About what, in pixels of the diagram.
    pub at: Point,
    /// How wide and high the diagram is.
    pub size: (f64, f64),
}

/// The words, for the eye: those who listen have them in the list.
#[component]
pub fn Tip(props: &Props) -> Html {
    let tip = use_node_ref();
    {
        let (tip, at, (width, height)) = (tip.clone(), props.at, props.size);
        use_effect_with((props.words.clone(), at, (width, height)), move |_| {
            if let Some(tip) = tip.cast::<HtmlElement>() {
                let (w, h) = (
                    f64::from(tip.offset_width()),
                    f64::from(tip.offset_height()),
                );
                let left = (at.x - w / 2.0).min(width - w - MARGIN).max(MARGIN);
                // On whichever side there is more room.
                let top = match at.y < height / 2.0 {
                    true => at.y + AWAY,
                    false => at.y - AWAY - h,
                };
                // The policy forbids style attributes, not styles that a script sets.
                let style = tip.style();
                let _ = style.set_property("left", &format!("{}px", left as i32));
                let _ = style.set_property("top", &format!("{}px", top as i32));
            }
        });
    }
    html! { <p class="tip" ref={tip} aria-hidden="true">{ props.words.clone() }</p> }
}
