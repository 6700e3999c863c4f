//! See `src/json_event.rs`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| wbq_fuzz::json_event(data));
