//! For libFuzzer: marshalled code objects and their canonical form.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| shipwheel_fuzz::run("marshal", input));
