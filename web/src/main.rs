//! The page.

use yew::prelude::*;

#[function_component]
fn App() -> Html {
    html! { <main><h1>{ "Replicascope" }</h1></main> }
}

fn main() {
    // In a worker there is no window, and nothing to mount.
    let Some(document) = web_sys::window().and_then(|window| window.document()) else {
        return;
    };
    let root = document
        .get_element_by_id("app")
        .expect("index.html has the element #app");
    yew::Renderer::<App>::with_root(root).render();
}
