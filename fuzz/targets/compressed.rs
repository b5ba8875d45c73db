//! For libFuzzer: xz and gzip, with their limit.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| shipwheel_fuzz::run("compressed", input));
