//! See `src/parquet_in.rs`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| wbq_fuzz::parquet_in(data));
