//! For libFuzzer: tars laid over one another, written and read again.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| shipwheel_fuzz::run("layer", input));
