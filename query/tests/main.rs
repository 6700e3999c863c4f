//! What SQL promises, over real stores.

mod bounds;
mod fixture;
mod history;
mod names;
mod runs;
mod tables;
