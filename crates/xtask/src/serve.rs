//! `cargo xtask serve`: from a fresh machine to the page.

use std::net::{Ipv4Addr, TcpListener};
use std::process::{Command, ExitCode};

use crate::project::Project;
use crate::{install, site, tools};

/// The port where nothing else is said.
pub const PORT: u16 = 8080;

/// Installs what is missing, builds the page and serves it until it is stopped.
///
/// # Errors
/// Where something is missing and can't be installed, the port is taken, or the page can't be built.
pub fn serve(project: &Project, port: u16) -> Result<ExitCode, String> {
    let port = free(port)?;
    install::require(project, tools::FOR_THE_SITE)?;

    println!("building the page (a minute or two the first time, seconds later)");
    println!("then it is at http://127.0.0.1:{port}/ and follows your changes; Ctrl-C stops it");
    // Not `dist/`: a server at work must not change what somebody is testing or publishing.
    let mut trunk = site::trunk(project, "serve", &project.root().join("target/serve"));
    trunk.args(["--address", "127.0.0.1", "--port", &port.to_string()]);
    become_server(trunk)
}

// The port, or a free one where it is 0.
fn free(port: u16) -> Result<u16, String> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| {
            format!(
                "port {port} can't be used: {error}\ntry another: cargo xtask serve --port 8081"
            )
        })
}

// Gives this process to the server, so that whoever stops the one stops the other.
#[cfg(unix)]
fn become_server(mut trunk: Command) -> Result<ExitCode, String> {
    use std::os::unix::process::CommandExt;

    Err(format!("trunk could not be started: {}", trunk.exec()))
}

#[cfg(not(unix))]
fn become_server(mut trunk: Command) -> Result<ExitCode, String> {
    match trunk.status() {
        Ok(status) if status.success() => Ok(ExitCode::SUCCESS),
        Ok(_) => Err("the page could not be built or served".to_owned()),
        Err(error) => Err(format!("trunk could not be started: {error}")),
    }
}
