//! How cases become bytes; `tests/bad/README.md` says how they are written.

use crate::bad_sql::corpus::{cases_of, files_of, written_out};

/// A line of a file of cases: what is expected, and all behind it.
pub(super) struct Line {
    /// The file and how the line begins.
    pub(super) name: String,
    pub(super) is: String,
    pub(super) rest: String,
}

/// The lines of a folder of `tests/bad/`, of the file with this stem alone where one is given.
pub(super) fn lines(folder: &str, only: Option<&str>) -> Vec<Line> {
    let mut lines = Vec::new();
    for (file, text) in files_of(folder).iter().filter(|(file, _)| only.is_none_or(|only| file == only)) {
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (is, rest) = line.split_once(' ').unwrap();
            let name = format!("{file}: {line:.120}");
            lines.push(Line { name, is: is.to_owned(), rest: written_out(rest) });
        }
    }
    lines
}

/// A text as bytes: `{nul} {cr} {lf} {crlf} {tab}` and `{xHH}` are the bytes that they name.
pub(super) fn bytes(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        let (before, from) = rest.split_at(at);
        out.extend_from_slice(before.as_bytes());
        let (name, byte) = named(from).unwrap_or(("{", b"{".to_vec()));
        out.extend(byte);
        rest = from.strip_prefix(name).unwrap();
    }
    out.extend_from_slice(rest.as_bytes());
    out
}

/// The name that a text begins with, and the bytes it stands for.
fn named(text: &str) -> Option<(&str, Vec<u8>)> {
    let name = text.get(..=text.bytes().take("{nothing}".len()).position(|byte| byte == b'}')?)?;
    let bytes = match name {
        "{nul}" => vec![0],
        "{cr}" => vec![b'\r'],
        "{lf}" => vec![b'\n'],
        "{crlf}" => b"\r\n".to_vec(),
        "{tab}" => vec![b'\t'],
        "{nothing}" => Vec::new(),
        _ => vec![
            u8::from_str_radix(name.strip_prefix("{x")?.strip_suffix('}').filter(|hex| hex.len() == 2)?, 16)
                .ok()?,
        ],
    };
    Some((name, bytes))
}

#[test]
fn t10_the_corpus_of_hostile_input_has_its_size_and_its_names_are_told_apart() {
    let http: Vec<String> = cases_of("http").into_iter().map(|case| case.name).collect();
    let of = |folder| lines(folder, None).into_iter().map(|line| line.name).collect::<Vec<String>>();
    for (what, names, least) in [
        ("http", http, 150),
        ("json", of("json"), 120),
        ("paths", of("paths"), 120),
        ("graphql", of("graphql"), 60),
        ("gzip", of("gzip"), 30),
    ] {
        assert!(names.len() >= least, "{what}: {} cases", names.len());
        let apart: std::collections::BTreeSet<&String> = names.iter().collect();
        assert_eq!(apart.len(), names.len(), "{what}");
    }
}

#[test]
fn named_bytes_are_what_they_name_and_braces_stay() {
    assert_eq!(bytes("a{nul}{xff}{crlf}{\"b\":{}}{x"), b"a\0\xff\r\n{\"b\":{}}{x");
    assert_eq!(bytes("{{nul}{nothing}}"), b"{\0}");
}
