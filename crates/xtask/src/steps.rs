//! The checks of `cargo xtask test`, as a list.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::counts::{self, Counts};
use crate::project::Project;
use crate::tools::{CHROMIUM, CLIPPY, FOR_THE_SITE, NODE, NPM, RUSTFMT, Tool, WASM};
use crate::{dependencies, shell, site, swarm, tools};

/// One check.
pub struct Step {
    /// What `--only` calls it.
    pub name: &'static str,
    /// What it checks.
    pub what: &'static str,
    /// The steps without which it makes no sense. They come before it in the list.
    pub needs: &'static [&'static str],
    /// What has to be on the machine.
    pub tools: &'static [&'static Tool],
    /// Checks, and hands on each line of output as it comes.
    pub check: fn(&Project, Hear) -> Outcome,
}

/// Whoever wants to hear each line of output as it comes.
pub type Hear<'a> = &'a mut dyn FnMut(&str);

/// How a check came out.
pub struct Outcome {
    /// Test cases where it has any, else one for the check itself.
    pub counts: Counts,
    /// A few words to be shown in any case.
    pub note: String,
    /// All that was said, to be shown on failure.
    pub output: String,
}

/// All of them, the quick ones first.
pub const STEPS: &[Step] = &[
    Step {
        name: "format",
        what: "the code is formatted",
        needs: &[],
        tools: &[&RUSTFMT],
        check: format,
    },
    Step {
        name: "dependencies",
        what: "the crates depend on each other in the allowed directions only",
        needs: &[],
        tools: &[],
        check: |project, _| verdict(dependencies::check(project)),
    },
    Step {
        name: "lint",
        what: "the crates have no lints",
        needs: &[],
        tools: &[&CLIPPY],
        check: |project, hear| {
            let arguments = "clippy --workspace --exclude web --all-targets -- -D warnings";
            cargo(project, &words(arguments), hear)
        },
    },
    Step {
        name: "lint-page",
        what: "the page has no lints",
        needs: &[],
        tools: &[&CLIPPY, &WASM],
        check: |project, hear| {
            let arguments =
                "clippy --package web --target wasm32-unknown-unknown --all-targets -- -D warnings";
            cargo(project, &words(arguments), hear)
        },
    },
    Step {
        name: "crates",
        what: "the crates' own tests pass",
        needs: &[],
        tools: &[],
        check: |project, hear| {
            let mut command = project.command("cargo");
            command.args(words(
                "test --workspace --exclude web --no-fail-fast -- --quiet",
            ));
            let finished = shell::run(command, hear);
            Outcome {
                counts: counts::of_cargo_test(&finished.output).of_runner(finished.ok),
                note: String::new(),
                output: finished.output,
            }
        },
    },
    Step {
        name: "scenarios",
        what: "every scenario gives the verdict that it states",
        needs: &[],
        tools: &[],
        check: scenarios,
    },
    Step {
        name: "swarm",
        what: "random scenarios keep what theory guarantees, and break what it does not",
        needs: &[],
        tools: &[],
        check: |project, hear| {
            let mut command = swarm::command(project);
            command.arg(swarm::TESTED);
            Outcome {
                note: format!("seeds {}", swarm::TESTED),
                ..outcome(command, hear)
            }
        },
    },
    Step {
        name: "docs",
        what: "the documentation builds, and its links lead somewhere",
        needs: &[],
        tools: &[&WASM],
        check: docs,
    },
    Step {
        name: "site",
        what: "the site builds",
        needs: &[],
        tools: FOR_THE_SITE,
        check: |project, hear| outcome(site::trunk(project, "build", &project.dist()), hear),
    },
    Step {
        name: "size",
        what: "what the first page loads keeps to its budget",
        needs: &["site"],
        tools: &[],
        check: size,
    },
    Step {
        name: "page",
        what: "the page does in a browser what it should, as the native core does",
        needs: &["scenarios", "site"],
        tools: &[&NODE, &NPM, &CHROMIUM],
        check: page,
    },
];

fn cargo(project: &Project, arguments: &[&str], hear: Hear) -> Outcome {
    let mut command = project.command("cargo");
    command.args(arguments);
    outcome(command, hear)
}

fn outcome(command: Command, hear: Hear) -> Outcome {
    let finished = shell::run(command, hear);
    Outcome {
        counts: Counts::one(finished.ok),
        note: String::new(),
        output: finished.output,
    }
}

// Says which files, not how they should be: `cargo xtask fix` knows that.
fn format(project: &Project, hear: Hear) -> Outcome {
    let mut outcome = cargo(project, &words("fmt --all -- --check -l"), hear);
    outcome.output.push_str("put right by: cargo xtask fix\n");
    outcome
}

fn verdict(result: Result<String, String>) -> Outcome {
    let counts = Counts::one(result.is_ok());
    let (note, output) = match result {
        Ok(note) => (note, String::new()),
        Err(why) => (String::new(), why),
    };
    Outcome {
        counts,
        note,
        output,
    }
}

fn words(text: &str) -> Vec<&str> {
    text.split(' ').collect()
}

fn scenarios(project: &Project, hear: Hear) -> Outcome {
    let files = match scenario_files(project) {
        Ok(files) => files,
        Err(why) => return verdict(Err(why)),
    };
    let note = format!("{} files", files.len());
    let mut command = project.command("cargo");
    command.args(words("run --quiet --bin replicascope -- check"));
    command.args(files);
    Outcome {
        note,
        ..outcome(command, hear)
    }
}

// None at all is a failure: a check of nothing says nothing.
fn scenario_files(project: &Project) -> Result<Vec<PathBuf>, String> {
    let folder = project.root().join("scenarios");
    let entries =
        fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .collect();
    files.sort();
    if files.is_empty() {
        return Err("there is no scenario in scenarios/".to_owned());
    }
    Ok(files)
}

// The page's own documentation is that of a program for the browser.
fn docs(project: &Project, hear: Hear) -> Outcome {
    let mut output = String::new();
    let mut ok = true;
    for arguments in [
        "doc --no-deps --workspace --exclude web",
        "doc --no-deps --package web --target wasm32-unknown-unknown",
    ] {
        let mut command = project.command("cargo");
        command
            .args(words(arguments))
            .env("RUSTDOCFLAGS", "-D warnings");
        let finished = shell::run(command, &mut *hear);
        ok &= finished.ok;
        output.push_str(&finished.output);
    }
    Outcome {
        counts: Counts::one(ok),
        note: String::new(),
        output,
    }
}

fn size(project: &Project, hear: Hear) -> Outcome {
    let loaded = match site::loaded(&project.dist()) {
        Ok(loaded) => loaded,
        Err(why) => return verdict(Err(why)),
    };
    let table = site::table(&loaded);
    table.lines().for_each(hear);
    let (_, gzip_bytes) = site::total(&loaded);
    let note = format!(
        "{} of {} kB",
        site::kb(gzip_bytes),
        site::kb(site::BUDGET_BYTES)
    );
    Outcome {
        counts: Counts::one(gzip_bytes <= site::BUDGET_BYTES),
        note,
        output: table,
    }
}

fn page(project: &Project, hear: Hear) -> Outcome {
    let report = project.logs().join("page.json");
    // A report of an earlier run must not speak for this one.
    let _ = fs::remove_file(&report);
    let mut command = project.command("npm");
    command
        .args([
            "exec",
            "--offline",
            "--",
            "playwright",
            "test",
            "--reporter=list,json",
        ])
        .current_dir(project.npm())
        .env("PLAYWRIGHT_JSON_OUTPUT_FILE", &report)
        // Built by the step before, and compared with the page's own core.
        .env("REPLICASCOPE", project.built("replicascope"));
    if let Some(browser) = tools::browser(project) {
        command.env("CHROMIUM", browser);
    }
    let finished = shell::run(command, hear);
    let counted = fs::read_to_string(&report)
        .map_err(|error| error.to_string())
        .and_then(|report| counts::of_playwright(&report));
    match counted {
        Ok(counts) => Outcome {
            counts: counts.of_runner(finished.ok),
            note: String::new(),
            output: finished.output,
        },
        Err(why) => verdict(Err(format!("{}\nno report: {why}", finished.output))),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_step_comes_after_those_it_needs_and_no_name_comes_twice() {
        let mut before = BTreeSet::new();
        for step in STEPS {
            assert!(
                step.needs.iter().all(|need| before.contains(need)),
                "{}",
                step.name
            );
            assert!(before.insert(step.name), "{} twice", step.name);
        }
    }
}
