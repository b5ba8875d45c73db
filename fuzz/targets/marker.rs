//! For libFuzzer: markers, dependencies and names.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| shipwheel_fuzz::run("marker", input));
