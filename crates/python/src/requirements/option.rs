//! A line of requirements that is an option, taken apart.

/// An option and its value: `-r base.in`, `-rbase.in` or `--requirement=base.in`.
pub(crate) fn option(text: &str) -> (&str, &str) {
    let end = match text.starts_with("--") {
        true => text.find(['=', ' ', '\t']).unwrap_or(text.len()),
        false => text.char_indices().nth(2).map_or(text.len(), |(at, _)| at),
    };
    let (name, value) = text.split_at(end);
    (name, value.trim_start_matches(['=', ' ', '\t']).trim())
}
