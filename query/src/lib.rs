//! SQL over a snapshot of the store.
//!
//! A [`Database`] holds what the statements of a process share; [`Database::query`] runs one
//! statement over one [`engine::Snapshot`] and gives an [`Answer`], whose batches `output` writes as
//! text, JSON, CSV, Parquet or Arrow. Nothing of the query engine underneath shows but Arrow's batches.
//!
//! | where | the question it answers |
//! | --- | --- |
//! | `session.rs` | how a statement is run, and when it ends |
//! | `guard.rs`, `blowup.rs`, `frames.rs` | what text and plans are refused |
//! | `resolver/` | what the names in a statement mean |
//! | `catalog.rs` | which provider stands for a table |
//! | `runs_table/` | what a page of runs, or of groups of runs, shows |
//! | `tables/` | which tables and columns there are, and what is in them |
//! | `filter/` | which runs are meant, as people and the W&B client write it |
//! | `scan/` | how a table becomes batches, and what is not read |
//! | `chart/` | how series of runs become buckets |
//! | `functions/` | which functions a statement can call, and what ours do |
//! | `smooth.rs` | how a line is smoothed |
//! | `live.rs` | how an event is told while it happens |
//! | `moment.rs` | how a moment of the past is written |
//! | `environment.rs` | where a statement writes what does not fit in memory |
//! | `watch.rs` | how a statement is kept within its time and memory while it runs |
//! | `output/` | how batches become bytes |
//! | `whole_history.rs` | all that a run logged, as one statement |

mod answer;
mod blowup;
mod catalog;
pub mod chart;
mod describe;
pub mod docs;
mod environment;
mod error;
pub mod filter;
mod frames;
mod functions;
mod guard;
pub mod limits;
pub mod live;
mod memory;
pub mod moment;
pub mod output;
mod resolver;
pub mod runs_table;
mod scan;
mod session;
pub mod smooth;
mod tables;
mod watch;
pub mod whole_history;

pub use answer::{Answer, is_json_field};
pub use error::{Error, ErrorKind};
pub use guard::{condition, split};
pub use limits::Limits;
pub use resolver::keys;
pub use session::{Database, QueryOptions};
