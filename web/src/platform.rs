//! What the browser knows: the clock on the wall, wishes about motion and themes, a place to keep them.

use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, ScrollIntoViewOptions, ScrollLogicalPosition, Window};

const THEME_KEY: &str = "replicascope.theme";

/// Milliseconds since the page was opened, or 0 where there is no such clock.
pub fn now_ms() -> f64 {
    js_sys::global()
        .dyn_into::<Window>()
        .ok()
        .and_then(|window| window.performance())
        .map_or_else(js_sys::Date::now, |clock| clock.now())
}

/// Whether the visitor asks for less motion.
pub fn prefers_still() -> bool {
    matches_media("(prefers-reduced-motion: reduce)")
}

/// Whether the page is dark now.
pub fn is_dark() -> bool {
    match theme() {
        Some(theme) => theme == "dark",
        None => matches_media("(prefers-color-scheme: dark)"),
    }
}

/// Makes the page dark or light, and keeps that where the browser lets it.
pub fn set_dark(dark: bool) {
    let theme = if dark { "dark" } else { "light" };
    mark_theme(theme);
    // A sandboxed frame has no storage, and asking for it throws.
    if let Some(Ok(Some(storage))) = web_sys::window().map(|window| window.local_storage()) {
        let _ = storage.set_item(THEME_KEY, theme);
    }
}

/// Puts the theme back that was kept by an earlier visit.
pub fn restore_theme() {
    let kept = web_sys::window()
        .and_then(|window| window.local_storage().ok().flatten())
        .and_then(|storage| storage.get_item(THEME_KEY).ok().flatten());
    if let Some(theme) = kept.filter(|theme| theme == "dark" || theme == "light") {
        mark_theme(&theme);
    }
}

/// Gives an element the focus, where it is there.
pub fn focus(element: Option<Element>) {
    // HTML and SVG elements both have it, by the same name.
    let _ = element.map(|element| element.unchecked_into::<HtmlElement>().focus());
}

/// Brings an element into sight, where it is not.
pub fn bring_into_sight(element: &Element) {
    let options = ScrollIntoViewOptions::new();
    options.set_block(ScrollLogicalPosition::Nearest);
    element.scroll_into_view_with_scroll_into_view_options(&options);
}

/// The element that has the focus.
pub fn focused() -> Option<Element> {
    web_sys::window()?.document()?.active_element()
}

fn theme() -> Option<String> {
    root()?.get_attribute("data-theme")
}

fn mark_theme(theme: &str) {
    if let Some(root) = root() {
        let _ = root.set_attribute("data-theme", theme);
    }
}

fn root() -> Option<Element> {
    web_sys::window()?.document()?.document_element()
}

/// Whether a media query holds now.
pub fn matches_media(query: &str) -> bool {
    web_sys::window()
        .and_then(|window| window.match_media(query).ok().flatten())
        .is_some_and(|list| list.matches())
}
