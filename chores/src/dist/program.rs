//! The program itself.

use super::release::Release;
use crate::workspace::Outcome;

/// Copies it, with its mode.
pub(super) fn make(release: &Release<'_>) -> Outcome {
    std::fs::copy(&release.program, release.output.join("shipwheel"))?;
    Ok(())
}
