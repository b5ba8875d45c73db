//! For libFuzzer: pylock.toml, and the wheels that it gives.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| shipwheel_fuzz::run("pylock", input));
