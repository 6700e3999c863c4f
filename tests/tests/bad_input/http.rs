//! Framing, heads, lines, bodies, pipelines, and who takes their time.

use std::thread;
use std::time::Duration;

use super::corpus::bytes;
use super::wire::{Expected, converse};
use super::{against_a_server, tells_too_much};
use crate::bad_sql::corpus::{Case, cases_of};
use crate::served::Served;

/// How long a connection may be silent before it must have been answered or closed.
const QUICK: Duration = Duration::from_secs(10);
/// The same, of those who say too little: more than a head (10 s) and a pause within a body (30 s) may take.
const SLOW: Duration = Duration::from_secs(45);

/// The bytes of a case: lines end as HTTP has it, and a key stands where `{key}` does.
fn request(case: &Case, key: &str) -> Vec<u8> {
    let text = case.statement.replace('\n', "{crlf}").replace("{end}", "{crlf}{crlf}");
    bytes(&text.replace("{key}", &format!("Authorization: Bearer {key}")))
}

/// What is wrong with how a case is answered.
fn fault(served: &Served<'_>, case: &Case, within: Duration) -> Option<String> {
    let address = served.server.url.strip_prefix("http://").unwrap();
    let (answers, end) = case.is.rsplit_once(' ').unwrap_or(("", &case.is));
    let count = if answers.is_empty() { 0 } else { answers.split(' ').count() };
    let expected = Expected { answers: count, end, within };
    let (heard, ended) = converse(address, &request(case, &served.server.key), &expected);
    let statuses: Vec<String> = heard.iter().map(|answer| answer.status.to_string()).collect();
    let is = [statuses.join(" ").as_str(), ended].join(" ").trim().to_owned();
    let told = heard.iter().find(|answer| tells_too_much(served, &answer.text));
    if let Some(answer) = told {
        return Some(format!("it tells too much: {:.300}", answer.text));
    }
    let texts: Vec<&str> = heard.iter().map(|answer| answer.text.as_str()).collect();
    (is != case.is).then(|| format!("{:?}, not {is:?}: {:.300}", case.is, texts.join(" | ")))
}

#[test]
fn t10_hostile_http_is_answered_as_the_corpus_says() {
    against_a_server(|served| {
        let (slow, quick): (Vec<Case>, Vec<Case>) =
            cases_of("http").into_iter().partition(|case| case.name.starts_with("slow"));
        let mut faults = Vec::new();
        for case in &quick {
            faults.extend(served.after(&case.name, |served| (fault(served, case, QUICK), false)));
        }
        let all = "slow, all at once, while others are served";
        faults.extend(slow_ones(served, &slow).into_iter().map(|fault| format!("{all}: {fault}")));
        faults
    });
}

/// The slow cases at once; good writes go on beside them.
fn slow_ones(served: &mut Served<'_>, cases: &[Case]) -> Vec<String> {
    let (_, events) = served.holds();
    let server = served.server;
    let dir = served.dir;
    let faults = thread::scope(|scope| {
        let talks: Vec<_> = cases
            .iter()
            .map(|case| {
                let seen = Served { server, client: server.client(), dir, rows: 0 };
                scope.spawn(move || fault(&seen, case, SLOW).map(|fault| format!("{}: {fault}", case.name)))
            })
            .collect();
        while talks.iter().any(|talk| !talk.is_finished()) {
            served.writes();
            thread::sleep(Duration::from_millis(200));
        }
        talks.into_iter().filter_map(|talk| talk.join().unwrap()).collect::<Vec<String>>()
    });
    assert_eq!(served.holds(), (served.rows, events), "nothing is written but what was acknowledged");
    faults
}
