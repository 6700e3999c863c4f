//! Commands over HTTP and on a folder, by the same code.

use ingest::api::commands::{Command, CommandError, CommandOutcome, Edit, execute};
use serde_json::{Value, json};

use crate::support::{Harness, sorted};

fn command(server: &Harness, body: &Value) -> Value {
    let reply = server.ask("POST", "/api/commands", &body.to_string());
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

#[test]
fn an_edit_changes_what_it_names_and_nothing_else() {
    let server = Harness::start();
    let config = r#"{"lr":{"value":1},"o":{"value":{"a":1,"b":2}},"a.b":{"value":1}}"#;
    server.upsert(&json!({ "name": "r", "project": "p", "host": "h", "config": config, "tags": ["x", "y"], "notes": "n" }));
    let edit = json!({
        "command": "edit", "run": "r", "name": "new name", "tags_add": ["z", "x"], "tags_remove": ["y"], "group": "g",
        "config": [["lr", 0.5], ["o.b", [1, 2]], ["a.b", 2], ["new.path", "x"]], "summary": [["best", 9007199254740993_i64]],
    });
    assert_eq!(
        command(&server, &edit),
        json!({ "outcome": "run", "run": "alice/p/r", "changed": true, "message": null })
    );
    assert_eq!(command(&server, &edit)["changed"], false);
    let run = server.run("p", "r");
    assert_eq!(
        (&run["displayName"], &run["notes"], &run["group"]),
        (&json!("new name"), &json!("n"), &json!("g"))
    );
    assert_eq!(run["tags"], json!(["x", "z"]));
    let expected = r#"{"a.b":{"value":2},"lr":{"value":0.5},"new":{"value":{"path":"x"}},"o":{"value":{"a":1,"b":[1,2]}}}"#;
    assert_eq!(sorted(run["config"].as_str().unwrap()), expected);
    assert_eq!(run["summaryMetrics"], r#"{"best":9007199254740993}"#);
    command(&server, &json!({ "command": "edit", "run": "p/r", "notes": "" }));
    assert_eq!(server.run("p", "r")["notes"], Value::Null);
}

#[test]
fn stop_delete_and_undelete_say_what_they_did() {
    let server = Harness::start();
    server.init("p", "r");
    let did =
        |name: &str| command(&server, &json!({ "command": name, "run": "alice/p/r" }))["changed"].clone();
    assert_eq!([did("stop"), did("stop")], [json!(true), json!(false)]);
    assert_eq!(did("delete"), true);
    assert_eq!(server.run("p", "r"), Value::Null);
    assert_eq!(server.stream("p", "r", &json!({})).status, 404, "a deleted run takes no data");
    assert_eq!([did("undelete"), did("undelete")], [json!(true), json!(false)]);
    assert_eq!(server.state("p", "r"), "running");
    let gone = server.ask("POST", "/api/commands", &json!({ "command": "stop", "run": "nope" }).to_string());
    assert_eq!(
        (gone.status, gone.json()["errors"][0]["message"].as_str()),
        (404, Some("there is no run \"nope\""))
    );
}

#[test]
fn a_name_that_fits_several_runs_lists_them() {
    let server = Harness::start();
    for project in ["p", "q"] {
        server.init(project, "r");
    }
    let reply = server.ask("POST", "/api/commands", &json!({ "command": "stop", "run": "r" }).to_string());
    assert_eq!(reply.status, 400);
    let message = reply.json()["errors"][0]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("alice/p/r, alice/q/r"), "{message}");
    command(&server, &json!({ "command": "stop", "run": "q/r" }));
    assert_eq!(server.run("p", "r")["stopped"], false);
}

#[test]
fn a_folder_without_a_server_takes_the_same_commands() {
    let mut server = Harness::start();
    server.init("p", "r");
    server.stop().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let store = engine::Store::open(engine::Options::new(server.path())).unwrap();
    let done = |command| runtime.block_on(execute(&store, "root", command));
    let edit = Edit { run: "r".into(), name: Some("by hand".into()), ..Edit::default() };
    let changed = CommandOutcome::Run { run: "alice/p/r".into(), changed: true, message: None };
    assert_eq!(done(Command::Edit(edit)).unwrap(), changed);
    let added = done(Command::UserAdd { name: "bob".into(), key: None, password: None }).unwrap();
    let CommandOutcome::UserAdded { key, .. } = &added else { panic!("{added:?}") };
    assert_eq!(key.split_once('-').unwrap().1.len(), 40);
    assert!(matches!(
        done(Command::UserAdd { name: "bob".into(), key: None, password: None }),
        Err(CommandError::Invalid(_))
    ));
    assert!(matches!(
        done(Command::UserAdd { name: "Bob".into(), key: None, password: None }),
        Err(CommandError::Invalid(_))
    ));
    assert!(matches!(
        done(Command::UserAdd { name: "eve".into(), key: Some("short".into()), password: None }),
        Err(CommandError::Invalid(_))
    ));
    let listed = done(Command::UserList).unwrap();
    let CommandOutcome::Users { users } = listed else { panic!("{listed:?}") };
    assert_eq!(
        users.iter().map(|user| (user.name.as_str(), user.admin)).collect::<Vec<_>>(),
        [("alice", true), ("bob", false)]
    );
    assert!(matches!(done(Command::Stop { run: "x/r".into() }), Err(CommandError::NotFound(_))));
    store.close().unwrap();
}
