//! What has to be on the machine, as data, and how to see whether it is.

use std::path::PathBuf;

use crate::project::Project;
use crate::shell;

/// Something that has to be on the machine.
pub struct Tool {
    /// What it is called.
    pub name: &'static str,
    /// Roughly how long it takes to install, on two cores.
    pub takes: &'static str,
    /// How it is looked for and installed.
    pub kind: Kind,
}

/// How something is looked for and installed.
pub enum Kind {
    /// A program that the machine has to bring along.
    Given {
        /// Its name, and what to run where it is missing.
        program: &'static str,
        /// The lowest first number of its version that will do.
        major_min: u32,
        /// What to do where it is missing.
        remedy: &'static str,
    },
    /// A component of the Rust toolchain.
    Component {
        /// The program that it brings.
        program: &'static str,
    },
    /// A platform that Rust compiles for.
    Target,
    /// A program from crates.io, of exactly one version.
    Crate {
        /// The program that the crate builds.
        program: &'static str,
        /// The version.
        version: &'static str,
        /// What `cargo install` is told besides.
        arguments: &'static [&'static str],
    },
    /// The packages of `web/e2e/package-lock.json`.
    Npm,
    /// A Chromium to test the page in.
    Browser,
}

/// The one platform of the page.
pub const WASM: Tool = Tool {
    name: "wasm32-unknown-unknown",
    takes: "half a minute",
    kind: Kind::Target,
};

/// Formatting.
pub const RUSTFMT: Tool = Tool {
    name: "rustfmt",
    takes: "half a minute",
    kind: Kind::Component {
        program: "cargo-fmt",
    },
};

/// Lints.
pub const CLIPPY: Tool = Tool {
    name: "clippy",
    takes: "half a minute",
    kind: Kind::Component {
        program: "cargo-clippy",
    },
};

/// Builds and serves the page. Without looking for newer versions of itself.
pub const TRUNK: Tool = Tool {
    name: "trunk",
    takes: "3 to 6 minutes",
    kind: Kind::Crate {
        program: "trunk",
        version: "0.21.14",
        arguments: &["--locked", "--no-default-features", "--features", "rustls"],
    },
};

/// Writes the script between the page and its WebAssembly. Its version is that of the crate in
/// `web/Cargo.toml`. Not `--locked`: its lock file names releases that may have been withdrawn.
/// Without TLS, by which it would only fetch other programs.
pub const WASM_BINDGEN: Tool = Tool {
    name: "wasm-bindgen-cli",
    takes: "1 to 3 minutes",
    kind: Kind::Crate {
        program: "wasm-bindgen",
        version: "0.2.130",
        arguments: &["--no-default-features"],
    },
};

/// Runs npm's packages.
pub const NODE: Tool = Tool {
    name: "Node.js",
    takes: "",
    kind: Kind::Given {
        program: "node",
        major_min: 20,
        remedy: "install Node.js 20 or newer, with npm: https://nodejs.org/",
    },
};

/// `wasm-opt`, and what the browser tests need.
pub const NPM: Tool = Tool {
    name: "npm packages",
    takes: "10 seconds",
    kind: Kind::Npm,
};

/// The tests' browser.
pub const CHROMIUM: Tool = Tool {
    name: "chromium",
    takes: "half a minute",
    kind: Kind::Browser,
};

/// What it takes to build the site.
pub const FOR_THE_SITE: &[&Tool] = &[&WASM, &TRUNK, &WASM_BINDGEN, &NODE, &NPM];

/// What `chromium` may be called. The browser tests look for the same names, in
/// `web/e2e/chromium.mjs`.
const BROWSERS: &[&str] = &[
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
];

const BROWSERS_ELSEWHERE: &[&str] = &[
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/// Whether something is there.
#[derive(Debug, PartialEq, Eq)]
pub enum Presence {
    /// It is, in a version that will do.
    Ready,
    /// It is not.
    Missing,
    /// It is, in this version, which will not do.
    Other(String),
}

impl Tool {
    /// Looks for it. Nothing that is merely there will do where a version is asked for.
    pub fn presence(&self, project: &Project) -> Presence {
        match &self.kind {
            Kind::Given {
                program, major_min, ..
            } => match version(project, program) {
                None => Presence::Missing,
                Some(found) if major(&found) >= Some(*major_min) => Presence::Ready,
                Some(found) => Presence::Other(found),
            },
            Kind::Component { program } => present(version(project, program).is_some()),
            Kind::Target => {
                present(target_folder(project, self.name).is_some_and(|it| it.is_dir()))
            }
            Kind::Crate {
                program,
                version: wanted,
                ..
            } => match version(project, program) {
                None => Presence::Missing,
                Some(found) if found == *wanted => Presence::Ready,
                Some(found) => Presence::Other(found),
            },
            Kind::Npm => present(npm_is_current(project)),
            Kind::Browser => present(browser(project).is_some()),
        }
    }
}

/// The browser for the tests: what `CHROMIUM` names, else the first that is found.
pub fn browser(project: &Project) -> Option<PathBuf> {
    std::env::var_os("CHROMIUM")
        .map(PathBuf::from)
        .or_else(|| project.find_program(BROWSERS))
        .or_else(|| {
            BROWSERS_ELSEWHERE
                .iter()
                .map(PathBuf::from)
                .find(|path| path.is_file())
        })
}

/// A copy of the lock file that npm last installed from: while it is equal, there is nothing to
/// install.
pub fn npm_installed_from(project: &Project) -> PathBuf {
    project.npm().join("node_modules/.installed-from.json")
}

/// npm's lock file.
pub fn npm_lock(project: &Project) -> PathBuf {
    project.npm().join("package-lock.json")
}

fn npm_is_current(project: &Project) -> bool {
    let read = |path: PathBuf| std::fs::read(path).ok();
    let installed = read(npm_installed_from(project));
    installed.is_some() && installed == read(npm_lock(project))
}

fn target_folder(project: &Project, target: &str) -> Option<PathBuf> {
    let mut command = project.command("rustc");
    command.args(["--print", "target-libdir", "--target", target]);
    shell::ask(&mut command).map(PathBuf::from)
}

// The first word of the program's answer that begins with a digit.
fn version(project: &Project, program: &str) -> Option<String> {
    let answer = shell::ask(project.command(program).arg("--version"))?;
    version_in(&answer)
}

fn version_in(answer: &str) -> Option<String> {
    answer
        .split_whitespace()
        .map(|word| word.trim_start_matches('v'))
        .find(|word| word.starts_with(|first: char| first.is_ascii_digit()))
        .map(str::to_owned)
}

fn major(version: &str) -> Option<u32> {
    version.split('.').next()?.parse().ok()
}

fn present(is: bool) -> Presence {
    if is {
        Presence::Ready
    } else {
        Presence::Missing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_what_programs_answer() {
        assert_eq!(version_in("trunk 0.21.14").as_deref(), Some("0.21.14"));
        assert_eq!(version_in("v20.20.2").as_deref(), Some("20.20.2"));
        assert_eq!(
            version_in("rustfmt 1.8.0-stable (59807616 2026-03-21)").as_deref(),
            Some("1.8.0-stable")
        );
        assert_eq!(version_in("no idea"), None);
        assert_eq!(major("20.20.2"), Some(20));
    }

    #[test]
    fn the_pins_here_are_those_of_the_other_files() {
        let root = Project::find().root().to_owned();
        let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap();
        let Kind::Crate { version, .. } = WASM_BINDGEN.kind else {
            panic!("wasm-bindgen comes from crates.io");
        };
        assert!(read("web/Cargo.toml").contains(&format!("wasm-bindgen = \"={version}\"")));
        assert!(read("Trunk.toml").contains(&format!("wasm_bindgen = \"{version}\"")));

        let package: serde_json::Value =
            serde_json::from_str(&read("web/e2e/package.json")).unwrap();
        let binaryen = package["devDependencies"]["binaryen"].as_str().unwrap();
        let major = major(binaryen).unwrap();
        assert!(read("Trunk.toml").contains(&format!("wasm_opt = \"version_{major}\"")));
    }

    #[test]
    fn the_lock_file_names_no_place_to_download_from() {
        let lock = std::fs::read_to_string(npm_lock(&Project::find())).unwrap();
        assert!(!lock.contains("\"resolved\""));
    }
}
