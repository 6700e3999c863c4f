use clap::CommandFactory;

use super::*;
use crate::exit::Exit;

fn parse(words: &[&str]) -> Result<(Global, Request)> {
    let words = ["wbq"].iter().chain(words);
    let cli = Cli::try_parse_from(words).map_err(|error| Failure::usage(error.to_string()))?;
    cli.request()
}

fn sql(words: &[&str]) -> Source {
    match parse(words).unwrap().1 {
        Request::Sql(source) => source,
        other => panic!("{other:?}"),
    }
}

fn verb(words: &[&str]) -> Verb {
    match parse(words).unwrap().1 {
        Request::Verb(verb) => verb,
        other => panic!("{other:?}"),
    }
}

fn refused(words: &[&str]) -> String {
    let failure = parse(words).unwrap_err();
    assert_eq!(failure.exit, Exit::Usage);
    failure.lines().collect::<Vec<_>>().join("\n")
}

#[test]
fn the_manual_contradicts_itself_nowhere() {
    Cli::command().debug_assert();
}

#[test]
fn a_first_word_that_is_no_verb_is_sql() {
    assert_eq!(sql(&["SELECT 1"]), Source::Text("SELECT 1".into()));
    assert_eq!(sql(&["select"]), Source::Text("select".into()));
    assert_eq!(sql(&["-"]), Source::Stdin);
    assert_eq!(sql(&["-f", "a.sql"]), Source::File("a.sql".into()));
    assert_eq!(sql(&["--file", "a.sql"]), Source::File("a.sql".into()));
    assert_eq!(sql(&["--", "-- a comment\nSELECT 1"]), Source::Text("-- a comment\nSELECT 1".into()));
    assert!(matches!(parse(&[]).unwrap().1, Request::Nothing));
}

#[test]
fn global_options_stand_before_or_after_the_verb() {
    for words in [["--dir", "d", "stats"], ["stats", "--dir", "d"]] {
        let (global, request) = parse(&words).unwrap();
        assert_eq!(global.dir, Some("d".into()));
        assert!(matches!(request, Request::Verb(Verb::Stats(_))));
    }
    for words in [["--format", "csv", "SELECT 1"], ["SELECT 1", "--format", "csv"]] {
        assert_eq!(parse(&words).unwrap().0.format, Some(Format::Csv));
    }
    assert_eq!(parse(&["show", "r", "--key", "k"]).unwrap().0.key.as_deref(), Some("k"));
    assert_eq!(parse(&["user", "ls", "--key", "k"]).unwrap().0.key.as_deref(), Some("k"));
}

#[test]
fn the_key_of_a_new_user_is_not_the_key_that_lets_in() {
    let (global, request) = parse(&["--key", "mine", "user", "add", "bob", "--key", "bobs"]).unwrap();
    assert_eq!(global.key.as_deref(), Some("mine"));
    let Request::Verb(Verb::User(User::Add(add))) = request else { panic!("{request:?}") };
    assert_eq!((add.name.as_str(), add.users_key.as_deref()), ("bob", Some("bobs")));

    let (global, request) = parse(&["--key", "mine", "user", "add", "bob"]).unwrap();
    assert_eq!(global.key.as_deref(), Some("mine"));
    assert!(matches!(request, Request::Verb(Verb::User(User::Add(UserAdd { users_key: None, .. })))));
}

#[test]
fn a_word_near_a_verb_is_a_slip_and_no_sql() {
    assert!(refused(&["sevre"]).contains("did you mean \"serve\"?"));
    assert!(refused(&["stat"]).contains("did you mean \"stats\"?"));
    assert!(refused(&["shwo", "abc"]).contains("did you mean \"show\"?"));
    assert!(refused(&["sweep"]).contains("not in this version"));
    assert!(refused(&["SELECT", "1"]).contains("put it in quotes"));
}

#[test]
fn what_contradicts_itself_is_refused() {
    assert!(refused(&["SELECT 1", "-f", "x"]).contains("not in both"));
    assert!(refused(&["-f", "x", "stats"]).contains("no verb"));
    assert!(refused(&["SELECT 1", "stats"]).contains("more after"));
    assert!(refused(&["--as-of", "10 minutes ago", "stats"]).contains("goes with SQL"));
    refused(&["--dir", "d", "--server", "http://h", "SELECT 1"]);
    refused(&["--quiet", "--verbose", "SELECT 1"]);
    refused(&["--format", "xml", "SELECT 1"]);
    refused(&["serve", "--tls-cert", "x"]);
    refused(&["serve", "--crash-after", "soon"]);
    refused(&["user", "add", "Bob"]);
    refused(&["show"]);
    refused(&["stop"]);
}

#[test]
fn an_edit_is_read_to_the_letter() {
    let words = [
        "edit",
        "a",
        "b",
        "--name",
        "n",
        "--tag",
        "+x,-y",
        "--tag",
        "-z",
        "--config",
        "lr=0.1",
        "--config",
        "opt.name=sgd",
        "--summary",
        "best=null",
        "--summary",
        "eq=a=b",
    ];
    let Verb::Edit(edit) = verb(&words) else { panic!() };
    assert_eq!(edit.runs.runs, ["a", "b"]);
    assert_eq!(edit.name.as_deref(), Some("n"));
    assert_eq!(
        edit.tag,
        [TagChange::Add("x".into()), TagChange::Remove("y".into()), TagChange::Remove("z".into())]
    );
    let pairs =
        |list: &[Assignment]| list.iter().map(|a| format!("{} {}", a.key, a.value)).collect::<Vec<_>>();
    assert_eq!(pairs(&edit.config), ["lr 0.1", "opt.name \"sgd\""]);
    assert_eq!(pairs(&edit.summary), ["best null", "eq \"a=b\""]);
    refused(&["edit", "a", "--tag", "x"]);
    refused(&["edit", "a", "--config", "x"]);
}

#[test]
fn every_verb_ends_its_help_with_examples() {
    fn visit(command: &mut clap::Command) {
        let subs: Vec<_> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
        if subs.is_empty() {
            let help = command.render_long_help().to_string();
            let examples = help.rsplit("\n\n").next().unwrap_or_default();
            assert!(examples.starts_with("Examples:"), "{}: {help}", command.get_name());
        }
        for sub in subs {
            visit(command.find_subcommand_mut(&sub).unwrap());
        }
    }
    visit(&mut Cli::command());
}

#[test]
fn edits_count_what_a_finger_slips() {
    for (a, b, count) in
        [("", "", 0), ("serve", "serve", 0), ("sevre", "serve", 1), ("sho", "show", 1), ("x", "", 1)]
    {
        assert_eq!(edits(a, b), count, "{a} {b}");
    }
}
