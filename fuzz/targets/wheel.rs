//! For libFuzzer: the bytes of a wheel.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| shipwheel_fuzz::run("wheel", input));
