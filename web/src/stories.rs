//! Which story the address of the page names: the file's name after the `#`.
//!
//! Choosing a story changes the address, and a changed address opens its story: so there is one way, and
//! a link to a story is the page's address with its name.

use yew::Callback;

use crate::catalogue;
use crate::desk::Desk;
use crate::platform;

/// Goes to a story.
pub fn go_to(desk: &Desk, file: &str) {
    if platform::fragment() == format!("#{file}") {
        // It was left by hand, and the address stays the same.
        let desk = desk.clone();
        open_named(true, move || desk.clone());
    } else {
        platform::set_fragment(file);
    }
}

/// Opens the story that the address names, if it names one; `anew` even where it lies open already. `desk` is
/// the desk by the time that the story's text is there.
pub fn open_named(anew: bool, desk: impl Fn() -> Desk + 'static) {
    let fragment = platform::fragment();
    let chapters = catalogue::chapters();
    let mut stories = chapters.iter().flat_map(|chapter| &chapter.stories);
    let named = stories.find(|story| fragment.strip_prefix('#') == Some(&story.file));
    let Some(story) = named.cloned() else {
        let name = fragment.trim_start_matches('#');
        if !name.is_empty() && !platform::is_here(name) {
            desk().complain(format!("There is no story called “{name}”."));
        }
        return;
    };
    if story.file == catalogue::OPENING_FILE {
        return open(&desk(), catalogue::opening_text(), anew);
    }
    let heard = Callback::from(move |text: Option<String>| {
        // Of several that are on their way, the one that was asked for last is opened.
        if platform::fragment() != fragment {
            return;
        }
        match text {
            Some(text) => open(&desk(), &text, anew),
            None => desk().complain(
                "This story did not load. Check your connection, and choose it again.".to_owned(),
            ),
        }
    });
    platform::read_file(&story.address(), heard);
}

/// Back from another page, what was made of a story stays.
fn open(desk: &Desk, text: &str, anew: bool) {
    if anew || *desk.store().written != *text {
        desk.load(text);
    }
}
