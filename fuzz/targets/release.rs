//! For libFuzzer: Debian's signed `Release`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| shipwheel_fuzz::run("release", input));
