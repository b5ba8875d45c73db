//! For libFuzzer: RECORD, WHEEL and the names of wheels.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| shipwheel_fuzz::run("record", input));
