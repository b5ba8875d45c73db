//! For libFuzzer: OpenPGP keyrings, messages and signatures.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| shipwheel_fuzz::run("keyring", input));
