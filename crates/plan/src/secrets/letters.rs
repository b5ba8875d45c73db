//! Whether letters look drawn by lot, and not written by somebody.

use std::collections::BTreeSet;

/// Fewer different letters make a placeholder: `ghp_xxxxxxxx`.
const LEAST_DIFFERENT: usize = 8;

/// Whether there are as many different letters as in something drawn by lot.
pub(super) fn look_random(word: &[u8]) -> bool {
    word.iter().collect::<BTreeSet<_>>().len() >= LEAST_DIFFERENT
}
