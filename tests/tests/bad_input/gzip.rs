//! Packed bodies: bombs, cut ones, damaged ones, several in one, and encodings that are not read.

use tokio::io::AsyncWriteExt as _;
use wbq_load::site::ADMIN;

use super::corpus::{Line, lines};
use super::json::post;
use super::{against_a_server, tells_too_much};
use crate::served::Served;

const OBJECT: &[u8] = br#"{"files":{}}"#;

/// The bytes that a line of steps makes; the README of the corpus says what each does.
fn made(steps: &str) -> Vec<u8> {
    let mut bytes: Vec<u8> = Vec::new();
    for step in steps.split(" | ") {
        let (verb, rest) = step.split_once(' ').unwrap_or((step, ""));
        let count = || rest.parse::<usize>().unwrap();
        match verb {
            "object" => bytes = OBJECT.to_vec(),
            "zeros" => bytes = vec![b' '; count()],
            "gzip" => bytes = gzip(&bytes),
            "zstd" => bytes = zstd::encode_all(bytes.as_slice(), 1).unwrap(),
            "cut" => bytes.truncate(bytes.len() - count()),
            "head" => bytes.truncate(count()),
            "twice" => bytes = bytes.repeat(2),
            "times" => bytes = bytes.repeat(count()),
            "add" => bytes.extend(hex(rest)),
            "set" => {
                let (at, byte) = rest.split_once(' ').unwrap();
                let at: i64 = at.parse().unwrap();
                let at = if at < 0 {
                    bytes.len() - usize::try_from(-at).unwrap()
                } else {
                    usize::try_from(at).unwrap()
                };
                bytes[at] = hex(byte)[0];
            }
            other => panic!("no step is called {other:?}"),
        }
    }
    bytes
}

fn hex(text: &str) -> Vec<u8> {
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let mut encoder = async_compression::tokio::write::GzipEncoder::new(Vec::new());
        encoder.write_all(bytes).await.unwrap();
        encoder.shutdown().await.unwrap();
        encoder.into_inner()
    })
}

fn fault(served: &Served<'_>, case: &Line) -> Option<String> {
    let (encoding, steps) = (case.is.as_str(), case.rest.as_str());
    let (status, steps) = steps.split_once(' ').unwrap();
    let fields = format!("Content-Type: application/json\r\nContent-Encoding: {encoding}\r\n");
    let answer = post(served, &format!("/files/{ADMIN}/p/victim/file_stream"), &fields, &made(steps));
    let is_wrong = answer.status.to_string() != status || tells_too_much(served, &answer.text);
    is_wrong.then(|| format!("not {}: {:.300}", answer.status, answer.text))
}

#[test]
fn t10_hostile_gzip_is_answered_as_the_corpus_says() {
    against_a_server(|served| {
        let mut faults = Vec::new();
        for case in lines("gzip", None) {
            faults.extend(served.after(&case.name, |served| (fault(served, &case), false)));
        }
        faults
    });
}
