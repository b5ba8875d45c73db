//! For libFuzzer: manifests, indexes and configs.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| shipwheel_fuzz::run("documents", input));
