//! For libFuzzer: requirements.txt and its input.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| shipwheel_fuzz::run("requirements", input));
