//! For libFuzzer: the files of a wheel, installed.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| shipwheel_fuzz::run("install", input));
