//! `cargo xtask bench`: what is measured, in one table.
//!
//! One file measures one group of rows. Add a file, and its function to `GROUPS`.

mod core;
mod page;
mod size;

use std::process::ExitCode;

use crate::project::Project;
use crate::{dist, install, tools};

/// One figure.
pub struct Row {
    /// What was measured.
    pub what: String,
    /// The figure, or why there is none.
    pub value: String,
    /// Its unit.
    pub unit: &'static str,
}

impl Row {
    /// A figure.
    pub fn new(what: &str, value: impl ToString, unit: &'static str) -> Self {
        Self {
            what: what.to_owned(),
            value: value.to_string(),
            unit,
        }
    }

    /// A figure that there is not yet, and why.
    pub fn none(what: &str, why: &str) -> Self {
        Self::new(what, format!("({why})"), "")
    }
}

type Measure = fn(&Project) -> Result<Vec<Row>, String>;

/// The groups, in the table's order.
const GROUPS: &[(&str, Measure)] = &[
    ("the core", core::rows),
    ("the site", size::rows),
    ("the page", page::rows),
];

/// Builds the site, measures everything and prints the table.
///
/// # Errors
/// Where the site can't be built or something is missing.
pub fn bench(project: &Project) -> Result<ExitCode, String> {
    install::require(project, &[&tools::CHROMIUM])?;
    dist::build(project)?;
    let mut code = ExitCode::SUCCESS;
    for (group, measure) in GROUPS {
        println!("\n{group}");
        match measure(project) {
            Ok(rows) => rows.iter().for_each(|row| {
                println!("  {:<40} {:>16} {}", row.what, row.value, row.unit);
            }),
            Err(why) => {
                println!("  {why}");
                code = ExitCode::FAILURE;
            }
        }
    }
    Ok(code)
}
