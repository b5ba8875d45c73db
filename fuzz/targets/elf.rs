//! For libFuzzer: ELF files.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| shipwheel_fuzz::run("elf", input));
