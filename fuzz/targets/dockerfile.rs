//! For libFuzzer: Dockerfiles.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| shipwheel_fuzz::run("dockerfile", input));
