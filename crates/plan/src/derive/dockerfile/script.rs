//! A command of a Dockerfile as a text for a shell.

use crate::shell::program;

/// Words as a text that a shell reads as the same words.
pub(super) fn quoted(words: &[String]) -> String {
    // `["/bin/bash", "-c", "text"]` is a text for a shell as well.
    if let [shell, option, text] = words
        && ["sh", "bash", "ash"].contains(&program(shell))
        && option.starts_with('-')
    {
        return text.clone();
    }
    words.iter().map(|word| format!("'{}'", word.replace('\'', "'\\''"))).collect::<Vec<_>>().join(" ")
}
