//! Words: American spelling, and the name under which hints call the program.

/// The beginnings of British spellings, each with the American one.
const BRITISH: [(&str, &str); 30] = [
    ("analyse", "analyze"),
    ("artefact", "artifact"),
    ("authoris", "authoriz"),
    ("behaviour", "behavior"),
    ("canonicalis", "canonicaliz"),
    ("capitalis", "capitaliz"),
    ("categoris", "categoriz"),
    ("centre", "center"),
    ("colour", "color"),
    ("customis", "customiz"),
    ("defence", "defense"),
    ("favour", "favor"),
    ("finalis", "finaliz"),
    ("generalis", "generaliz"),
    ("honour", "honor"),
    ("initialis", "initializ"),
    ("licence", "license"),
    ("maximis", "maximiz"),
    ("minimis", "minimiz"),
    ("neighbour", "neighbor"),
    ("normalis", "normaliz"),
    ("optimis", "optimiz"),
    ("organis", "organiz"),
    ("parallelis", "paralleliz"),
    ("prioritis", "prioritiz"),
    ("recognis", "recogniz"),
    ("serialis", "serializ"),
    ("specialis", "specializ"),
    ("summaris", "summariz"),
    ("synchronis", "synchroniz"),
];

/// Words that contain one of these and are American, or the names of others.
const AMERICAN: [&str; 3] = ["parallelism", "organism", "optimism"];

/// The British words of a text, each with its line.
pub fn british(text: &str) -> Vec<String> {
    let mut broken = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let mut line = line.to_lowercase();
        AMERICAN.iter().for_each(|word| line = line.replace(word, ""));
        for (british, american) in BRITISH.iter().filter(|(british, _)| line.contains(british)) {
            broken.push(format!("line {}: `{british}…`; American spelling is `{american}…`", number + 1));
        }
    }
    broken
}

/// The lines of a library's code that call the program by the name of the launcher.
pub fn launcher(code: &str) -> Vec<String> {
    let lines = code.lines().enumerate().filter(|(_, line)| line.contains("cargo xtask "));
    lines
        .map(|(number, _)| {
            format!("line {}: write `shipwheel …` in hints; crates/cli puts in how it was called", number + 1)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn british_spelling_is_found() {
        assert_eq!(british("a\nNormalised").len(), 1);
        assert!(british("parallelism, normalized, license").is_empty());
    }

    #[test]
    fn a_hint_with_the_name_of_the_launcher_is_found() {
        assert_eq!(launcher("a\n\"run `cargo xtask lock`\"").len(), 1);
        assert!(launcher("\"run `shipwheel lock`\"").is_empty());
    }
}
