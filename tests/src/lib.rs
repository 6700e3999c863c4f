//! What crosses crates: the checklist of promises, folders of every released format, the server over
//! HTTP. The simulator of the store is a crate of its own, `sim/`, and so is the real server under load,
//! kills and full disks, `load/`.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `ids.toml` | the promises by id, and whether their part is built |
//! | `golden/v<N>/` | folders as format N wrote them, never edited |
//! | `tests/` | the tests, one binary |
//! | `e2e/` | the real client against the real server |
