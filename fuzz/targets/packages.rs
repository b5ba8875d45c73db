//! For libFuzzer: Debian's `Packages`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| shipwheel_fuzz::run("packages", input));
