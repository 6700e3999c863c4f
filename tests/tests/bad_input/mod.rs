//! Hostile input (T10; RELIABILITY 3: L1 to L5, S4, S8): each case of `tests/bad/{http,json,paths,graphql,gzip}/` over
//! the wire to the real server, which answers as the case says and is as it was.

mod corpus;
mod graphql;
mod gzip;
mod http;
mod json;
mod paths;
mod wire;

use wbq_load::site::{Kept, Site};

use crate::served::Served;

/// Runs cases against a server of their own, with a run `p/victim` beside the one that is written to, and fails with all
/// faults at once.
fn against_a_server(mut all: impl FnMut(&mut Served<'_>) -> Vec<String>) {
    let home = Kept::new();
    let mut site = Site::new(home.path().join("store"));
    let server = site.start();
    let mut served = Served::new(&server, &site.dir);
    served.begin("victim");
    // The first statement makes the query engine, whose memory stays.
    served.holds();
    let faults = all(&mut served);
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    let rows = served.rows;
    assert_eq!(served.holds().0, rows, "nothing that was acknowledged is lost");
    server.stop();
    assert!(!site.said().contains("panicked"), "{}", site.said());
}

/// S8: what an answer must not tell.
fn tells_too_much(served: &Served<'_>, text: &str) -> bool {
    [served.dir.to_str().unwrap(), served.server.key.as_str(), "/src/", ".rs:"]
        .iter()
        .any(|word| text.contains(word))
}
