//! For libFuzzer: headers and bodies that registries answer.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| shipwheel_fuzz::run("answers", input));
