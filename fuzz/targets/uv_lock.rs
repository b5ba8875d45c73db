//! For libFuzzer: uv.lock.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| shipwheel_fuzz::run("uv_lock", input));
