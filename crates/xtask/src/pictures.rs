//! `cargo xtask pictures`: what each shipped scenario looks like at its most telling moment.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::project::Project;
use crate::{dist, install, tools};

/// Builds the site and takes a picture of each scenario, or of those named, on a desk and on a phone, by day
/// and by night, by `web/e2e/pictures.mjs`.
///
/// # Errors
/// Where something is missing, the site can't be built or a picture can't be taken.
pub fn pictures(
    project: &Project,
    out: Option<&str>,
    scenarios: &[String],
) -> Result<ExitCode, String> {
    install::require(project, &[&tools::CHROMIUM])?;
    dist::build(project)?;
    let out = out.map_or_else(|| project.root().join("pictures"), PathBuf::from);
    let out = std::path::absolute(&out).map_err(|error| error.to_string())?;
    println!("taking pictures (a few seconds a scenario)");
    let mut command = project.command("node");
    command
        .arg("web/e2e/pictures.mjs")
        .arg(&out)
        .args(scenarios);
    if let Some(browser) = tools::browser(project) {
        command.env("CHROMIUM", browser);
    }
    let status = command.status().map_err(|error| error.to_string())?;
    if !status.success() {
        return Err("the pictures could not be taken".to_owned());
    }
    println!("they are in {}", out.display());
    Ok(ExitCode::SUCCESS)
}
