//! The page.
//!
//! The same binary serves a worker and the tests: see [`exports`].

mod catalogue;
mod components;
mod deeds;
mod desk;
mod exports;
mod pages;
mod paint;
mod platform;
mod player;
mod search;
mod speed;
mod store;
mod stories;
mod trouble;
mod turns;
mod watching;

use pages::watch::Watch;

fn main() {
    // In a worker there is no window, and nothing to mount.
    let Some(document) = web_sys::window().and_then(|window| window.document()) else {
        return;
    };
    trouble::say_it_in_place();
    platform::restore_theme();
    let root = document
        .get_element_by_id("app")
        .expect("index.html has the element #app");
    yew::Renderer::<Watch>::with_root(root).render();
}
