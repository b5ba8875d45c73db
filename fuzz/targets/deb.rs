//! For libFuzzer: `.deb` archives, and the base that they become.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| shipwheel_fuzz::run("deb", input));
