//! The built site, and what its first page costs to load.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::project::Project;

/// What the first page may cost, compressed. A thousand bytes are a kB.
///
/// A ratchet: what it costs today and a little room. The aim is 215: see
/// `docs/adr/0004-the-size-of-the-page.md`.
pub const BUDGET_BYTES: usize = 929_000;

/// The command that builds the site into `dist`, or serves it.
pub fn trunk(project: &Project, verb: &str, dist: &Path) -> Command {
    let mut command = project.command("trunk");
    command.args([verb, "--release", "--dist"]).arg(dist);
    // Trunk takes the value of this variable for a boolean, and any but `true` or `false` for a
    // mistake.
    command.env_remove("NO_COLOR");
    // The compiler's message says it all; Trunk's own calls say nothing.
    command.env("RUST_BACKTRACE", "0");
    command
}

/// One file that the first page loads.
pub struct Loaded {
    /// Its path in the site.
    pub path: String,
    /// Its size.
    pub raw_bytes: usize,
    /// Its size as gzip sends it.
    pub gzip_bytes: usize,
}

/// Everything that the first page loads, the largest first.
///
/// That is every file that `index.html` names, or a text that it names: so a script that is only
/// ever loaded later counts as well, and a file that no one names does not.
///
/// # Errors
/// Where there is no site.
pub fn loaded(dist: &Path) -> Result<Vec<Loaded>, String> {
    let start = "index.html".to_owned();
    let files = files_of(dist)?;
    if !files.contains(&start) {
        return Err(format!("there is no site in {}", dist.display()));
    }
    let mut seen = BTreeSet::from([start.clone()]);
    let mut waiting = vec![start];
    let mut loaded = Vec::new();
    while let Some(path) = waiting.pop() {
        let content = fs::read(dist.join(&path)).map_err(|error| format!("{path}: {error}"))?;
        if is_text(&path) {
            let text = String::from_utf8_lossy(&content);
            for named in files.iter().filter(|file| text.contains(name_of(file))) {
                if seen.insert(named.clone()) {
                    waiting.push(named.clone());
                }
            }
        }
        loaded.push(Loaded {
            raw_bytes: content.len(),
            gzip_bytes: gzip_bytes(&content),
            path,
        });
    }
    loaded.sort_by(|a, b| b.gzip_bytes.cmp(&a.gzip_bytes).then(a.path.cmp(&b.path)));
    Ok(loaded)
}

/// The sum of them, raw and compressed.
pub fn total(loaded: &[Loaded]) -> (usize, usize) {
    loaded.iter().fold((0, 0), |(raw, gzip), file| {
        (raw + file.raw_bytes, gzip + file.gzip_bytes)
    })
}

/// A table of them, with their sum and the budget.
pub fn table(loaded: &[Loaded]) -> String {
    let (raw, gzip) = total(loaded);
    let rows = loaded
        .iter()
        .map(|file| (file.path.as_str(), kb(file.raw_bytes), kb(file.gzip_bytes)))
        .chain([
            ("all of it", kb(raw), kb(gzip)),
            ("budget", String::new(), kb(BUDGET_BYTES)),
        ]);
    let mut table = format!("{:<36} {:>9} {:>9}\n", "kB", "raw", "gzip");
    for (what, raw, gzip) in rows {
        table.push_str(&format!("{what:<36} {raw:>9} {gzip:>9}\n"));
    }
    table
}

/// Bytes in kB, to a tenth.
pub fn kb(bytes: usize) -> String {
    format!("{}.{}", bytes / 1000, bytes % 1000 / 100)
}

fn files_of(dist: &Path) -> Result<BTreeSet<String>, String> {
    let mut files = BTreeSet::new();
    let mut folders = vec![dist.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries =
            fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(inside) = path.strip_prefix(dist) {
                files.insert(inside.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    Ok(files)
}

fn is_text(path: &str) -> bool {
    [".html", ".js", ".mjs", ".css"]
        .iter()
        .any(|end| path.ends_with(end))
}

fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn gzip_bytes(content: &[u8]) -> usize {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder
        .write_all(content)
        .and_then(|()| encoder.finish())
        .expect("writing to memory does not fail")
        .len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_first_page_names_is_counted() {
        let dist = std::env::temp_dir().join(format!("replicascope-site-{}", std::process::id()));
        fs::create_dir_all(dist.join("embed")).unwrap();
        for (path, content) in [
            ("index.html", "<script src=./boot.js data-js=./web-1.js>"),
            ("boot.js", "start"),
            ("web-1.js", "new URL('web-1_bg.wasm')"),
            ("web-1_bg.wasm", "\0asm"),
            ("embed/other.js", "nobody asks for it"),
        ] {
            fs::write(dist.join(path), content).unwrap();
        }
        let loaded = loaded(&dist).unwrap();
        fs::remove_dir_all(&dist).unwrap();

        let paths: BTreeSet<&str> = loaded.iter().map(|file| file.path.as_str()).collect();
        let expected = ["boot.js", "index.html", "web-1.js", "web-1_bg.wasm"];
        assert_eq!(paths, BTreeSet::from(expected));
    }

    #[test]
    fn a_kb_is_a_thousand_bytes() {
        assert_eq!(kb(214_960), "214.9");
        assert_eq!(kb(99), "0.0");
    }
}
