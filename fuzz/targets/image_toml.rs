//! For libFuzzer: image.toml.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| shipwheel_fuzz::run("image_toml", input));
