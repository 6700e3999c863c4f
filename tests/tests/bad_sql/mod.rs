//! Hostile SQL (RELIABILITY 3: L6, L7, S7, S8): each case of `tests/bad/sql/` is answered as it says,
//! through the library and by the real server, and leaves no trace.

pub(crate) mod corpus;
mod http;
mod library;
mod outside;
