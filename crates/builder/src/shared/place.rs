//! The tags of a shared cache.

use shipwheel_oci::{Digest, Platform, Reference, Repository};

/// The longest part of a tag that is an image's name; a tag has 128 characters at most.
const MAX_NAME: usize = 64;

/// The tag of the last build of an image for a platform: `b1-shop-linux-amd64`. It moves.
pub(crate) fn last_build(repository: &Repository, image: &str, platform: &Platform) -> Option<Reference> {
    let place = platform.to_string().replace('/', "-");
    repository.with_tag(&format!("b1-{}-{place}", tag_part(image))).ok()
}

/// The tag of one layer by the key of its inputs: `l1-` and 40 hex digits. It is written once.
pub(crate) fn entry(repository: &Repository, key: &Digest) -> Option<Reference> {
    repository.with_tag(&format!("l1-{}", &key.hex()[..40])).ok()
}

/// A name as a part of a tag; what had to be changed is told apart by its digest.
fn tag_part(name: &str) -> String {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    if name.len() <= MAX_NAME && name.chars().all(is_allowed) {
        return name.to_owned();
    }
    let kept: String = name.chars().map(|c| if is_allowed(c) { c } else { '-' }).take(MAX_NAME - 17).collect();
    format!("{kept}-{}", &Digest::of(name.as_bytes()).hex()[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_valid_and_different_for_different_names() {
        let repository: Repository = "registry.example/cache".parse().expect("valid");
        let tag = |name: &str| {
            let reference = last_build(&repository, name, &Platform::linux_amd64()).expect("valid");
            reference.tag().expect("tagged").to_owned()
        };
        assert_eq!(tag("shop"), "b1-shop-linux-amd64");
        let long = "é".repeat(300);
        let names = ["team/shop", "team-shop", "team:shop", long.as_str(), &"a".repeat(64), &"a".repeat(65)];
        let tags: std::collections::BTreeSet<String> = names.iter().map(|name| tag(name)).collect();
        assert_eq!(tags.len(), names.len(), "{tags:?}");
        assert!(tags.iter().all(|tag| tag.len() <= 128), "{tags:?}");
        let entry = entry(&repository, &Digest::of(b"")).expect("valid");
        assert_eq!(entry.tag(), Some("l1-e3b0c44298fc1c149afbf4c8996fb92427ae41e4"));
    }
}
