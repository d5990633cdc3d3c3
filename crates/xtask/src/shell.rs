//! Running other programs.

use std::io::{BufRead, BufReader, Read, pipe};
use std::process::{Command, Stdio};
use std::time::Duration;

/// How a program ended and what it said, both of its streams in one.
pub struct Finished {
    /// Whether it succeeded.
    pub ok: bool,
    /// What it wrote.
    pub output: String,
}

/// Runs a program to its end, and hands each line that it writes to `hear` as it comes.
///
/// It gets no input. One that can't be started has failed, and its output says why.
pub fn run(mut command: Command, mut hear: impl FnMut(&str)) -> Finished {
    match start(&mut command) {
        Ok((mut child, reader)) => {
            // Our copies of the pipe's other end are in the command: while they are open, it never
            // ends.
            drop(command);
            let mut output = String::new();
            for line in BufReader::new(reader).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line);
                hear(line.trim_end());
                output.push_str(line.trim_end());
                output.push('\n');
            }
            let ok = child.wait().is_ok_and(|status| status.success());
            Finished { ok, output }
        }
        Err(error) => Finished {
            ok: false,
            output: format!("{} could not be started: {error}\n", line(&command)),
        },
    }
}

/// What a program writes, where it succeeds.
pub fn ask(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// A command as one would type it, variables first.
pub fn line(command: &Command) -> String {
    let variables = command.get_envs().filter_map(|(name, value)| {
        (name != "PATH").then_some(format!("{}={}", name.display(), value?.display()))
    });
    let words = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| {
            let word = word.display().to_string();
            if word.contains(' ') {
                format!("'{word}'")
            } else {
                word
            }
        });
    variables.chain(words).collect::<Vec<_>>().join(" ")
}

/// A duration as one would say it: `0.4 s`, `2 min 05 s`.
pub fn said(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds < 60 {
        format!("{:.1} s", duration.as_secs_f64())
    } else {
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    }
}

fn start(command: &mut Command) -> std::io::Result<(std::process::Child, impl Read + use<>)> {
    let (reader, writer) = pipe()?;
    command
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer);
    Ok((command.spawn()?, reader))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_said_in_seconds_then_in_minutes() {
        assert_eq!(said(Duration::from_millis(440)), "0.4 s");
        assert_eq!(said(Duration::from_secs(125)), "2 min 05 s");
    }

    #[test]
    fn a_command_reads_as_one_would_type_it() {
        let mut command = Command::new("cargo");
        command
            .args(["doc", "a b"])
            .env("RUSTDOCFLAGS", "-D")
            .env("PATH", "/");
        assert_eq!(line(&command), "RUSTDOCFLAGS=-D cargo doc 'a b'");
    }

    #[test]
    fn a_program_that_is_not_there_has_failed_and_says_so() {
        let finished = run(Command::new("no-such-program"), |_| {});
        assert!(!finished.ok);
        assert!(
            finished
                .output
                .contains("no-such-program could not be started")
        );
    }
}
