//! The project's own commands: `cargo xtask serve`, `test`, `fix`, `dist` and `bench`.
//!
//! Each installs what it needs and is missing, says so, and does nothing twice.

mod arguments;
mod bench;
mod counts;
mod dependencies;
mod dist;
mod fix;
mod install;
mod project;
mod serve;
mod shell;
mod site;
mod steps;
mod suite;
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
  bench               measure, and print a table

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
        Some("bench") => {
            arguments.done()?;
            bench::bench(&project)
        }
        Some("help" | "--help" | "-h") => {
            println!("{USAGE}");
            Ok(ExitCode::SUCCESS)
        }
        Some(unknown) => Err(format!("there is no command '{unknown}'\n\n{USAGE}")),
        None => Err(format!("which command?\n\n{USAGE}")),
    }
}
