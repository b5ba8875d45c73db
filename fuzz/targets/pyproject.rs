//! For libFuzzer: pyproject.toml.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| shipwheel_fuzz::run("pyproject", input));
