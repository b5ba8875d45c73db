//! The docs as a site.

use super::release::Release;
use super::tools::tool;
use crate::workspace::{Outcome, workspace};

/// Lets mdBook write it.
pub(super) fn make(release: &Release<'_>) -> Outcome {
    let (docs, site) = (workspace().join("docs"), release.output.join("site"));
    Ok(tool(release.shell, "mdbook")?
        .arg("build")
        .arg(docs)
        .arg("--dest-dir")
        .arg(site)
        .quiet()
        .ignore_stderr()
        .run()?)
}
