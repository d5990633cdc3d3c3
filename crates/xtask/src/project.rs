//! Where things are.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The working tree that this program belongs to.
pub struct Project {
    root: PathBuf,
    path: OsString,
}

impl Project {
    /// Finds the tree from where Cargo says that this program's package is.
    pub fn find() -> Self {
        let package = env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = package
            .ancestors()
            .nth(2)
            .expect("this package is two folders below the root")
            .to_owned();
        let path = search_path(&root);
        Self { root, path }
    }

    /// The root of the tree.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The built site, as a static host gets it.
    pub fn dist(&self) -> PathBuf {
        self.root.join("dist")
    }

    /// What npm installs from and to.
    pub fn npm(&self) -> PathBuf {
        self.root.join("web/e2e")
    }

    /// Where tools go that would otherwise replace another version of themselves.
    pub fn own_tools(&self) -> PathBuf {
        self.root.join("target/tools")
    }

    /// What is written down on the way, to be read when something fails.
    pub fn logs(&self) -> PathBuf {
        self.root.join("target/xtask")
    }

    /// A program of this workspace as `cargo run` builds it.
    pub fn built(&self, program: &str) -> PathBuf {
        let target = env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
        let name = format!("{program}{}", env::consts::EXE_SUFFIX);
        self.root.join(target).join("debug").join(name)
    }

    /// A command that runs at the root and finds the project's tools first.
    pub fn command(&self, program: &str) -> Command {
        let program = match program {
            "npm" if cfg!(windows) => "npm.cmd",
            other => other,
        };
        let mut command = Command::new(program);
        command.current_dir(&self.root).env("PATH", &self.path);
        command
    }

    /// The first of these programs that is to be found.
    pub fn find_program(&self, names: &[&str]) -> Option<PathBuf> {
        let folders: Vec<PathBuf> = env::split_paths(&self.path).collect();
        names
            .iter()
            .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
            .find(|path| path.is_file())
    }
}

// The project's own tools, then Cargo's, then the machine's.
fn search_path(root: &Path) -> OsString {
    let mut folders = vec![
        root.join("target/tools/bin"),
        root.join("web/e2e/node_modules/.bin"),
    ];
    let cargo_home = env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| env::home_dir().map(|home| home.join(".cargo")));
    folders.extend(cargo_home.map(|home| home.join("bin")));
    folders.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    env::join_paths(folders).expect("a folder of the search path can stand in one")
}
