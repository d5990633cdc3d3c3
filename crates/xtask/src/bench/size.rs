//! What the first page loads.

use super::Row;
use crate::project::Project;
use crate::site;

/// The bytes of the site, raw and compressed, and of its WebAssembly alone.
///
/// # Errors
/// Where there is no site.
pub fn rows(project: &Project) -> Result<Vec<Row>, String> {
    let loaded = site::loaded(&project.dist())?;
    let (raw, gzip) = site::total(&loaded);
    let wasm = loaded
        .iter()
        .filter(|file| file.path.ends_with(".wasm"))
        .fold((0, 0), |sum, file| {
            (sum.0 + file.raw_bytes, sum.1 + file.gzip_bytes)
        });
    Ok(vec![
        Row::new("first page, raw", raw, "bytes"),
        Row::new("first page, gzip", gzip, "bytes"),
        Row::new("of which WebAssembly, raw", wasm.0, "bytes"),
        Row::new("of which WebAssembly, gzip", wasm.1, "bytes"),
    ])
}
