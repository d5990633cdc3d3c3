//! The glossary: every term of the field, in the order of the alphabet.

use scene::glossary::{TERMS, Term};
use yew::prelude::*;

use crate::components::words::Prose;
use crate::pages::Back;

/// The page.
#[component]
pub fn Glossary(props: &Back) -> Html {
    html! {
        <main class="limits glossary" id="glossary" tabindex="-1">
            <nav aria-label="Back"><a class="back" href={props.back.clone()}>{ "← Back to the run" }</a></nav>
            <h2>{ "What the words mean" }</h2>
            <p class="intro">{ "As this page uses them. Where systems use other words for the same thing, or the same word for another, that is said." }</p>
            <dl class="terms">{ for TERMS.iter().map(row) }</dl>
        </main>
    }
}

fn row(term: &Term) -> Html {
    let also: Vec<&str> = term
        .also
        .iter()
        .copied()
        .filter(|also| is_another_word(term.name, also))
        .collect();
    html! {
        <div key={term.id}>
            <dt>{ term.name }</dt>
            <dd>
                <Prose text={term.means} after={term.name}/>
                if !also.is_empty() { <span class="also">{ format!(" Also: {}.", also.join(", ")) }</span> }
            </dd>
        </div>
    }
}

/// Whether it is more than another form of a name: plurals, and forms of verbs, say nothing new.
fn is_another_word(name: &str, also: &str) -> bool {
    let stem = |word: &str| -> String {
        let letters = word.chars().filter(|letter| letter.is_alphanumeric());
        letters.flat_map(char::to_lowercase).take(5).collect()
    };
    stem(name) != stem(also) && !also.contains('“')
}
