//! What the browser knows: the clock on the wall, wishes about motion and themes, a place to keep them.

use js_sys::Reflect;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{
    Element, File, FileReader, HtmlElement, MediaQueryList, Performance, ScrollIntoViewOptions,
    ScrollLogicalPosition, XmlHttpRequest,
};
use yew::Callback;

const THEME_KEY: &str = "replicascope.theme";

/// Milliseconds since the page was opened, or 0 where there is no such clock.
pub fn now_ms() -> f64 {
    with_clock(|clock| clock.map_or_else(js_sys::Date::now, Performance::now))
}

/// A moment of [`now_ms`], in milliseconds since 1970: workers have the same clock from another start.
pub fn since_1970_ms(now_ms: f64) -> f64 {
    now_ms + with_clock(|clock| clock.map_or(0.0, Performance::time_origin))
}

/// The page's clock. It is asked for each frame, so it is kept.
fn with_clock<T>(ask: impl FnOnce(Option<&Performance>) -> T) -> T {
    thread_local! {
        static CLOCK: Option<Performance> =
            web_sys::window().and_then(|window| window.performance());
    }
    CLOCK.with(|clock| ask(clock.as_ref()))
}

/// Whether the visitor asks for less motion. It is asked for each frame, so the browser's own answer is kept.
pub fn prefers_still() -> bool {
    thread_local! {
        static ASKED: Option<MediaQueryList> = web_sys::window().and_then(|window| {
            let asked = window.match_media("(prefers-reduced-motion: reduce)");
            asked.ok().flatten()
        });
    }
    ASKED.with(|asked| asked.as_ref().is_some_and(MediaQueryList::matches))
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

/// Gives the first element that a selector names the focus, where there is one.
pub fn focus_on(selector: &str) {
    let document = web_sys::window().and_then(|window| window.document());
    focus(document.and_then(|document| document.query_selector(selector).ok().flatten()));
}

/// Gives the focus to what a selector finds first in the figure that an element is part of.
pub fn focus_in_figure(part: Option<Element>, selector: &str) {
    let figure = part.and_then(|part| part.closest("[data-figure]").ok().flatten());
    focus(figure.and_then(|figure| figure.query_selector(selector).ok().flatten()));
}

/// Brings an element into sight, where it is not.
pub fn bring_into_sight(element: &Element) {
    let options = ScrollIntoViewOptions::new();
    options.set_block(ScrollLogicalPosition::Nearest);
    element.scroll_into_view_with_scroll_into_view_options(&options);
}

/// How far the page is scrolled down, in pixels.
pub fn scrolled() -> f64 {
    let window = web_sys::window();
    window
        .and_then(|window| window.scroll_y().ok())
        .unwrap_or_default()
}

/// Scrolls the page so far down, in pixels.
pub fn scroll_to(down: f64) {
    if let Some(window) = web_sys::window() {
        window.scroll_to_with_x_and_y(0.0, down);
    }
}

/// The element that has the focus.
pub fn focused() -> Option<Element> {
    web_sys::window()?.document()?.active_element()
}

/// What stands after the address of the page, with its `#`.
pub fn fragment() -> String {
    let location = web_sys::window().map(|window| window.location());
    location
        .and_then(|location| location.hash().ok())
        .unwrap_or_default()
}

/// Changes what stands after the address of the page; without the `#`.
pub fn set_fragment(fragment: &str) {
    if let Some(window) = web_sys::window() {
        let _ = window.location().set_hash(fragment);
    }
}

/// Whether the page has an element of this name.
pub fn is_here(id: &str) -> bool {
    let document = web_sys::window().and_then(|window| window.document());
    document.is_some_and(|document| document.get_element_by_id(id).is_some())
}

/// Goes to an element as a browser goes to the page that it stands for: to its top, with the focus in it.
pub fn go_to(id: &str) {
    let document = web_sys::window().and_then(|window| window.document());
    let element = document.and_then(|document| document.get_element_by_id(id));
    if let Some(element) = &element {
        element.scroll_into_view();
    }
    focus(element);
}

/// Reads a file that stands beside the page; `None` where it does not come.
pub fn read_file(path: &str, done: Callback<Option<String>>) {
    let Ok(request) = XmlHttpRequest::new() else {
        return done.emit(None);
    };
    let (asked, answer) = (request.clone(), done.clone());
    // Called once, whatever happens: it comes after a load and after an error.
    let over = Closure::once_into_js(move || {
        let came = asked.status().is_ok_and(|status| status == 200);
        answer.emit(asked.response_text().ok().flatten().filter(|_| came));
    });
    request.set_onloadend(Some(over.unchecked_ref()));
    if request
        .open("GET", path)
        .and_then(|()| request.send())
        .is_err()
    {
        done.emit(None);
    }
}

/// Reads a file that the visitor chose; where that fails it is as if it were empty.
pub fn read_bytes(file: &File, done: impl FnOnce(Vec<u8>) + 'static) {
    let Ok(reader) = FileReader::new() else {
        return;
    };
    let read = reader.clone();
    let onload = Closure::once_into_js(move || {
        let bytes = read
            .result()
            .map(|buffer| js_sys::Uint8Array::new(&buffer).to_vec());
        done(bytes.unwrap_or_default());
    });
    reader.set_onload(Some(onload.unchecked_ref()));
    let _ = reader.read_as_array_buffer(file);
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

/// How wide and how high the window is inside, in pixels.
pub fn window_size() -> (f64, f64) {
    let root = root();
    let size = root.map(|root| (root.client_width(), root.client_height()));
    size.map_or((0.0, 0.0), |(width, height)| (width.into(), height.into()))
}

/// How many pixels of the screen are as long as one of the page's.
pub fn pixels_per_length() -> f64 {
    web_sys::window().map_or(1.0, |window| window.device_pixel_ratio())
}

/// How much larger than the page a style sheet shows an element.
pub fn zoom(element: &Element) -> f64 {
    let zoom = Reflect::get(element, &"currentCSSZoom".into());
    zoom.ok().and_then(|zoom| zoom.as_f64()).unwrap_or(1.0)
}

/// Whether a media query holds now.
pub fn matches_media(query: &str) -> bool {
    web_sys::window()
        .and_then(|window| window.match_media(query).ok().flatten())
        .is_some_and(|list| list.matches())
}
