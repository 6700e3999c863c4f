//! SQL over a snapshot of the store.
//!
//! A [`Database`] holds what the statements of a process share; [`Database::query`] runs one
//! statement over one [`engine::Snapshot`] and gives an [`Answer`], whose batches `output` writes as
//! text, JSON, CSV, Parquet or Arrow. Nothing of the query engine underneath shows but Arrow's batches.
//!
//! | where | the question it answers |
//! | --- | --- |
//! | `session.rs` | how a statement is run, and when it ends |
//! | `guard.rs` | what text and plans are refused |
//! | `resolver/` | what the names in a statement mean |
//! | `catalog.rs` | which provider stands for a table |
//! | `tables/` | which tables and columns there are, and what is in them |
//! | `scan/` | how a table becomes batches, and what is not read |
//! | `moment.rs` | how a moment of the past is written |
//! | `output/` | how batches become bytes |

mod answer;
mod catalog;
mod describe;
pub mod docs;
mod error;
mod functions;
mod guard;
pub mod limits;
mod memory;
pub mod moment;
pub mod output;
mod resolver;
mod scan;
mod session;
mod tables;

pub use answer::{Answer, is_json_field};
pub use error::{Error, ErrorKind};
pub use guard::{condition, split};
pub use limits::Limits;
pub use resolver::keys;
pub use session::{Database, QueryOptions};
