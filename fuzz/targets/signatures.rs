//! For libFuzzer: keys, bundles, and signatures under tags.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| shipwheel_fuzz::run("signatures", input));
