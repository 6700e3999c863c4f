//! Who may do what with whose runs, and what nobody is shown of others' (S2).

use serde_json::{Value, json};

use crate::support::{Harness, Reply, UPSERT, basic, chunk, eventually, history, md5};

/// A word of the team that others must not see; each thing of its runs has it in its name or content.
const SECRET: &str = "zebra";

/// Somebody beside the admin.
pub(crate) struct Person<'a> {
    pub(crate) server: &'a Harness,
    pub(crate) key: String,
}

impl Person<'_> {
    fn ask(&self, method: &str, target: &str, body: &Value) -> Reply {
        let basic = basic(&self.key);
        let headers = [
            ("authorization", basic.as_str()),
            ("content-type", "application/json"),
            ("accept", "application/json"),
        ];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.server.send(method, target, &headers, body.as_bytes())
    }

    fn graphql(&self, query: &str, variables: &Value) -> Reply {
        self.ask("POST", "/graphql", &json!({ "query": query, "variables": variables }))
    }

    pub(crate) fn sql(&self, sql: &str, more: &Value) -> Reply {
        let mut body = json!({ "sql": sql });
        body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
        self.ask("POST", "/sql", &body)
    }

    pub(crate) fn command(&self, body: &Value) -> Reply {
        self.ask("POST", "/api/commands", body)
    }

    fn begins(&self, entity: &str, project: &str, run: &str) -> u16 {
        let variables = json!({ "name": run, "project": project, "entity": entity, "host": "h" });
        self.graphql(UPSERT, &variables).status
    }

    fn logs(&self, entity: &str, project: &str, run: &str, body: &Value) -> u16 {
        self.ask("POST", &format!("/files/{entity}/{project}/{run}/file_stream"), body).status
    }

    /// The runs of a project that the public API shows; none where there is no such project.
    fn runs(&self, entity: &str, project: &str) -> Option<Vec<String>> {
        let query = "query R($e: String, $p: String) { project(name: $p, entityName: $e) { runs { edges { node { name } } } } }";
        let data = self.graphql(query, &json!({ "e": entity, "p": project })).json()["data"].clone();
        let edges = data["project"]["runs"]["edges"].as_array()?.clone();
        Some(edges.iter().map(|edge| edge["node"]["name"].as_str().unwrap().to_owned()).collect())
    }
}

pub(crate) fn command(server: &Harness, body: &Value) -> Value {
    let reply = server.ask("POST", "/api/commands", &body.to_string());
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

pub(crate) fn user<'a>(server: &'a Harness, name: &str) -> Person<'a> {
    let added = command(server, &json!({ "command": "user_add", "name": name }));
    Person { server, key: added["key"].as_str().unwrap().to_owned() }
}

pub(crate) fn grant(server: &Harness, user: &str, role: &str, on: &str) {
    command(server, &json!({ "command": "role_grant", "user": user, "role": role, "on": on }));
}

/// A run of a team, everything of which has a word in it.
pub(crate) fn fill(server: &Harness, entity: &str, word: &str) {
    let named = |what: &str| format!("{word}-{what}");
    server.upsert(&json!({
        "name": named("run"), "project": named("project"), "entity": entity, "host": named("host"),
        "displayName": named("name"), "notes": named("notes"), "tags": [named("tag")], "groupName": named("group"),
        "config": json!({ named("setting"): { "value": named("value") } }).to_string(),
        "summaryMetrics": json!({ named("best"): 1 }).to_string(),
    }));
    let target = format!("/files/{entity}/{word}-project/{word}-run/file_stream");
    let row = json!({ "_step": 0, "_timestamp": 1.0, named("metric"): 0.5 }).to_string();
    let sample = json!({ "_timestamp": 1.0, "_runtime": 1.0, format!("system.{word}"): 1 }).to_string();
    for body in [
        history(0, &[&row, &format!("{{broken {word}")]),
        chunk("wandb-events.jsonl", 0, &[&sample]),
        chunk("output.log", 0, &[&named("line")]),
    ] {
        assert_eq!(server.ask("POST", &target, &body.to_string()).status, 200);
    }
    let query = "mutation F($e: String!, $p: String!, $r: String!, $f: [String!]!) { createRunFiles(input: { entityName: $e,
        projectName: $p, runName: $r, files: $f }) { files { uploadUrl } } }";
    let variables =
        json!({ "e": entity, "p": named("project"), "r": named("run"), "f": [named("file.txt")] });
    let address = server.graphql(query, &variables)["createRunFiles"]["files"][0]["uploadUrl"].clone();
    assert_eq!(server.send("PUT", address.as_str().unwrap(), &[], named("content").as_bytes()).status, 200);
    let admin = Person { server, key: server.key.clone() };
    log_artifact(&admin, entity, word).unwrap();
}

/// Logs an artifact of a team's run, everything of which has the word in it, and lets the run use it; gives its id,
/// or why not.
fn log_artifact(who: &Person<'_>, entity: &str, word: &str) -> Result<String, String> {
    let named = |what: &str| format!("{word}-{what}");
    let ask = |query: &str, variables: Value| {
        let answer = who.graphql(query, &variables).json();
        if answer.get("errors").is_some() { Err(answer.to_string()) } else { Ok(answer["data"]["r"].clone()) }
    };
    let put = |address: &Value, content: &str| {
        let reply = who.server.send("PUT", address.as_str().unwrap(), &[], content.as_bytes());
        if reply.status == 200 { Ok(()) } else { Err(reply.text()) }
    };
    let create = "mutation C($i: CreateArtifactInput!) { r: createArtifact(input: $i) { artifact { id description metadata
        digest size tags { name } aliases { alias } artifactSequence { name latestArtifact { description digest } } } } }";
    let input = json!({ "artifactTypeName": named("type"), "artifactCollectionName": named("artifact"), "entityName": entity,
        "projectName": named("project"), "runName": named("run"), "digest": named("digest"), "description": named("said"),
        "metadata": json!({ named("meta"): 1 }).to_string(), "clientID": named("client"), "enableDigestDeduplication": true,
        "aliases": [{ "artifactCollectionName": named("artifact"), "alias": named("alias") }],
        "tags": [{ "tagName": named("arttag") }] });
    let made = ask(create, json!({ "i": input }))?["artifact"].clone();
    let id = made["id"].clone();
    let files = "mutation F($i: CreateArtifactFilesInput!) { r: createArtifactFiles(input: $i) { files { edges { node {
        uploadUrl } } } } }";
    let (content, file) = (named("artcontent"), named("artfile.txt"));
    let input = json!({ "artifactFiles": [{ "artifactID": id, "name": file, "md5": md5(content.as_bytes()) }], "storageLayout": "V2" });
    let node = ask(files, json!({ "i": input }))?["files"]["edges"][0]["node"].clone();
    if !node["uploadUrl"].is_null() {
        put(&node["uploadUrl"], &content)?;
    }
    let manifest = "mutation M($id: ID!) { r: createArtifactManifest(input: { artifactID: $id name: \"m\" digest: \"\" entityName: \"\"
        projectName: \"\" runName: \"\" type: FULL }) { artifactManifest { file { uploadUrl } } } }";
    let address = ask(manifest, json!({ "id": id }))?["artifactManifest"]["file"]["uploadUrl"].clone();
    let list =
        json!({ "version": 1, "contents": { file: { "digest": md5(content.as_bytes()), "size": 1 } } });
    put(&address, &list.to_string())?;
    let commit = "mutation K($id: ID!) { r: commitArtifact(input: { artifactID: $id }) { artifact { id description metadata } } }";
    let committed = ask(commit, json!({ "id": id }))?;
    let used = "mutation U($id: ID!, $e: String!, $p: String!, $r: String!) { r: useArtifact(input: { artifactID: $id
        entityName: $e projectName: $p runName: $r }) { artifact { id description metadata } } }";
    let used = ask(used, json!({ "id": id, "e": entity, "p": named("project"), "r": named("run") }))?;
    // Who may not read is told nothing by the answers.
    if who.key != who.server.key && who.runs(entity, &named("project")).is_none() {
        let told = format!("{made}{committed}{used}");
        let is_told =
            ["said", "meta", "digest", "alias", "arttag"].iter().any(|what| told.contains(&named(what)));
        assert!(!is_told, "{told}");
    }
    Ok(id.as_str().unwrap().to_owned())
}

#[test]
fn who_may_only_log_logs_artifacts_and_reads_none() {
    let server = Harness::start();
    command(&server, &json!({ "command": "team_add", "name": "team" }));
    fill(&server, "team", "apple");
    let bob = user(&server, "bob");
    let (reader, writer) = (user(&server, "rita"), user(&server, "wim"));
    assert!(log_artifact(&bob, "team", "apple").is_err(), "nobody of the team");
    grant(&server, "bob", "ingest-only", "team");
    grant(&server, "rita", "reader", "team");
    grant(&server, "wim", "writer", "team");
    let id = log_artifact(&bob, "team", "apple").unwrap();
    assert_eq!(log_artifact(&writer, "team", "apple").unwrap(), id, "it is the same version");
    assert!(log_artifact(&reader, "team", "apple").is_err());
    let read = "query A($id: ID!) { artifact(id: $id) { description currentManifest { file { directUrl } }
        files { edges { node { directUrl } } } } }";
    let told = |who: &Person<'_>| who.graphql(read, &json!({ "id": id })).json()["data"]["artifact"].clone();
    assert_eq!(told(&bob), Value::Null);
    let artifact = told(&reader);
    assert_eq!(artifact["description"], "apple-said");
    let address = artifact["files"]["edges"][0]["node"]["directUrl"].as_str().unwrap().to_owned();
    let list = artifact["currentManifest"]["file"]["directUrl"].as_str().unwrap().to_owned();
    assert_eq!(server.send("GET", &address, &[], b"").bytes, b"apple-artcontent");
    let hex: String = md5::Digest::finalize(<md5::Md5 as md5::Digest>::new_with_prefix("apple-artcontent"))
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let last = format!("/artifactsV2/default/team/apple-project/apple-artifact/x/{hex}/f");
    let asked = |who: &Person<'_>| who.ask("GET", &last, &Value::Null).status;
    assert_eq!([asked(&bob), asked(&reader), asked(&writer)], [404, 200, 200]);
    for part in [
        "createdBy { __typename }",
        "currentManifest { id }",
        "files { totalCount }",
        "usedBy { edges { node { name } } }",
        "artifactSequence { artifacts { totalCount } }",
        "artifactSequence { aliases { edges { node { alias } } } }",
        "artifactSequence { artifactMembership(aliasName: \"v0\") { id } }",
        "artifactType { artifactCollections { totalCount } }",
    ] {
        let query = format!(
            "mutation K($id: ID!) {{ commitArtifact(input: {{ artifactID: $id }}) {{ artifact {{ id {part} }} }} }}"
        );
        let answer = bob.graphql(&query, &json!({ "id": id })).json();
        assert!(
            answer["errors"][0]["message"].as_str().unwrap().contains("may not read"),
            "{part}: {answer}"
        );
    }
    grant(&server, "rita", "none", "team");
    for address in [&address, &list] {
        assert_eq!(server.send("GET", address, &[], b"").status, 403, "an address ends with the role");
    }
}

#[test]
fn a_role_says_what_may_be_done_and_nothing_else() {
    let server = Harness::start();
    command(&server, &json!({ "command": "team_add", "name": "team" }));
    let query = UPSERT;
    server.graphql(query, &json!({ "name": "r", "project": "p", "entity": "team", "host": "h" }));
    let bob = user(&server, "bob");
    // Role; what beginning a run, logging, reading and deleting come to; whether runs are seen.
    for (role, begins, logs, sees, deletes) in [
        ("none", 403, 403, false, 404),
        ("reader", 403, 403, true, 403),
        ("ingest-only", 200, 200, false, 200),
        ("writer", 200, 200, true, 200),
        ("admin", 200, 200, true, 200),
    ] {
        grant(&server, "bob", role, "team");
        let run = format!("of-{role}");
        server.graphql(query, &json!({ "name": run, "project": "p", "entity": "team", "host": "h" }));
        assert_eq!(bob.begins("team", "p", &format!("{run}-bob")), begins, "{role}");
        assert_eq!(bob.logs("team", "p", "r", &json!({})), logs, "{role}");
        assert_eq!(bob.runs("team", "p").is_some_and(|runs| !runs.is_empty()), sees, "{role}");
        let deleted = bob.command(&json!({ "command": "delete", "run": format!("team/p/{run}") }));
        assert_eq!(deleted.status, deletes, "{role}: {}", deleted.text());
        let manages =
            bob.command(&json!({ "command": "role_grant", "user": "bob", "role": "admin", "on": "team" }));
        assert_eq!(manages.status == 200, role == "admin", "{role}");
        assert_eq!(bob.begins("bob", "own", "mine"), 200, "the own entity is one's own");
    }
}

#[test]
fn a_role_with_a_project_goes_before_that_with_its_entity() {
    let server = Harness::start();
    command(&server, &json!({ "command": "team_add", "name": "team" }));
    for project in ["open", "closed"] {
        server.graphql(UPSERT, &json!({ "name": "r", "project": project, "entity": "team", "host": "h" }));
    }
    let bob = user(&server, "bob");
    grant(&server, "bob", "writer", "team");
    grant(&server, "bob", "reader", "team/open");
    grant(&server, "bob", "none", "team/closed");
    assert_eq!((bob.begins("team", "open", "x"), bob.runs("team", "open")), (403, Some(vec!["r".into()])));
    assert_eq!((bob.begins("team", "closed", "x"), bob.runs("team", "closed")), (403, None));
    assert_eq!(bob.begins("team", "new", "x"), 200);
    let roles = command(&server, &json!({ "command": "role_list" }))["roles"].clone();
    let bobs = json!([
        { "user": "bob", "on": "team", "role": "writer" },
        { "user": "bob", "on": "team/closed", "role": "none" },
        { "user": "bob", "on": "team/open", "role": "reader" },
    ]);
    assert_eq!(
        (roles, bob.command(&json!({ "command": "role_list" })).json()["roles"].clone()),
        (bobs.clone(), bobs)
    );
}

#[test]
fn s2_one_team_never_sees_anothers_project_by_any_route() {
    let server = Harness::start();
    for team in ["ours", "theirs"] {
        command(&server, &json!({ "command": "team_add", "name": team }));
    }
    let bob = user(&server, "bob");
    grant(&server, "bob", "admin", "ours");
    let before = server.read().durable.0;
    fill(&server, "theirs", SECRET);
    // Told after those of the others, so that who is told of these was asked about all.
    fill(&server, "ours", "apple");
    let admin = Person { server: &server, key: server.key.clone() };
    let mut asked: Vec<(String, Reply, Reply)> = Vec::new();
    let mut ask = |what: String, of: &dyn Fn(&Person<'_>) -> Reply| asked.push((what, of(&bob), of(&admin)));
    let all = admin.sql("SHOW TABLES", &json!({})).json();
    let tables: Vec<String> =
        all.as_array().unwrap().iter().map(|row| row["table_name"].as_str().unwrap().to_owned()).collect();
    assert!(tables.len() > 12, "{tables:?}");
    let lsn = server.read().durable.0;
    for table in &tables {
        for more in [json!({}), json!({ "include_deleted": true }), json!({ "as_of": format!("lsn:{lsn}") })]
        {
            let statement = format!("SELECT * FROM {table}");
            ask(format!("{statement} {more}"), &|who| who.sql(&statement, &more));
        }
        ask(format!("DESCRIBE {table}"), &|who| who.sql(&format!("DESCRIBE {table}"), &json!({})));
    }
    for statement in [
        "SELECT summary.zebra FROM runs",
        "SELECT \"zebra-metric\" FROM history",
        "SELECT * FROM runs WHERE entity = 'theirs'",
        "SELECT run_id, config, summary FROM runs_at('now')",
        "SELECT h.* FROM runs r JOIN history h USING (run_id)",
        "SELECT * FROM glob_keys('*')",
    ] {
        ask(statement.to_owned(), &|who| who.sql(statement, &json!({})));
    }
    for filter in [json!(null), json!({ "group": "zebra-group" }), json!("name contains zeb")] {
        ask(format!("runs {filter}"), &|who| {
            who.ask("POST", "/api/runs", &json!({ "filter": filter, "columns": ["tags"] }))
        });
        let chart = json!({ "filter": filter, "keys": ["zebra-metric", "apple-metric"] });
        ask(format!("chart {filter}"), &|who| who.ask("POST", "/api/chart", &chart));
    }
    let named = json!({ "runs": ["theirs/zebra-project/zebra-run"], "keys": ["zebra-metric"] });
    ask("chart of a run".into(), &|who| who.ask("POST", "/api/chart", &named));
    let everything = "query E($e: String, $p: String, $r: String!) { viewer { teams { edges { node { name } } } }
        entity(name: $e) { name members { name } } models(entityName: $e) { edges { node { name } } }
        users { edges { node { name } } }
        project(name: $p, entityName: $e) { name runCount runs { edges { node { name displayName config summaryMetrics } } }
          run(name: $r) { name config historyKeys history files { edges { node { name directUrl } } }
            logLines { edges { node { line } } } inputArtifacts { edges { node { description } } }
            outputArtifacts { edges { node { description metadata } } } }
          artifact(name: $a) { description } artifactType(name: $t) { name } artifactTypes { edges { node { name } } }
          artifactCollection(name: $c) { name artifacts { edges { node { description tags { name } } } } }
          artifactCollections { edges { node { name } } }
          artifactCollectionMembership(name: $a) { artifact { description aliases { alias } currentManifest { file { directUrl } } }
            files { edges { node { name directUrl } } } } }
        clientIDMapping(clientID: $k) { serverID } }";
    let by_id = "query I($id: ID!) { artifact(id: $id) { description metadata createdBy { __typename } files { edges { node { name } } } } }";
    let everything =
        everything.replace("$r: String!)", "$r: String!, $a: String!, $c: String!, $t: String!, $k: ID!)");
    for (entity, word) in [("ours", "apple"), ("theirs", SECRET)] {
        let variables = json!({ "e": entity, "p": format!("{word}-project"), "r": format!("{word}-run"),
            "a": format!("{word}-artifact:{word}-alias"), "c": format!("{word}-artifact"), "t": format!("{word}-type"),
            "k": format!("{word}-client") });
        ask(format!("everything of {entity}"), &|who| who.graphql(&everything, &variables));
        let id = log_artifact(&admin, entity, word).unwrap();
        ask(format!("artifact of {entity}"), &|who| who.graphql(by_id, &json!({ "id": id })));
        let use_it = json!({ "q": "mutation U($id: ID!) { useArtifact(input: { artifactID: $id entityName: \"ours\"
            projectName: \"apple-project\" runName: \"apple-run\" }) { artifact { description metadata } } }" });
        ask(format!("use artifact of {entity}"), &|who| {
            who.graphql(use_it["q"].as_str().unwrap(), &json!({ "id": id }))
        });
        let run = format!("{entity}/{word}-project/{word}-run");
        for command in ["stop", "edit", "undelete"] {
            ask(format!("{command} {run}"), &|who| {
                who.command(&json!({ "command": command, "run": run, "notes": "x" }))
            });
        }
    }
    // By now a run of theirs is said to use an artifact of others: by the admin, who may.
    for table in ["artifact_uses", "events"] {
        let statement = format!("SELECT * FROM {table} WHERE project = 'apple-project'");
        ask(statement.clone(), &|who| who.sql(&statement, &json!({})));
    }
    ask("stop zebra-run".into(), &|who| who.command(&json!({ "command": "stop", "run": "zebra-run" })));
    for command in ["team_list", "role_list", "key_list", "user_list"] {
        ask(command.into(), &|who| who.command(&json!({ "command": command })));
    }
    ask("metrics".into(), &|who| who.ask("GET", "/metrics", &Value::Null));
    let mut seen_by_admin = 0;
    for (what, bobs, admins) in &asked {
        // What was asked for may be repeated in the answer that there is no such thing.
        let is_echo = bobs.status != 200 || what.contains(SECRET) || what.contains("theirs");
        let text = bobs.text();
        assert!(is_echo || !text.contains(SECRET), "{what}: {text}");
        for content in [
            "zebra-value",
            "zebra-tag",
            "zebra-notes",
            "zebra-line",
            "zebra-best",
            "zebra-file.txt",
            "zebra-said",
            "zebra-meta",
            "zebra-arttag",
            "zebra-artfile",
        ] {
            assert!(!text.contains(content), "{what}: {text}");
        }
        seen_by_admin += usize::from(admins.text().contains(SECRET));
    }
    let mapped = asked.iter().find(|(what, ..)| what == "everything of theirs").map(|(_, bobs, admins)| {
        [bobs, admins].map(|reply| reply.json()["data"]["clientIDMapping"].is_null())
    });
    assert_eq!(mapped, Some([true, false]), "a client's own name of an artifact leads nowhere");
    // The questions are worth asking: who may see is shown.
    assert!(seen_by_admin > 40, "{seen_by_admin} of {}", asked.len());
    assert!(
        asked
            .iter()
            .any(|(what, bobs, _)| what == "SELECT * FROM runs {}" && bobs.text().contains("apple-value"))
    );
    assert!(
        asked
            .iter()
            .any(|(what, bobs, _)| what == "SELECT * FROM events {}" && bobs.text().contains("apple-tag"))
    );
    let told = told_since(&bob, before, "apple-file.txt");
    assert!(told.contains("apple-line") && !told.contains(SECRET), "{told}");
}

/// What is told of events from a position on, until a word comes.
fn told_since(who: &Person<'_>, from: u64, until: &str) -> String {
    use std::io::{BufRead as _, BufReader};
    let agent = ureq::Agent::from(
        ureq::Agent::config_builder().timeout_global(Some(std::time::Duration::from_secs(60))).build(),
    );
    let url = format!("{}/api/events?from={from}", who.server.url);
    let response = agent.get(url).header("authorization", basic(&who.key)).call().unwrap();
    let mut told = String::new();
    for line in BufReader::new(response.into_body().into_reader()).lines() {
        told.push_str(&line.unwrap());
        if told.contains(until) {
            break;
        }
    }
    told
}

#[test]
fn a_key_with_a_role_of_its_own_may_no_more_than_that() {
    let server = Harness::start();
    server.init("p", "r");
    let make = |body: Value| {
        let mut command_body = json!({ "command": "key_new" });
        command_body.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
        let made = command(&server, &command_body);
        (Person { server: &server, key: made["key"].as_str().unwrap().to_owned() }, made["id"].clone())
    };
    let (logger, _) = make(json!({ "role": "ingest-only", "on": "alice/p", "note": "cluster" }));
    assert_eq!((logger.begins("", "p", "x"), logger.begins("", "other", "x")), (200, 403));
    assert_eq!((logger.logs("alice", "p", "r", &json!({})), logger.runs("alice", "p")), (200, None));
    assert_eq!(logger.sql("SELECT run_id FROM runs", &json!({})).json(), json!([]));
    assert_eq!(logger.command(&json!({ "command": "key_new" })).status, 403, "it makes no key that may more");
    let id = logger.key.split('-').next().unwrap();
    assert_eq!(logger.command(&json!({ "command": "key_revoke", "id": id })).status, 403, "and ends none");
    assert_eq!(logger.command(&json!({ "command": "key_list" })).json()["keys"], json!([]));
    assert_eq!(logger.command(&json!({ "command": "user_add", "name": "eve" })).status, 403);
    let (reader, id) = make(json!({ "role": "reader", "on": "alice" }));
    server.upsert(&json!({ "name": "r", "project": "p", "notes": "zebra", "tags": ["zebra"],
        "config": "{\"zebra\":{\"value\":1}}", "summaryMetrics": "{\"zebra\":1}" }));
    server.streamed("p", "r", &history(0, &["{\"_step\":0,\"zebra\":1}"]));
    // What a change answers with is no way to read.
    for part in [
        "notes tags config summaryMetrics historyKeys fileCount",
        "history",
        "events",
        "logLines { edges { node { line } } }",
        "project { runCount runs { edges { node { name summaryMetrics } } } }",
        "project { run(name: \"r\") { config } }",
    ] {
        let query = format!(
            "mutation {{ upsertBucket(input: {{ name: \"r\", modelName: \"p\" }}) {{ bucket {{ name {part} }} }} }}"
        );
        let told = logger.graphql(&query, &json!({})).text();
        assert!(!told.contains("zebra") && !told.contains("\"runCount\":1"), "{part}: {told}");
        let own = server.graphql_reply(&query, &json!({})).text();
        assert!(own.contains("\"name\":\"r\""), "{own}");
    }
    let files = "mutation { createRunFiles(input: { entityName: \"alice\", projectName: \"p\", runName: \"r\", files: [\"f\"] }) { files { uploadUrl PART } } }";
    let address = |who: &Person<'_>, part: &str| who.graphql(&files.replace("PART", part), &json!({})).text();
    assert!(address(&logger, "").contains("/upload/") && !address(&logger, "directUrl").contains("/files/"));
    assert_eq!(
        (reader.begins("", "p", "x"), reader.runs("alice", "p").map(|runs| runs.len())),
        (403, Some(2))
    );
    let query = "{ project(name: \"p\") { run(name: \"r\") { files { edges { node { directUrl } } } } } }";
    let put = query.replace("directUrl", "url(upload: true)");
    let grant_file =
        server.graphql(&files.replace("PART", ""), &json!({}))["createRunFiles"]["files"][0]["uploadUrl"]
            .clone();
    assert_eq!(server.send("PUT", grant_file.as_str().unwrap(), &[], b"x").status, 200);
    assert!(reader.graphql(query, &json!({})).text().contains("/files/"));
    assert!(!reader.graphql(&put, &json!({})).text().contains("/upload/"), "a reader's key puts no file");
    let keys = command(&server, &json!({ "command": "key_list" }))["keys"].clone();
    let notes: Vec<&str> = keys.as_array().unwrap().iter().map(|key| key["note"].as_str().unwrap()).collect();
    assert!(notes.contains(&"cluster") && !keys.to_string().contains(&reader.key), "{keys}");
    command(&server, &json!({ "command": "key_revoke", "id": id }));
    assert_eq!(reader.sql("SELECT 1", &json!({})).status, 401, "at once");
    let (brief, _) = make(json!({ "expires_seconds": 1 }));
    assert_eq!(brief.sql("SELECT 1", &json!({})).status, 200);
    eventually("its end", || brief.sql("SELECT 1", &json!({})).status == 401);
}

#[test]
fn an_address_of_a_file_ends_with_the_role_of_who_was_given_it() {
    let server = Harness::start();
    command(&server, &json!({ "command": "team_add", "name": "team" }));
    fill(&server, "team", "apple");
    let bob = user(&server, "bob");
    grant(&server, "bob", "writer", "team");
    let query = "{ project(name: \"apple-project\", entityName: \"team\") { run(name: \"apple-run\") {
        files { edges { node { directUrl uploadUrl: url(upload: true) } } } } } }";
    let files = bob.graphql(query, &json!({})).json()["data"]["project"]["run"]["files"].clone();
    let address = |name: &str| files["edges"][0]["node"][name].as_str().unwrap().to_owned();
    let (get, put) = (address("directUrl"), address("uploadUrl"));
    assert_eq!(server.send("GET", &get, &[], b"").status, 200);
    assert_eq!(server.send("PUT", &put, &[], b"new").status, 200);
    grant(&server, "bob", "reader", "team");
    assert_eq!(
        (server.send("GET", &get, &[], b"").status, server.send("PUT", &put, &[], b"x").status),
        (200, 403)
    );
    grant(&server, "bob", "none", "team");
    assert_eq!(server.send("GET", &get, &[], b"").status, 403);
}

#[test]
fn what_is_done_with_people_is_in_the_log_with_who_did_it() {
    let server = Harness::start();
    let bob = user(&server, "bob");
    command(&server, &json!({ "command": "team_add", "name": "team" }));
    grant(&server, "bob", "admin", "team");
    user(&server, "eve");
    assert_eq!(
        bob.command(&json!({ "command": "role_grant", "user": "eve", "role": "reader", "on": "team" }))
            .status,
        200
    );
    assert_eq!(
        bob.command(&json!({ "command": "role_grant", "user": "eve", "role": "reader", "on": "alice" }))
            .status,
        403
    );
    let id = bob.command(&json!({ "command": "key_new", "note": "laptop" })).json()["id"].clone();
    assert_eq!(bob.command(&json!({ "command": "key_revoke", "id": id })).status, 200);
    for _ in 0..3 {
        assert_eq!(server.send("POST", "/sql", &[("authorization", "Bearer nonsense")], b"{}").status, 401);
    }
    let told = |sql: &str| Person { server: &server, key: server.key.clone() }.sql(sql, &json!({})).json();
    eventually("the failure in the log", || {
        told("SELECT lsn FROM events WHERE kind = 'LoginFailed'") != json!([])
    });
    let rows = told(
        "SELECT kind, actor FROM events WHERE kind IN ('TeamAdded', 'RoleGranted', 'KeyLimited', 'KeyRevoked', 'LoginFailed') ORDER BY lsn",
    );
    let kinds: Vec<(&str, Option<&str>)> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["kind"].as_str().unwrap(), row["actor"].as_str()))
        .collect();
    let expected = [
        ("TeamAdded", Some("alice")),
        ("RoleGranted", Some("alice")),
        ("RoleGranted", Some("bob")),
        ("KeyLimited", Some("bob")),
        ("KeyRevoked", Some("bob")),
        ("LoginFailed", None),
    ];
    assert_eq!(kinds, expected, "once, however often a wrong key is tried within a minute");
    let secret = told("SELECT body FROM events").to_string();
    assert!(!secret.contains(&bob.key) && !secret.contains("hash"), "{secret}");
}

#[test]
fn wrong_commands_about_people_say_what_is_wrong_and_change_nothing() {
    let server = Harness::start();
    let bob = user(&server, "bob");
    command(&server, &json!({ "command": "team_add", "name": "team" }));
    let before = server.read().durable;
    for (body, status, word) in [
        (json!({ "command": "team_add", "name": "bob" }), 400, "there is a user"),
        (json!({ "command": "team_add", "name": "team" }), 400, "there is a team"),
        (json!({ "command": "user_add", "name": "team" }), 400, "there is a team"),
        (json!({ "command": "team_add", "name": "Team" }), 400, "a-z"),
        (json!({ "command": "team_add", "name": "graphql" }), 400, "address"),
        (json!({ "command": "role_grant", "user": "nobody", "role": "reader", "on": "team" }), 404, "nobody"),
        (
            json!({ "command": "role_grant", "user": "bob", "role": "owner", "on": "team" }),
            400,
            "ingest-only",
        ),
        (json!({ "command": "role_grant", "user": "bob", "role": "reader", "on": "team/a/b" }), 400, "a/b"),
        (json!({ "command": "role_grant", "user": "bob", "role": "reader", "on": "" }), 400, "entity"),
        (json!({ "command": "key_revoke", "id": "wbq_nothing" }), 404, "wbq_nothing"),
        (json!({ "command": "key_new", "user": "nobody" }), 404, "nobody"),
    ] {
        let reply = server.ask("POST", "/api/commands", &body.to_string());
        let message = reply.json()["errors"][0]["message"].as_str().unwrap().to_owned();
        assert!(reply.status == status && message.contains(word), "{body}: {} {message}", reply.status);
    }
    for body in [
        json!({ "command": "team_add", "name": "mine" }),
        json!({ "command": "role_grant", "user": "bob", "role": "reader", "on": "team" }),
        json!({ "command": "key_new", "user": "alice" }),
        json!({ "command": "compact" }),
    ] {
        assert_eq!(bob.command(&body).status, 403, "{body}");
    }
    assert_eq!(server.read().durable, before);
}

#[test]
fn an_alert_is_an_event_and_the_same_again_within_the_wait_is_not() {
    let server = Harness::start();
    server.init("p", "r");
    let query = "mutation A($title: String!, $text: String!, $level: AlertSeverity, $wait: Duration) {
        notifyScriptableRunAlert(input: { entityName: \"alice\", projectName: \"p\", runName: \"r\", title: $title, text: $text,
          severity: $level, waitDuration: $wait }) { success } }";
    let alert = |title: &str, level: &str, wait: i64| {
        let variables = json!({ "title": title, "text": "loss is NaN", "level": level, "wait": wait });
        server.graphql(query, &variables)["notifyScriptableRunAlert"]["success"].clone()
    };
    for (title, level, wait) in
        [("low", "WARN", 60_000), ("low", "WARN", 60_000), ("high", "ERROR", 60_000), ("low", "INFO", 0)]
    {
        assert_eq!(alert(title, level, wait), true);
    }
    let raised: Vec<(String, engine::AlertLevel)> = server
        .events()
        .into_iter()
        .filter_map(|event| match event.body {
            engine::Body::AlertRaised(alert) => Some((alert.title.to_string(), alert.level)),
            _ => None,
        })
        .collect();
    use engine::AlertLevel::{Error, Info, Warn};
    assert_eq!(raised, [("low".to_owned(), Warn), ("high".to_owned(), Error), ("low".to_owned(), Info)]);
}
