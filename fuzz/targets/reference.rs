//! For libFuzzer: references, digests and platforms.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| shipwheel_fuzz::run("reference", input));
