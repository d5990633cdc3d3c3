//! What each client sees, in the terms of its story.

mod common;

use common::{Watched, shipped};
use expect_test::expect;
use scene::screens::Thing;
use scene::what_they_see;

#[test]
fn screens_are_things_of_their_stories() {
    let mut said = String::new();
    for (name, ms) in [
        ("double-transfer", 900),
        ("double-transfer", 1_252),
        ("two-carts", 4_300),
        ("failed-but-there", 6_000),
        ("answer-before-question", 900),
    ] {
        let all = shipped();
        let (_, scenario) = all.into_iter().find(|(of, _)| of == name).expect("shipped");
        let watched = Watched::of(scenario).at_ms(ms);
        for screen in what_they_see(watched.run(), &watched.index) {
            let rows = screen.rows.iter().map(|row| {
                let things: Vec<String> = row.things.iter().map(thing).collect();
                let truth: Vec<String> = row.truth_things.iter().map(thing).collect();
                let old = if row.stale { "old " } else { "" };
                let (things, truth) = (things.join(" | "), truth.join(" | "));
                format!(
                    "{}: {old}[{things}] {}, in truth [{truth}]",
                    row.key,
                    row.note()
                )
            });
            let asks = screen
                .asks
                .iter()
                .map(|ask| format!("{} {}", ask.what, ask.fate));
            said += &format!(
                "{name} {ms} {}: {}\n",
                screen.name,
                rows.chain(asks).collect::<Vec<_>>().join("; "),
            );
        }
    }
    expect![[r#"
        double-transfer 900 Alice: balance: [] has not looked yet, in truth [$100]; $100 #1 told “done”
        double-transfer 1252 Alice: balance: old [$100] #1, in truth [$40]; −$60 #2 told “done”
        two-carts 4300 Ann: cart: [cart of milk | cart of milk, eggs, bread] both stand: #3 and #4, in truth [cart of milk | cart of milk, eggs, bread]; milk #3 told “done”
        two-carts 4300 Ben: cart: old [cart of milk, eggs] #2, in truth [cart of milk | cart of milk, eggs, bread]; milk, eggs and bread #4 told “done”
        failed-but-there 6000 Shop: order: [open] #1, in truth [open]; “open” #1 told “done”
        failed-but-there 6000 Alice: order: [] has not looked yet, in truth [open]; “paid” #2 no answer: it may be there
        answer-before-question 900 Alice: question: [] has not looked yet, in truth [Alice: When do we leave?]; “When do we leave?” #1 told “done”
        answer-before-question 900 Bob: question: [Alice: When do we leave?] #1, in truth [Alice: When do we leave?]; answer: [] has not looked yet, in truth [Bob: At five.]; “At five.” #2 told “done”
        answer-before-question 900 Carol: question: old [nothing] , in truth [Alice: When do we leave?]; answer: [Bob: At five.] #2, in truth [Bob: At five.]
    "#]].assert_eq(&said);
}

fn thing(thing: &Thing) -> String {
    match thing {
        Thing::Nothing => "nothing".to_owned(),
        Thing::Text(text) | Thing::Money(text) => text.clone(),
        Thing::Message { from, text } => format!("{from}: {text}"),
        Thing::Cart(items) => format!("cart of {}", items.join(", ")),
        _ => panic!("not in these stories"),
    }
}
