//! See `src/wandb_file.rs`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| wbq_fuzz::wandb_file(data));
