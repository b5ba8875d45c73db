//! For libFuzzer: the distributions that a file of any form names.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| shipwheel_fuzz::run("lock_names", input));
