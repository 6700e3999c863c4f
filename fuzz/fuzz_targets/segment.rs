//! See `src/segment.rs`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| wbq_fuzz::segment(data));
