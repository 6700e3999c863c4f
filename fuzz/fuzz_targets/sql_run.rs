//! See `src/sql_run.rs`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| wbq_fuzz::sql_run(data));
