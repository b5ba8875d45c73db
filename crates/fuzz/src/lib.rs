//! What each fuzz target does with its input: the parser that it calls, and what must hold of the result.
//!
//! libFuzzer runs these functions through `fuzz/targets` (see CONTRIBUTING.md), and the tests of this crate run them over
//! the inputs in `fuzz/corpus`. An input that is refused is fine. A panic is a finding, in the parser or in an
//! assertion here: what a parser accepts must be bounded, stay inside of its folder, and mean the same when it is
//! written and read again.

mod answers;
mod debian;
mod files;
mod forge;
mod image;
mod layers;
mod locks;
mod marshal;
mod python;
mod release;
mod signatures;
mod tree;
mod wheels;

/// A target: its name in `fuzz/targets` and `fuzz/corpus`, and what it does with an input.
pub type Target = (&'static str, fn(&[u8]));

/// All targets, by name.
pub const TARGETS: [Target; 26] = [
    ("answers", answers::answers),
    ("apt", debian::apt),
    ("compressed", debian::compressed),
    ("deb", debian::deb),
    ("dockerfile", image::dockerfile),
    ("documents", image::documents),
    ("elf", python::elf),
    ("image_lock", image::image_lock),
    ("image_toml", image::image_toml),
    ("index_page", locks::index_page),
    ("install", wheels::install),
    ("keyring", release::keyring),
    ("layer", layers::layer),
    ("lock_names", locks::lock_names),
    ("marker", python::marker),
    ("marshal", marshal::marshal),
    ("packages", debian::packages),
    ("pylock", locks::pylock),
    ("pyproject", python::pyproject),
    ("record", wheels::record),
    ("reference", image::reference),
    ("release", release::release),
    ("requirements", locks::requirements),
    ("signatures", signatures::signatures),
    ("uv_lock", locks::uv_lock),
    ("wheel", wheels::wheel),
];

/// Runs the target of a name.
///
/// # Panics
/// When no target has the name; when the input is a finding.
pub fn run(name: &str, input: &[u8]) {
    let target = TARGETS.iter().find(|(known, _)| *known == name);
    let (_, target) = target.unwrap_or_else(|| panic!("no fuzz target is named {name}"));
    target(input);
}
