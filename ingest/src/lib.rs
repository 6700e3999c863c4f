//! The server: the W&B protocol, SQL over HTTP, the web app, in front of an [`engine::Store`].
//!
//! The path of a request: address and `Host` → route and role → body within limits → translated
//! into events (pure) → [`engine::Store::append`] → answer. Nothing is answered with a 2xx before
//! it is durable.
//!
//! | folder | the question it answers |
//! | --- | --- |
//! | `routes.rs` | which addresses there are, and who may call them |
//! | `http/` | what holds for every request: keys, sessions, limits, errors, health, metrics; the web app's files |
//! | `wandb/` | what the `wandb` client asks, and which events that becomes |
//! | `import/` | how logs of the client become the same events without it |
//! | `api/` | SQL and the commands of `wbq` |
//! | `feed.rs` | how events reach those who follow them |

mod access;
pub mod api;
mod app;
pub mod decisions;
mod error;
mod feed;
mod guarded;
mod http;
pub mod import;
mod options;
pub mod parse;
mod people;
mod routes;
mod scrub;
mod server;
mod silence;
mod unshown;
mod wandb;

pub use error::Error;
pub use options::{Limits, ServerOptions};
pub use people::new_key;
pub use routes::{Role, RouteInfo, routes};
pub use server::Server;
