//! The colours of the page: that they can be read, told apart, and mean one thing each.
//!
//! They are in `web/styles/tokens.css`; a drawing that is taken away has the same ones.

use std::collections::BTreeMap;
use std::path::Path;

const PAGE: &str = "web/styles/tokens.css";
const DRAWING: &str = "crates/scene/src/svg.css";
const THEMES: [&str; 2] = ["by day", "by night"];
const WRITES: [&str; 8] = [
    "write-0", "write-1", "write-2", "write-3", "write-4", "write-5", "write-6", "write-7",
];

/// Red, green and blue, each from 0 to 255.
type Colour = [u8; 3];

/// The colours of a style sheet by name, by day and by night.
fn tokens(path: &str) -> BTreeMap<String, [Colour; 2]> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path);
    let text = std::fs::read_to_string(path).expect("a style sheet");
    let declared = text.split("--").skip(1).filter_map(|rest| {
        let (name, value) = rest.split_once(": light-dark(#")?;
        let (day, rest) = value.split_once(", #")?;
        let (night, _) = rest.split_once(')')?;
        Some((name.to_owned(), [colour(day)?, colour(night)?]))
    });
    declared.collect()
}

fn colour(hex: &str) -> Option<Colour> {
    let part = |i: usize| u8::from_str_radix(hex.get(2 * i..2 * i + 2)?, 16).ok();
    (hex.len() == 6).then_some([part(0)?, part(1)?, part(2)?])
}

fn linear(part: u8) -> f64 {
    let part = f64::from(part) / 255.0;
    match part <= 0.040_45 {
        true => part / 12.92,
        false => ((part + 0.055) / 1.055).powf(2.4),
    }
}

/// The contrast of two colours, from 1 to 21, by WCAG 2.
fn contrast(one: Colour, other: Colour) -> f64 {
    let luminance = |colour: Colour| {
        let [r, g, b] = colour.map(linear);
        0.2126 * r + 0.7152 * g + 0.0722 * b
    };
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// Lightness and two axes, in which equal distances look equal: Oklab, by Björn Ottosson.
fn oklab(colour: Colour) -> [f64; 3] {
    let [r, g, b] = colour.map(linear);
    let l = (0.412_221_5 * r + 0.536_332_5 * g + 0.051_446 * b).cbrt();
    let m = (0.211_903_5 * r + 0.680_699_5 * g + 0.107_397 * b).cbrt();
    let s = (0.088_302_5 * r + 0.281_718_8 * g + 0.629_978_7 * b).cbrt();
    [
        0.210_454_3 * l + 0.793_617_8 * m - 0.004_072 * s,
        1.977_998_5 * l - 2.428_592_2 * m + 0.450_593_7 * s,
        0.025_904 * l + 0.782_771_8 * m - 0.808_675_8 * s,
    ]
}

fn apart(one: Colour, other: Colour) -> f64 {
    let (one, other) = (oklab(one), oklab(other));
    let squares = one.iter().zip(other).map(|(a, b)| (a - b) * (a - b));
    squares.sum::<f64>().sqrt()
}

/// How far two hues are apart, in degrees.
fn hues_apart(one: Colour, other: Colour) -> f64 {
    let hue = |colour: Colour| {
        let [_, a, b] = oklab(colour);
        b.atan2(a).to_degrees()
    };
    let by = (hue(one) - hue(other)).rem_euclid(360.0);
    by.min(360.0 - by)
}

/// Calls `check` with the colours of each theme.
fn in_each_theme(check: impl Fn(&str, &dyn Fn(&str) -> Colour)) {
    let tokens = tokens(PAGE);
    for (i, theme) in THEMES.iter().enumerate() {
        check(theme, &|name| {
            let both = tokens.get(name);
            both.unwrap_or_else(|| panic!("no colour is called {name}"))[i]
        });
    }
}

#[test]
fn text_can_be_read_wherever_it_is_written() {
    let surfaces = ["bg", "panel", "sunken", "bad-soft"];
    let texts = [
        "ink", "ink-2", "ink-3", "follower", "client", "ok", "warn", "bad",
    ];
    let grounded = [
        ("leader", "leader-soft"),
        ("ink", "leader-soft"),
        ("ink-3", "leader-soft"),
        ("warn", "leader-soft"),
        ("ok", "ok-soft"),
        ("client", "client-soft"),
    ];
    in_each_theme(|theme, colour| {
        let everywhere = texts
            .iter()
            .flat_map(|text| surfaces.iter().map(|surface| (*text, *surface)));
        let on_writes = WRITES.iter().map(|write| ("write-ink", *write));
        for (text, ground) in everywhere.chain(grounded).chain(on_writes) {
            let found = contrast(colour(text), colour(ground));
            assert!(found >= 4.5, "{text} on {ground} {theme}: {found:.2}");
        }
    });
}

#[test]
fn what_means_something_stands_out_from_its_ground() {
    let drawn = [
        "leader",
        "follower",
        "client",
        "ok",
        "warn",
        "bad",
        "wire",
        "rule-strong",
    ];
    in_each_theme(|theme, colour| {
        for shape in drawn.iter().chain(&WRITES) {
            for ground in ["bg", "panel", "bad-soft"] {
                let found = contrast(colour(shape), colour(ground));
                assert!(found >= 3.0, "{shape} on {ground} {theme}: {found:.2}");
            }
        }
    });
}

#[test]
fn no_write_looks_like_a_violation_a_leader_or_a_follower() {
    in_each_theme(|theme, colour| {
        for write in WRITES {
            for (meaning, hue_least, least) in [
                ("bad", 24.0, 0.09),
                ("leader", 24.0, 0.09),
                ("follower", 24.0, 0.085),
                ("client", 0.0, 0.05),
                ("ok", 0.0, 0.05),
            ] {
                let (one, other) = (colour(write), colour(meaning));
                let (hues, all) = (hues_apart(one, other), apart(one, other));
                assert!(
                    hues >= hue_least,
                    "{write}, {meaning} {theme}: {hues:.0} degrees"
                );
                assert!(all >= least, "{write}, {meaning} {theme}: {all:.3}");
            }
        }
    });
}

#[test]
fn writes_can_be_told_apart_the_neighbours_at_once() {
    in_each_theme(|theme, colour| {
        for (i, write) in WRITES.iter().enumerate() {
            for other in &WRITES[..i] {
                let found = apart(colour(write), colour(other));
                assert!(found >= 0.1, "{write} and {other} {theme}: {found:.3}");
            }
            let next = WRITES[(i + 1) % WRITES.len()];
            let found = apart(colour(write), colour(next));
            assert!(found >= 0.15, "{write} and {next} {theme}: {found:.3}");
        }
    });
}

#[test]
fn a_drawing_has_the_colours_of_the_page() {
    let page = tokens(PAGE);
    let drawing = tokens(DRAWING);
    assert!(drawing.len() > 20, "only {} found", drawing.len());
    for (name, colours) in drawing {
        assert_eq!(page.get(&name), Some(&colours), "{name}");
    }
}
