//! For libFuzzer: the page of a project on a package index.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| shipwheel_fuzz::run("index_page", input));
