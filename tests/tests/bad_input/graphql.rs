//! Documents that are deep, wide, circular, or none.

use serde_json::json;

use super::corpus::{Line, bytes, lines};
use super::json::{AS_JSON, graphql_is, post};
use super::{against_a_server, tells_too_much};
use crate::served::Served;

fn fault(served: &Served<'_>, case: &Line) -> Option<String> {
    let document = String::from_utf8(bytes(&case.rest)).unwrap();
    let answer = post(served, "/graphql", AS_JSON, json!({ "query": document }).to_string().as_bytes());
    let is = graphql_is(&answer);
    (is != case.is || tells_too_much(served, &answer.text))
        .then(|| format!("{}, not {is}: {:.300}", case.is, answer.text))
}

#[test]
fn t10_hostile_graphql_is_answered_as_the_corpus_says() {
    against_a_server(|served| {
        let mut faults = Vec::new();
        for case in lines("graphql", None) {
            faults.extend(served.after(&case.name, |served| (fault(served, &case), false)));
        }
        faults
    });
}
