//! The endpoint, the schema, and what a run's start and resume answer.

use serde_json::{Value, json};

use crate::support::{Harness, history};

#[test]
fn the_viewer_is_whom_the_key_belongs_to() {
    let server = Harness::start();
    let viewer = server.graphql(
        "query Viewer { viewer { id entity username email flags teams { edges { node { name } } } } }",
        &Value::Null,
    );
    let viewer = &viewer["viewer"];
    assert_eq!((&viewer["entity"], &viewer["username"]), (&json!("alice"), &json!("alice")));
    assert!(
        viewer["id"].is_string() && serde_json::from_str::<Value>(viewer["flags"].as_str().unwrap()).is_ok()
    );
    let features =
        server.graphql("query { serverInfo { features { name isEnabled } cliVersionInfo } }", &Value::Null);
    assert!(
        features["serverInfo"]["features"]
            .as_array()
            .unwrap()
            .contains(&json!({ "name": "FILESTREAM_GZIP", "isEnabled": true }))
    );
    let organization = "query OrganizationCoreWeaveOrganizationID($entityName: String!) { entity(name: $entityName) { organization { coreWeaveOrganizationId } } }";
    assert_eq!(
        server.graphql(organization, &json!({ "entityName": "alice" })),
        json!({ "entity": { "organization": null } })
    );
}

#[test]
fn a_run_is_made_with_its_project_and_a_name() {
    let server = Harness::start();
    let made = server.upsert(&json!({ "name": "r", "host": "h", "groupName": "g", "jobType": "j", "notes": "n", "tags": ["b", "a", "b"] }));
    let bucket = &made["bucket"];
    assert_eq!(
        (&bucket["project"]["name"], &bucket["project"]["entity"]["name"]),
        (&json!("uncategorized"), &json!("alice"))
    );
    let name = bucket["displayName"].as_str().unwrap();
    assert!(name.split('-').count() == 3 && name.ends_with("-1"), "{name}");
    let run = server.run("uncategorized", "r");
    assert_eq!(
        (&run["group"], &run["jobType"], &run["notes"], &run["tags"]),
        (&json!("g"), &json!("j"), &json!("n"), &json!(["b", "a"]))
    );
    assert!(server.init("uncategorized", "r2")["displayName"].as_str().unwrap().ends_with("-2"));
    let drawn = server.upsert(&json!({ "project": "p", "host": "h" }));
    assert_eq!(drawn["bucket"]["name"].as_str().unwrap().len(), 8, "an id is drawn where none is given");
    let renamed =
        server.upsert(&json!({ "id": bucket["id"], "name": "r", "displayName": "mine", "tags": [] }));
    assert_eq!(renamed["bucket"]["displayName"], "mine");
    let run = server.run("uncategorized", "r");
    assert_eq!((&run["tags"], &run["notes"]), (&json!([]), &json!("n")));
}

#[test]
fn runs_made_at_once_get_different_numbers() {
    let server = Harness::start();
    let mut numbers: Vec<String> = std::thread::scope(|scope| {
        let made: Vec<_> = (0..16)
            .map(|n| {
                let server = &server;
                scope.spawn(move || {
                    server.init("p", &format!("r{n}"))["displayName"]
                        .as_str()
                        .unwrap()
                        .rsplit('-')
                        .next()
                        .unwrap()
                        .to_owned()
                })
            })
            .collect();
        made.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    numbers.sort();
    numbers.dedup();
    assert_eq!(numbers.len(), 16);
}

#[test]
fn config_is_replaced_and_environments_are_merged() {
    let server = Harness::start();
    let config = |json: &str| {
        server.upsert(&json!({ "name": "r", "project": "p", "entity": "alice", "config": json }))
    };
    server.init("p", "r");
    config(
        r#"{"a":{"value":1},"_wandb":{"value":{"t":{"5":"x"},"cli_version":"0.31.0","e":{"w1":{"host":"h1","startedAt":"2026-11-23T07:37:59.724994Z"}}}}}"#,
    );
    config(
        r#"{"b":{"value":{"c":NaN}},"_wandb":{"value":{"t":{"5":"y"},"e":{"w2":{"host":"h2","startedAt":"2026-11-23T08:00:00Z"}}}}}"#,
    );
    let run = server.run("p", "r");
    let config = engine::Value::from_json(run["config"].as_str().unwrap().as_bytes()).unwrap();
    assert_eq!(config.get("b").unwrap().to_json(), r#"{"value":{"c":NaN}}"#);
    assert!(config.get("a").is_none());
    let writers =
        config.get("_wandb").unwrap().get("value").unwrap().get("e").unwrap().as_map().unwrap().len();
    assert_eq!((writers, run["wandbConfig"].as_str()), (2, Some(r#"{"t":{"5":"y"}}"#)));
    let snapshot = server.read();
    let run = snapshot.projection.run_at(0).unwrap().unwrap();
    assert_eq!(run.text(engine::Attribute::Host), Some("h2"));
    assert_eq!(run.started(), 1_795_419_479_724_994_000, "a run began with its first process");
    assert_eq!(run.text(engine::Attribute::ClientVersion), Some("0.31.0"));
}

#[test]
fn a_resume_finds_where_to_go_on() {
    let server = Harness::start();
    let query = "query RunResumeStatus($project: String, $entity: String, $name: String!) { model(name: $project, entityName: $entity) { id name entity { id name } bucket(name: $name, missingOk: true) { id name summaryMetrics displayName logLineCount historyLineCount eventsLineCount historyTail eventsTail config tags notes wandbConfig(keys: [\"t\"]) } } }";
    let status = |name: &str| server.graphql(query, &json!({ "project": "p", "entity": null, "name": name }));
    assert_eq!(status("r"), json!({ "model": null }));
    server.init("p", "r");
    assert_eq!(status("other")["model"]["bucket"], Value::Null);
    let fresh = status("r")["model"]["bucket"].clone();
    assert_eq!(
        (&fresh["historyTail"], &fresh["eventsTail"], &fresh["historyLineCount"]),
        (&json!("[]"), &json!("[]"), &json!(0))
    );
    server.streamed("p", "r", &history(0, &[r#"{"_step":0,"loss":1}"#, r#"{"_step":4,"loss":NaN}"#]));
    let tail = status("r")["model"]["bucket"]["historyTail"].as_str().unwrap().to_owned();
    assert_eq!(tail, r#"["{\"_step\":4,\"loss\":NaN}"]"#);
}

#[test]
fn what_is_unknown_or_wrong_is_answered_with_errors() {
    let server = Harness::start();
    server.init("p", "r");
    let message = |query: &str, variables: &Value| {
        let reply = server.graphql_reply(query, variables);
        let json = reply.json();
        assert_eq!(reply.status, 200, "{json}");
        json["errors"][0]["message"].as_str().unwrap_or_else(|| panic!("{json}")).to_owned()
    };
    assert!(message("query { nothing }", &Value::Null).contains("nothing"));
    assert!(
        message("mutation { upsertSweep(input: {}) { sweep { id } } }", &Value::Null).contains("upsertSweep")
    );
    assert!(message("query {", &Value::Null).contains("expected"));
    assert!(message("", &Value::Null).contains("expected"));
    let runs = "query($f: JSONString, $o: String) { project(name: \"p\", entityName: \"alice\") { runs(filters: $f, order: $o) { totalCount } } }";
    assert!(message(runs, &json!({ "f": "{\"state\":{\"$near\":1}}" })).contains("$near"));
    assert!(message(runs, &json!({ "f": "{" })).contains("no JSON"));
    assert!(message(runs, &json!({ "o": "-stat" })).contains("stat"));
    let alert = "mutation { notifyScriptableRunAlert(input: { entityName: \"alice\", projectName: \"p\", runName: \"x\", title: \"t\", text: \"x\" }) { success } }";
    assert!(message(alert, &Value::Null).contains("x not found"));
    assert!(
        message("{ project(name: \"p\") { runQueue(name: \"q\") { id } } }", &Value::Null)
            .contains("launch queues")
    );
    for (variables, status, part) in [
        (json!({ "name": "a/b", "host": "h" }), 400, "invalid run id"),
        (json!({ "name": "r", "project": "a:b", "host": "h" }), 400, "invalid project name"),
        (json!({ "name": "r", "entity": "graphql", "host": "h" }), 400, "invalid entity"),
        (json!({ "name": "r", "tags": [""], "host": "h" }), 400, "Invalid tag"),
        (json!({ "name": "r", "config": "{", "host": "h" }), 400, "the config is not JSON"),
        (json!({ "name": "r", "notes": "x".repeat((1 << 20) + 1), "host": "h" }), 400, "the notes"),
        (json!({ "id": "nonsense", "config": "{}" }), 404, "not found"),
    ] {
        let reply = server.graphql_reply(crate::support::UPSERT, &variables);
        let json = reply.json();
        assert_eq!(reply.status, status, "{json}");
        assert!(json["errors"][0]["message"].as_str().unwrap().contains(part), "{json}");
    }
    assert_eq!(server.read().projection.run_count(), 1, "nothing was stored");
}

#[test]
fn variables_that_are_not_declared_are_ignored_and_introspection_is_on() {
    let server = Harness::start();
    let id = server.init("p", "r")["id"].clone();
    let query = "query Q { __type(name: \"Run\") { fields { name } } }";
    let fields = server.graphql(query, &json!({ "undeclared": [1, 2] }));
    assert!(fields["__type"]["fields"].as_array().unwrap().contains(&json!({ "name": "historyTail" })));
    let delete = "mutation DeleteRun($id: ID!) { deleteRun(input: { id: $id }) { clientMutationId } }";
    let deleted = server.graphql(delete, &json!({ "id": id, "deleteArtifacts": false }));
    assert_eq!(deleted, json!({ "deleteRun": { "clientMutationId": null } }));
    assert_eq!(server.run("p", "r"), Value::Null);
    // The id may be used again, as a new generation.
    assert_eq!(server.upsert(&json!({ "name": "r", "project": "p", "host": "h" }))["inserted"], true);
}

#[test]
fn documents_are_bounded() {
    let server = Harness::start();
    let refused = |query: &str| {
        let reply = server.graphql_reply(query, &Value::Null);
        assert_eq!(reply.status, 200);
        reply.json()["errors"][0]["message"]
            .as_str()
            .unwrap_or_else(|| panic!("taken: {}", &query[..60]))
            .to_owned()
    };
    let nested = |levels: usize| {
        format!(
            "query {{ viewer {{ {} name {} }} }}",
            "teams { edges { node { user {".repeat(levels),
            "}}}}".repeat(levels)
        )
    };
    assert!(refused(&nested(6)).contains("too deep"));
    assert!(server.graphql_reply(&nested(2), &Value::Null).json().get("errors").is_none());
    refused(&format!("query {{ {} {} }}", "viewer {".repeat(20_000), "}".repeat(20_000)));
    assert!(
        refused(&format!(
            "query {{ {} }}",
            (0..51).map(|n| format!("a{n}: viewer {{ id }} ")).collect::<String>()
        ))
        .contains("aliases")
    );
    assert!(refused(&format!("query {{ {} }}", "viewer { id } ".repeat(300))).contains("500 fields"));
    assert!(refused(&format!("query {{ viewer {{ id }} }} # {}", "x".repeat(64 << 10))).contains("65536"));
    let long = json!({ "n": "x".repeat(10 << 20) });
    let query = "query($n: String) { project(name: \"p\") { run(name: \"\", desc: $n) { id } } }";
    assert_eq!(server.graphql_reply(query, &long).status, 200, "variables may be large");
    assert_eq!(server.ask("POST", "/graphql", "[{\"query\":\"{viewer{id}}\"}]").status, 400, "no batches");
}

#[test]
fn history_can_be_paged_sampled_and_narrowed() {
    let server = Harness::start();
    server.init("p", "r");
    let lines: Vec<String> = (0..100)
        .map(|step| match step % 2 {
            0 => format!(r#"{{"_step":{step},"loss":{}.5,"even":true}}"#, step),
            _ => format!(r#"{{"_step":{step},"loss":NaN}}"#),
        })
        .collect();
    for (offset, part) in (0i64..).zip(lines.chunks(10)) {
        server.streamed(
            "p",
            "r",
            &history(offset * 10, &part.iter().map(String::as_str).collect::<Vec<_>>()),
        );
    }
    let ask = |field: &str, variables: &Value| {
        let query = format!(
            "query Q($min: Int64, $max: Int64, $n: Int, $spec: JSONString!) {{ project(name: \"p\", entityName: \"alice\") {{ run(name: \"r\") {{ {field} }} }} }}"
        );
        let query = if field.contains("spec") {
            query.replace("$min: Int64, $max: Int64, $n: Int, ", "")
        } else {
            query.replace(", $spec: JSONString!", "")
        };
        server.graphql(&query, variables)["project"]["run"].clone()
    };
    let page = ask(
        "history(minStep: $min, maxStep: $max, samples: $n)",
        &json!({ "min": 10, "max": 20, "n": 1000 }),
    );
    assert_eq!(page["history"].as_array().unwrap().len(), 10, "the last step is not included");
    let sampled = ask("history(minStep: $min, maxStep: $max, samples: $n)", &json!({ "n": 7 }));
    assert_eq!(sampled["history"].as_array().unwrap().len(), 7);
    let spec = json!({ "keys": ["_step", "loss", "even"], "minStep": 10, "maxStep": 20, "samples": 100 })
        .to_string();
    let rows = ask("sampledHistory(specs: [$spec])", &json!({ "spec": spec }))["sampledHistory"][0].clone();
    assert_eq!(
        rows.as_array().unwrap().len(),
        6,
        "only rows that have every key, the last step included: {rows}"
    );
    assert_eq!(rows[0], json!({ "_step": 10, "loss": 10.5, "even": true }));
    let spec = json!({ "keys": ["_step", "even", "_step"], "samples": 1000 }).to_string();
    let rows = ask("sampledHistory(specs: [$spec])", &json!({ "spec": spec }))["sampledHistory"][0].clone();
    assert_eq!(rows.as_array().unwrap().len(), 50, "a key named twice is asked for once");
    let spec = json!({ "keys": ["loss"], "samples": 2 }).to_string();
    let rows = ask("sampledHistory(specs: [$spec])", &json!({ "spec": spec }))["sampledHistory"][0].clone();
    assert_eq!(rows, json!([{ "loss": 0.5 }, { "loss": "NaN" }]), "no bare NaN where JSON is strict");
    let keys = server.graphql("query { project(name: \"p\") { run(name: \"r\") { historyKeys parquetHistory(liveKeys: [\"_step\"]) { parquetUrls liveData } } } }", &Value::Null);
    let run = &keys["project"]["run"];
    assert_eq!(
        (&run["historyKeys"]["lastStep"], &run["historyKeys"]["keys"]["even"]["typeCounts"][0]["count"]),
        (&json!(99), &json!(50))
    );
    assert_eq!(run["parquetHistory"], json!({ "parquetUrls": [], "liveData": [{ "_step": 0 }] }));
}

#[test]
fn projects_and_runs_are_listed_in_pages() {
    let server = Harness::start();
    for n in 0..5 {
        server.init("p", &format!("r{n}"));
    }
    let runs = "query($c: String, $o: String) { project(name: \"p\", entityName: \"alice\") { runCount(filters: \"{}\") runs(after: $c, first: 2, order: $o, filters: \"{}\") { edges { node { projectId name user { name username } } cursor } pageInfo { endCursor hasNextPage } } } }";
    let (mut cursor, mut names) = (Value::Null, Vec::new());
    loop {
        let page = server.graphql(runs, &json!({ "c": cursor, "o": "-created_at" }))["project"].clone();
        assert_eq!(page["runCount"], 5);
        names.extend(
            page["runs"]["edges"]
                .as_array()
                .unwrap()
                .iter()
                .map(|edge| edge["node"]["name"].as_str().unwrap().to_owned()),
        );
        cursor = page["runs"]["pageInfo"]["endCursor"].clone();
        if page["runs"]["pageInfo"]["hasNextPage"] == false {
            break;
        }
    }
    assert_eq!(names, ["r4", "r3", "r2", "r1", "r0"]);
    let made = server.graphql(
        "mutation CreateProject($input: UpsertModelInput!) { result: upsertModel(input: $input) { project { id name entityName description access views } model { id } inserted } }",
        &json!({ "input": { "name": "made", "entityName": "alice" } }),
    );
    assert_eq!(
        (&made["result"]["inserted"], &made["result"]["project"]["name"]),
        (&json!(true), &json!("made"))
    );
    let listed = server.graphql("query { models(entityName: \"alice\") { pageInfo { hasNextPage } edges { node { __typename id name entityName createdAt isBenchmark user { id } } } } }", &Value::Null);
    assert_eq!(listed["models"]["edges"].as_array().unwrap().len(), 2);
}
