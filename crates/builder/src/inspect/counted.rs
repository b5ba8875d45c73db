//! Counts with their nouns, for people.

/// `0 problems`, `1 problem`, `2 problems`.
pub fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_is_singular() {
        for (count, expected) in [(0, "0 layers"), (1, "1 layer"), (2, "2 layers")] {
            assert_eq!(counted(count, "layer"), expected);
        }
    }
}
