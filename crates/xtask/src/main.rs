//! The project's own commands: `cargo xtask serve`, `test`, `fix`, `dist`, `pictures` and `bench`.
//!
//! Each installs what it needs and is missing, says so, and does nothing twice.

mod arguments;
mod bench;
mod counts;
mod dependencies;
mod dist;
mod fix;
mod install;
mod pictures;
mod project;
mod serve;
mod shell;
mod site;
mod steps;
mod suite;
mod swarm;
mod tools;

use std::process::ExitCode;

use arguments::Arguments;
use project::Project;

const USAGE: &str = "\
cargo xtask COMMAND

  serve [--port N]    build the page and serve it at http://127.0.0.1:8080/
  test                run every check
                        --list names them, --only NAME runs one, --verbose shows all output
  fix                 put right what a program can: formatting, lints, generated files
  dist                build the site into dist/, which is what a static host gets
  pictures            each scenario at its most telling moment, as PNGs in pictures/
                        --out DIR puts them elsewhere, --scenario NAME takes only that one
  bench               measure, and print a table
  swarm               run random scenarios against what theory says of them
                        --seeds FIRST..END which (0..2000), --document N prints the scenario of a seed

Each command first installs what it needs and does not find, and says what it does.";

fn main() -> ExitCode {
    let mut arguments = Arguments::new(std::env::args().skip(1));
    match run(&mut arguments) {
        Ok(code) => code,
        Err(why) => {
            eprintln!("xtask: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &mut Arguments) -> Result<ExitCode, String> {
    let project = Project::find();
    match arguments.command().as_deref() {
        Some("serve") => {
            let port = arguments.number("--port")?.unwrap_or(serve::PORT);
            arguments.done()?;
            serve::serve(&project, port)
        }
        Some("test") => {
            let options = suite::Options {
                only: arguments.values("--only")?,
                list: arguments.flag("--list"),
                verbose: arguments.flag("--verbose"),
            };
            arguments.done()?;
            suite::run(&project, &options)
        }
        Some("fix") => {
            arguments.done()?;
            fix::fix(&project)
        }
        Some("dist") => {
            arguments.done()?;
            dist::dist(&project)
        }
        Some("pictures") => {
            let out = arguments.values("--out")?.pop();
            let scenarios = arguments.values("--scenario")?;
            arguments.done()?;
            pictures::pictures(&project, out.as_deref(), &scenarios)
        }
        Some("bench") => {
            arguments.done()?;
            bench::bench(&project)
        }
        Some("swarm") => {
            let seeds = arguments.values("--seeds")?.pop();
            let document = arguments.values("--document")?.pop();
            arguments.done()?;
            let seeds = seeds.as_deref().unwrap_or(swarm::TESTED);
            swarm::swarm(&project, seeds, document.as_deref())
        }
        Some("help" | "--help" | "-h") => {
            println!("{USAGE}");
            Ok(ExitCode::SUCCESS)
        }
        Some(unknown) => Err(format!("there is no command '{unknown}'\n\n{USAGE}")),
        None => Err(format!("which command?\n\n{USAGE}")),
    }
}
