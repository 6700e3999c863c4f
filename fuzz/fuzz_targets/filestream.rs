//! See `src/filestream.rs`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| wbq_fuzz::filestream(data));
