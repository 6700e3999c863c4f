//! The layers T5, T6 and T9 as each CI run has them; the long runs are `cargo xtask soak`.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "tests tell what was reached"
)]

mod full;
mod kill;
mod soak;
