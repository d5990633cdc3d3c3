//! `cargo xtask swarm`: many seeds, each a scenario of its own, against what theory says.

use std::process::{Command, ExitCode};

use crate::project::Project;

/// What the test command runs.
pub const TESTED: &str = "0..2000";

/// Runs the swarm over these seeds, or prints the scenario of one.
///
/// # Errors
/// Where it can't be started.
pub fn swarm(project: &Project, seeds: &str, document: Option<&str>) -> Result<ExitCode, String> {
    let mut command = command(project);
    match document {
        Some(seed) => command.args(["--document", seed]),
        None => command.arg(seeds),
    };
    let status = command.status().map_err(|error| error.to_string())?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The swarm, without what it is to do.
pub fn command(project: &Project) -> Command {
    let mut command = project.command("cargo");
    command.args([
        "run",
        "--quiet",
        "--profile",
        "native",
        "--package",
        "replication",
    ]);
    command.args(["--example", "swarm", "--"]);
    command
}
