//! `cargo xtask dist`: the site as a static host gets it.

use std::process::ExitCode;

use crate::project::Project;
use crate::{install, shell, site, tools};

/// Builds the site into `dist/`, and says what is in it.
///
/// # Errors
/// Where it can't be built.
pub fn dist(project: &Project) -> Result<ExitCode, String> {
    build(project)?;
    print!("{}", site::table(&site::loaded(&project.dist())?));
    println!("dist/ is the site: put it into any folder of any static host.");
    Ok(ExitCode::SUCCESS)
}

/// Builds the site into `dist/`.
///
/// # Errors
/// Where it can't be built.
pub fn build(project: &Project) -> Result<(), String> {
    install::require(project, tools::FOR_THE_SITE)?;
    println!("building the site (a minute the first time, seconds later)");
    let finished = shell::run(site::trunk(project, "build", &project.dist()), |_| {});
    if finished.ok {
        Ok(())
    } else {
        Err(format!("the site could not be built\n{}", finished.output))
    }
}
