//! Projects that are deleted and come back, and the views that are kept of them.

use serde_json::{Value, json};

use crate::people::{Person, command, fill, grant, user};
use crate::support::{Harness, history};

#[test]
fn deleting_a_project_deletes_its_runs_and_each_can_be_brought_back() {
    let server = Harness::start();
    for (project, run) in [("p", "one"), ("p", "two"), ("p", "gone"), ("q", "other")] {
        server.init(project, run);
    }
    command(&server, &json!({ "command": "delete", "run": "alice/p/gone" }));
    let names = |project: &str| {
        let query =
            "query N($p: String) { project(name: $p) { id runCount runs { edges { node { name } } } } }";
        server.graphql(query, &json!({ "p": project }))["project"].clone()
    };
    let delete = |id: &Value| {
        let query = "mutation D($id: String!) { deleteModel(input: { id: $id }) { success } }";
        server.graphql_reply(query, &json!({ "id": id })).json()
    };
    // One of them was begun twice: both generations go, and come back.
    server.streamed("p", "two", &history(0, &[r#"{"_step":0}"#]));
    server.init("p", "two");
    let before = server.events().len();
    let id = names("p")["id"].clone();
    assert_eq!(delete(&id)["data"]["deleteModel"]["success"], true);
    assert_eq!((names("p"), names("q")["runCount"].clone()), (Value::Null, json!(1)));
    assert_eq!(server.events().len(), before + 4, "one that was deleted before is deleted as it was");
    let listed = || {
        let models = server.graphql("{ models { edges { node { name } } } }", &json!({}));
        let rows = Person { server: &server, key: server.key.clone() }
            .sql("SELECT project FROM projects", &json!({}));
        let of = |list: &Value, at: &str| {
            let names = list.as_array().unwrap().iter().map(|row| row.pointer(at).unwrap().as_str().unwrap());
            names.map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(of(&models["models"]["edges"], "/node/name"), of(&rows.json(), "/project"));
        of(&rows.json(), "/project")
    };
    assert_eq!(listed(), ["q"], "it is in no list");
    assert!(delete(&id)["errors"][0]["message"].as_str().unwrap().contains("not found"), "again is nothing");
    assert_eq!(server.events().len(), before + 4);
    command(&server, &json!({ "command": "undelete", "run": "alice/p/two" }));
    assert_eq!(names("p")["runs"]["edges"], json!([{ "node": { "name": "two" } }]));
    assert_eq!(listed(), ["p", "q"]);
    // A run that begins brings a project back, and so does who makes it anew.
    assert_eq!(delete(&id)["data"]["deleteModel"]["success"], true);
    server.init("p", "new");
    assert_eq!(names("p")["runs"]["edges"], json!([{ "node": { "name": "new" } }]));
    assert_eq!(delete(&id)["data"]["deleteModel"]["success"], true);
    let make = "mutation { upsertModel(input: { name: \"p\", entityName: \"alice\" }) { inserted } }";
    assert_eq!(server.graphql(make, &json!({}))["upsertModel"]["inserted"], true);
    assert_eq!((names("p")["runCount"].clone(), listed()), (json!(0), vec!["p".to_owned(), "q".to_owned()]));
    for wrong in [json!("nothing"), json!("UHJvamVjdDp2MTpub25lOmFsaWNl")] {
        assert!(delete(&wrong)["errors"][0]["message"].as_str().unwrap().contains("not found"));
    }
}

#[test]
fn views_are_kept_for_all_who_may_see_the_project() {
    let server = Harness::start();
    command(&server, &json!({ "command": "team_add", "name": "team" }));
    fill(&server, "team", "apple");
    let (bob, eve, zoe) = (user(&server, "bob"), user(&server, "eve"), user(&server, "zoe"));
    grant(&server, "bob", "writer", "team");
    grant(&server, "eve", "reader", "team");
    let save = |who: &Person<'_>, more: Value| {
        let mut body = json!({ "command": "view_save", "project": "team/apple-project", "name": "Best", "page": "table",
            "content": "?sort=-summary.loss" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        who.command(&body)
    };
    let list = |who: &Person<'_>| {
        let reply = who.command(&json!({ "command": "view_list", "project": "team/apple-project" }));
        (reply.status, reply.json()["views"].clone())
    };
    let first = save(&bob, json!({})).json()["id"].clone();
    let other = save(&bob, json!({ "name": "Losses", "page": "workspace" })).json()["id"].clone();
    assert_ne!(first, other);
    assert_eq!(
        save(&bob, json!({ "id": first, "name": "Worst", "content": "?sort=summary.loss" })).status,
        200
    );
    let (status, views) = list(&eve);
    let told = |id: &Value| views.as_array().unwrap().iter().find(|view| view["id"] == *id).unwrap().clone();
    assert_eq!((status, views.as_array().unwrap().len()), (200, 2));
    let mut worst = told(&first);
    assert!(worst["saved"].take().as_i64().unwrap() > 1_700_000_000_000_000_000);
    assert_eq!(
        worst,
        json!({ "id": first, "name": "Worst", "page": "table", "content": "?sort=summary.loss", "author": "bob",
            "saved": null })
    );
    assert_eq!(list(&zoe).0, 404, "who may not see the project sees no view of it");
    let before = server.read().durable;
    for (who, more, status, word) in [
        (&eve, json!({}), 403, "change nothing"),
        (&zoe, json!({}), 404, "no project"),
        (&bob, json!({ "id": "none" }), 404, "no view"),
        (&bob, json!({ "name": " " }), 400, "has a name"),
        (&bob, json!({ "page": "sql" }), 400, "workspace and table"),
        (&bob, json!({ "content": "x".repeat((64 << 10) + 1) }), 400, "65537 bytes"),
        (&bob, json!({ "project": "team" }), 404, "no project"),
    ] {
        let reply = save(who, more.clone());
        let message = reply.json()["errors"][0]["message"].as_str().unwrap().to_owned();
        assert!(reply.status == status && message.contains(word), "{}: {message}", reply.status);
    }
    let remove = |who: &Person<'_>, id: &Value| {
        who.command(&json!({ "command": "view_remove", "project": "team/apple-project", "id": id })).status
    };
    assert_eq!((remove(&eve, &other), remove(&zoe, &other), remove(&bob, &json!("none"))), (403, 404, 404));
    assert_eq!(server.read().durable, before, "what is refused leaves nothing");
    assert_eq!(remove(&bob, &other), 200);
    for number in 1..200 {
        assert_eq!(save(&bob, json!({ "name": number.to_string() })).status, 200);
    }
    let full = save(&bob, json!({}));
    assert!(full.status == 400 && full.text().contains("keeps 200 views"), "{}", full.text());
    assert_eq!(save(&bob, json!({ "id": first })).status, 200, "one that is there can be changed");
    let (bob, server) = (bob.key.clone(), server.restart());
    let (status, views) = {
        let bob = Person { server: &server, key: bob };
        let reply = bob.command(&json!({ "command": "view_list", "project": "team/apple-project" }));
        (reply.status, reply.json()["views"].as_array().unwrap().len())
    };
    assert_eq!((status, views), (200, 200));
}
