//! Broken promises, each over its evidence.

use replication::ordered::sort_by_key;
use replication::run::Run;
use replication::trace::Seq;

use super::Bracket;
use super::plan::{BRACKET_ROW, Plan};
use crate::geometry::Rect;
use crate::stage::Face;
use crate::text;

/// The font size of a bracket's label.
const TEXT_SIZE: f64 = 10.5;
/// How high the label's chip is.
const CHIP: f64 = 15.0;

/// The violations that came to be within the window, each over its evidence.
pub(super) fn brackets(run: &dyn Run, plan: &Plan<'_>) -> Vec<Bracket> {
    let records = run.records();
    let time = |seq: Seq| records.get(seq.index()).map(|record| record.at.0);
    let window = plan.axis.window();
    // What each row has taken, from where to where.
    let mut rows: Vec<Vec<(f64, f64)>> = vec![Vec::new(); plan.rows];
    let mut brackets = Vec::new();
    let violations = run.violations();
    let begin = violations
        .partition_point(|violation| time(violation.at).is_some_and(|at| at < window.from_us));
    let known = violations.iter().enumerate().skip(begin);
    let timed = known.map_while(|(number, violation)| Some((number, time(violation.at)?)));
    let mut inside: Vec<(usize, u64)> = timed
        .take_while(|(_, at_us)| window.holds(*at_us))
        .collect();
    // The newest at the cursor has the first choice of a row, and of those of one moment the most telling: the page tells
    // of it.
    let now_us = run.now().0;
    sort_by_key(&mut inside, |(number, at_us)| {
        let order = match now_us.checked_sub(*at_us) {
            Some(ago_us) => ago_us,
            // What is still to come, after all of them.
            None => u64::MAX / 2 + *at_us,
        };
        (order, violations[*number].promise as u64)
    });
    for (number, at_us) in inside {
        let violation = &violations[number];
        let first = violation.evidence.iter().filter_map(|seq| time(*seq)).min();
        let from_x = plan.x(first.unwrap_or(at_us).max(window.from_us));
        let to_x = plan.x(at_us);
        // The chip ends where the bracket does, or begins with it where there is no room on the left.
        let text = format!("{} ✗", violation.promise.title());
        let chip_w = text::width(&text, Face::Title, TEXT_SIZE) + 14.0;
        let chip_x = (to_x + 7.0 - chip_w).max(plan.plot.x);
        let chip_x = chip_x.min(plan.plot.right() - chip_w);
        let begins = chip_x.min(from_x);
        let ends = (chip_x + chip_w).max(to_x) + 6.0;
        let is_free = |taken: &Vec<(f64, f64)>| {
            taken
                .iter()
                .all(|(from, to)| ends <= *from || *to <= begins)
        };
        let Some(row) = rows.iter().position(is_free) else {
            continue;
        };
        rows[row].push((begins, ends));
        // The first row is the lowest.
        let bottom = plan.strip.map_or(plan.plot.y, |strip| strip.y) - BRACKET_ROW * row as f64;
        brackets.push(Bracket {
            number,
            seq: violation.at,
            at_us,
            promise: violation.promise,
            from_x,
            to_x,
            y: bottom - 2.0,
            chip: Rect {
                x: chip_x,
                y: bottom - 3.0 - CHIP,
                w: chip_w,
                h: CHIP,
            },
            text,
        });
    }
    sort_by_key(&mut brackets, |bracket| (0, bracket.number as u64));
    brackets
}
