//! The command as it is run by every test of it.

use std::io::Write;
use std::process::{Command, Stdio};

/// What a command gave.
#[derive(Debug)]
pub struct Given {
    pub exit: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// Runs the command at the root of the project, with these bytes as its standard input.
pub fn replicascope(arguments: &[&str], input: &[u8]) -> Given {
    let mut child = Command::new(env!("CARGO_BIN_EXE_replicascope"))
        .args(arguments)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let mut stdin = child.stdin.take().expect("it was asked for");
    // What it refuses early it need not read to the end.
    let _ = stdin.write_all(input);
    drop(stdin);
    let output = child.wait_with_output().expect("the command ends");
    let text = |bytes| String::from_utf8(bytes).expect("it prints UTF-8");
    Given {
        exit: output.status.code(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}
