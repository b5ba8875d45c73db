//! The tags of wheels that fit a target, in their order (PEP 425, PEP 600, PEP 656).

use crate::target::{Libc, Target};
use crate::wheel::WheelTag;

impl Target {
    /// The interpreter's tag: `cp311`.
    pub(super) fn interpreter_tag(&self) -> String {
        format!("cp{}{}", self.python.major, self.python.minor)
    }

    /// Every tag that fits, the best first: the order of `packaging.tags` for CPython.
    pub(super) fn tags(&self) -> Vec<WheelTag> {
        let platforms = self.platform_tags();
        let minor = self.python.minor;
        let (cp, major) = (self.interpreter_tag(), self.python.major);
        let mut tags = Vec::new();
        let mut push = |python: &str, abi: &str, platforms: &[String]| {
            tags.extend(platforms.iter().map(|platform| WheelTag {
                python: python.to_owned(),
                abi: abi.to_owned(),
                platform: platform.clone(),
            }));
        };
        push(&cp, &cp, &platforms);
        push(&cp, "abi3", &platforms);
        push(&cp, "none", &platforms);
        for older in (2..minor).rev() {
            push(&format!("cp{major}{older}"), "abi3", &platforms);
        }
        let mut generic = vec![format!("py{major}{minor}"), format!("py{major}")];
        generic.extend((0..minor).rev().map(|older| format!("py{major}{older}")));
        let any = ["any".to_owned()];
        generic.iter().for_each(|python| push(python, "none", &platforms));
        push(&cp, "none", &any);
        generic.iter().for_each(|python| push(python, "none", &any));
        tags
    }

    /// The platform tags, the best first (PEP 600, PEP 656).
    fn platform_tags(&self) -> Vec<String> {
        let machine = self.platform.machine();
        let mut tags = Vec::new();
        match self.libc {
            Libc::Glibc { major, minor } => {
                // The oldest glibc that wheels of a machine may ask for: manylinux1's, manylinux2014's.
                let oldest = if machine == "x86_64" { 5 } else { 17 };
                for minor in (oldest..=minor).rev() {
                    tags.push(format!("manylinux_{major}_{minor}_{machine}"));
                    tags.extend(legacy_manylinux(major, minor).map(|name| format!("{name}_{machine}")));
                }
            }
            Libc::Musl { major, minor } => {
                tags.extend((0..=minor).rev().map(|minor| format!("musllinux_{major}_{minor}_{machine}")));
            }
        }
        tags.push(format!("linux_{machine}"));
        tags
    }
}

/// The older name of a manylinux policy, where it has one.
fn legacy_manylinux(major: u32, minor: u32) -> Option<&'static str> {
    match (major, minor) {
        (2, 17) => Some("manylinux2014"),
        (2, 12) => Some("manylinux2010"),
        (2, 5) => Some("manylinux1"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn target(python: &str, platform: &str, libc: Libc) -> Target {
        Target { python: python.parse().expect("valid"), platform: platform.parse().expect("valid"), libc }
    }

    #[test]
    fn the_tags_are_those_of_packaging_in_its_order() {
        let glibc = |minor| Libc::Glibc { major: 2, minor };
        let musl = Libc::Musl { major: 1, minor: 2 };
        for (target, golden) in [
            (target("3.11.9", "linux/amd64", glibc(36)), include_str!("golden/cp311-glibc236-x86_64.txt")),
            (target("3.13.0", "linux/arm64", glibc(31)), include_str!("golden/cp313-glibc231-aarch64.txt")),
            (target("3.9.2", "linux/arm64", musl), include_str!("golden/cp39-musl12-aarch64.txt")),
        ] {
            let tags: Vec<_> = target.tags().iter().map(WheelTag::to_string).collect();
            assert_eq!(tags, golden.lines().collect::<Vec<_>>(), "{target}");
        }
    }

    proptest! {
        #[test]
        fn every_tag_occurs_once(minor in 0_u32..20, musl: bool, libc in 0_u32..60, platform in "linux/(amd64|arm64)") {
            let kind = if musl { Libc::Musl { major: 1, minor: libc } } else { Libc::Glibc { major: 2, minor: libc } };
            let tags = target(&format!("3.{minor}.0"), &platform, kind).tags();
            let distinct: std::collections::BTreeSet<_> = tags.iter().collect();
            prop_assert_eq!(distinct.len(), tags.len());
        }
    }
}
