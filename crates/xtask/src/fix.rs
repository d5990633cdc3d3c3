//! `cargo xtask fix`: puts right what a program can. It writes; `test` only reads.

use std::process::ExitCode;

use crate::project::Project;
use crate::tools::{CLIPPY, RUSTFMT, WASM};
use crate::{install, shell};

/// What is run, in this order: what is written here and by clippy is formatted afterwards.
const REPAIRS: &[(&str, &str)] = &[
    (
        "lints of the crates",
        "clippy --fix --allow-dirty --allow-staged --allow-no-vcs --workspace --exclude web --all-targets",
    ),
    (
        "lints of the page",
        "clippy --fix --allow-dirty --allow-staged --allow-no-vcs --package web --target wasm32-unknown-unknown",
    ),
    (
        "recorded outputs (read the difference before you keep it)",
        "test --workspace --exclude web --tests --no-fail-fast -- --quiet",
    ),
    ("formatting", "fmt --all"),
];

/// Applies every repair, also where an earlier one failed.
///
/// # Errors
/// Where a tool is missing and can't be installed.
pub fn fix(project: &Project) -> Result<ExitCode, String> {
    install::require(project, &[&RUSTFMT, &CLIPPY, &WASM])?;
    let mut code = ExitCode::SUCCESS;
    for (what, arguments) in REPAIRS {
        println!("{what}");
        let mut command = project.command("cargo");
        // Tests that compare with a recorded output write it where this is set.
        command.args(arguments.split(' ')).env("UPDATE", "1");
        let finished = shell::run(command, |_| {});
        if !finished.ok {
            println!("{}", finished.output);
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}
