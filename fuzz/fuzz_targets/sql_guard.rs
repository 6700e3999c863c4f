//! See `src/sql_guard.rs`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| wbq_fuzz::sql_guard(data));
