//! Installing what is missing, side by side, without a word to answer.

use std::fs;
use std::process::Command;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use crate::project::Project;
use crate::shell::{self, line, said};
use crate::tools::{self, Kind, Presence, Tool};

/// How often an installation says that it is still at it.
const SIGN_OF_LIFE_EVERY: Duration = Duration::from_secs(30);

/// Something that is still missing, and why.
pub struct Missing {
    /// Its name.
    pub tool: &'static str,
    /// What went wrong, and what to do.
    pub why: String,
}

/// Installs what is missing of `tools`, and says what it does; what is there already is not
/// mentioned.
pub fn ensure(project: &Project, tools: &[&Tool]) -> Vec<Missing> {
    let absent: Vec<(&Tool, Presence)> = tools
        .iter()
        .map(|tool| (*tool, tool.presence(project)))
        .filter(|(_, presence)| *presence != Presence::Ready)
        .collect();
    let mut missing = Vec::new();
    let mut jobs = Vec::new();
    for (tool, presence) in &absent {
        match plan(project, tool, presence) {
            Ok(command) => {
                println!(
                    "installing {} ({}): {}",
                    tool.name,
                    tool.takes,
                    line(&command)
                );
                jobs.push((*tool, command));
            }
            Err(why) => missing.push(Missing {
                tool: tool.name,
                why,
            }),
        }
    }

    // rustup does one thing at a time; the others keep all cores busy.
    let (alone, together): (Vec<_>, Vec<_>) = jobs
        .into_iter()
        .partition(|(tool, _)| matches!(tool.kind, Kind::Target | Kind::Component { .. }));
    for (tool, command) in alone {
        missing.extend(install(project, tool, command));
    }
    let more = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for (tool, command) in together {
            let more = &more;
            scope.spawn(move || {
                if let Some(failure) = install(project, tool, command) {
                    more.lock().expect("no installation panics").push(failure);
                }
            });
        }
    });
    missing.extend(more.into_inner().expect("no installation panics"));
    missing
}

/// As `ensure`, where one can't go on without.
///
/// # Errors
/// Where something is still missing: what, and what to do.
pub fn require(project: &Project, tools: &[&Tool]) -> Result<(), String> {
    let missing = ensure(project, tools);
    if missing.is_empty() {
        return Ok(());
    }
    let list: Vec<String> = missing
        .iter()
        .map(|missing| format!("{} is missing: {}", missing.tool, missing.why))
        .collect();
    Err(list.join("\n"))
}

// The command that installs it, or what a person has to do.
fn plan(project: &Project, tool: &Tool, presence: &Presence) -> Result<Command, String> {
    match &tool.kind {
        Kind::Given { remedy, .. } => Err(match presence {
            Presence::Other(found) => format!("version {found} is too old; {remedy}"),
            _ => (*remedy).to_owned(),
        }),
        Kind::Component { .. } => rustup(project, &["component", "add", tool.name]),
        Kind::Target => rustup(project, &["target", "add", tool.name]),
        Kind::Crate {
            version, arguments, ..
        } => {
            let mut command = project.command("cargo");
            command.args(["install", tool.name, "--version", version]);
            command.args(*arguments);
            // Somebody wanted that other version: it stays, and ours goes into a folder of the
            // project.
            if let Presence::Other(_) = presence {
                command.arg("--root").arg(project.own_tools());
            }
            // Built to be had soon, not to be fast: they spend their time waiting for the compiler.
            for (setting, value) in [
                ("OPT_LEVEL", "0"),
                ("LTO", "off"),
                ("DEBUG", "0"),
                ("CODEGEN_UNITS", "16"),
            ] {
                command.env(format!("CARGO_PROFILE_RELEASE_{setting}"), value);
            }
            Ok(command)
        }
        Kind::Npm => {
            let mut command = project.command("npm");
            command.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
            command.current_dir(project.npm());
            Ok(command)
        }
        Kind::Browser => browser(project),
    }
}

fn rustup(project: &Project, arguments: &[&str]) -> Result<Command, String> {
    if project.find_program(&["rustup", "rustup.exe"]).is_none() {
        return Err(format!(
            "there is no rustup here to run 'rustup {}'; get Rust from https://rustup.rs/",
            arguments.join(" ")
        ));
    }
    let mut command = project.command("rustup");
    command.args(arguments);
    Ok(command)
}

// Debian's package, where it may be installed without asking anyone.
fn browser(project: &Project) -> Result<Command, String> {
    const SCRIPT: &str =
        "apt-get update -qq && apt-get install --yes --no-install-recommends chromium";
    let remedy = "install Chromium or Chrome, or name one in the variable CHROMIUM";
    if project.find_program(&["apt-get"]).is_none() {
        return Err(remedy.to_owned());
    }
    let is_root = shell::ask(project.command("id").arg("-u")).as_deref() == Some("0");
    let mut command = if is_root {
        project.command("sh")
    } else if shell::ask(project.command("sudo").args(["-n", "true"])).is_some() {
        let mut command = project.command("sudo");
        command.args(["-n", "env", "DEBIAN_FRONTEND=noninteractive", "sh"]);
        command
    } else {
        return Err(format!("{remedy}, e.g. by 'sudo apt-get install chromium'"));
    };
    command
        .args(["-c", SCRIPT])
        .env("DEBIAN_FRONTEND", "noninteractive");
    Ok(command)
}

fn install(project: &Project, tool: &Tool, command: Command) -> Option<Missing> {
    let started = Instant::now();
    let typed = line(&command);
    let mut spoken = started;
    let finished = shell::run(command, |latest| {
        if spoken.elapsed() >= SIGN_OF_LIFE_EVERY && !latest.trim().is_empty() {
            spoken = Instant::now();
            println!(
                "  {}, {} in: {}",
                tool.name,
                said(started.elapsed()),
                latest.trim()
            );
        }
    });
    if let Kind::Npm = tool.kind
        && finished.ok
    {
        // Where this fails, npm installs the same again next time.
        let _ = fs::copy(tools::npm_lock(project), tools::npm_installed_from(project));
    }
    match (finished.ok, tool.presence(project)) {
        (true, Presence::Ready) => {
            println!("installed {} in {}", tool.name, said(started.elapsed()));
            None
        }
        (true, _) => Some(Missing {
            tool: tool.name,
            why: format!(
                "it was installed, but is not found: is its folder on the path?\n  {typed}"
            ),
        }),
        (false, _) => Some(Missing {
            tool: tool.name,
            why: format!(
                "it could not be installed; try it by hand:\n  {typed}\n{}",
                tail(&finished.output)
            ),
        }),
    }
}

// The last lines, which are where programs say what was wrong.
fn tail(output: &str) -> String {
    let lines: Vec<&str> = output.lines().collect();
    let from = lines.len().saturating_sub(20);
    lines[from..]
        .iter()
        .map(|line| format!("    {line}\n"))
        .collect()
}
