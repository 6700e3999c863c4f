//! The cases of `tests/bad/sql/`, whose README says how they are written; cases of other folders that are
//! written so are read by the same code.

use std::fs;
use std::path::Path;

/// One statement, or other text, that nobody should send.
pub(crate) struct Case {
    /// Where it stands.
    pub(crate) name: String,
    /// `ok`, or the kind of the error.
    pub(crate) is: String,
    /// Words of the message, or of the answer.
    pub(crate) says: String,
    pub(crate) statement: String,
}

/// All of them, in their order; `outside` and `url` stand where they are named.
pub(super) fn cases(outside: &str, url: &str) -> Vec<Case> {
    let mut cases = cases_of("sql");
    for case in &mut cases {
        let statement = case.statement.replace("{outside}", outside).replace("{url}", url);
        case.statement = statement.replace("{nul}", "\0").replace("{cr}", "\r");
    }
    cases
}

/// The cases in the files of a folder of `tests/bad/`, in their order.
pub(crate) fn cases_of(folder: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    for (file, text) in files_of(folder) {
        let (_, all) = text.split_at(text.find("-- case: ").unwrap());
        for case in all.split("-- case: ").skip(1) {
            let (name, rest) = case.split_once('\n').unwrap();
            let (is, rest) = rest.strip_prefix("-- is: ").unwrap().split_once('\n').unwrap();
            let said = rest.strip_prefix("-- says: ").and_then(|rest| rest.split_once('\n'));
            let (says, statement) = said.unwrap_or(("", rest));
            cases.push(Case {
                name: format!("{file}: {name}"),
                is: is.to_owned(),
                says: says.to_owned(),
                statement: written_out(statement.trim_end_matches('\n')),
            });
        }
    }
    cases
}

/// The files of a folder of `tests/bad/` beside its README, by name: the stem and the text of each.
pub(crate) fn files_of(folder: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("bad").join(folder);
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension != "md"));
    files.sort();
    let read = |path: &std::path::PathBuf| {
        (path.file_stem().unwrap().to_string_lossy().into_owned(), fs::read_to_string(path).unwrap())
    };
    files.iter().map(read).collect()
}

/// A statement with each `<<3|x>>` as `xxx`.
pub(crate) fn written_out(statement: &str) -> String {
    let mut parts = statement.split("<<");
    let mut out = parts.next().unwrap().to_owned();
    for part in parts {
        let repeated = part.split_once('|').and_then(|(times, rest)| {
            let (text, rest) = rest.split_once(">>")?;
            Some((times.parse::<usize>().ok()?, text, rest))
        });
        let Some((times, text, rest)) = repeated else {
            out.push_str("<<");
            out.push_str(part);
            continue;
        };
        (1..=times).for_each(|number| out.push_str(&text.replace('#', &number.to_string())));
        out.push_str(rest);
    }
    out
}

#[test]
fn the_corpus_of_hostile_sql_has_its_size_and_its_names_are_told_apart() {
    let all = cases("/outside", "http://nobody");
    assert!(all.len() >= 150, "{} cases", all.len());
    let names: std::collections::BTreeSet<_> = all.iter().map(|case| &case.name).collect();
    assert_eq!(names.len(), all.len());
    assert_eq!(written_out("a<<3|x#>>b<<2|()>>"), "ax1x2x3b()()");
    assert_eq!(written_out("SELECT 1 << 64"), "SELECT 1 << 64");
}
