//! For libFuzzer: image.lock.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| shipwheel_fuzz::run("image_lock", input));
