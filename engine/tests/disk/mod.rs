//! The disks: what every one must do, and what the simulated one promises besides.

mod contract;
mod simulated;
