//! For libFuzzer: apt's relations, versions, sources and configuration.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| shipwheel_fuzz::run("apt", input));
