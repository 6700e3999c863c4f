//! Artifacts, as the client logs and reads them, and what it should never send (protocol 10).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::support::{Harness, Reply, md5};

const CREATE: &str = "mutation CreateArtifact($input: CreateArtifactInput!) { createArtifact(input: $input) {
    artifact { id state artifactSequence { latestArtifact { id } } } } }";
const MANIFEST: &str = "mutation CreateArtifactManifest($artifactID: ID!, $baseArtifactID: ID, $digest: String!, $type: ArtifactManifestType!) {
    createArtifactManifest(input: { artifactID: $artifactID baseArtifactID: $baseArtifactID name: \"wandb_manifest.json\"
      digest: $digest entityName: \"\" projectName: \"p\" runName: \"r\" type: $type }) {
      artifactManifest { id file { id uploadUrl uploadHeaders } } } }";
const UPDATE_MANIFEST: &str = "mutation U($id: ID!, $digest: String) {
    updateArtifactManifest(input: { artifactManifestID: $id digest: $digest }) { artifactManifest { id file { uploadUrl } } } }";
const FILES: &str = "mutation CreateArtifactFiles($input: CreateArtifactFilesInput!) { createArtifactFiles(input: $input) {
    files { edges { node { storagePath uploadUrl uploadHeaders uploadMultipartUrls { uploadID } artifact { id } } } } } }";
const COMMIT: &str = "mutation CommitArtifact($id: ID!) { commitArtifact(input: { artifactID: $id }) { artifact { id digest } } }";
const USE: &str = "mutation UseArtifact($id: ID!, $run: String!, $project: String!) { useArtifact(input: { entityName: \"alice\"
    projectName: $project runName: $run artifactID: $id }) { artifact { id digest description state createdAt metadata } } }";
const READ: &str = "query R($name: String!) { project(name: \"p\", entityName: \"alice\") { artifactCollectionMembership(name: $name) {
    __typename id versionIndex aliases { alias } artifactCollection { __typename name project { name entity { name } } }
    artifact { id versionIndex artifactType { name } description metadata ttlDurationSeconds ttlIsInherited tags { name }
      historyStep state size digest commitHash fileCount createdAt updatedAt aliases { alias artifactCollection { __typename name } }
      currentManifest { file { directUrl } } createdBy { __typename ... on Run { name } } usedBy { edges { node { name } } } }
    files(first: 10) { pageInfo { hasNextPage } edges { node { name directUrl sizeBytes storagePath md5 } } } } } }";

struct Logger<'a> {
    server: &'a Harness,
}

impl Logger<'_> {
    fn create(&self, collection: &str, digest: &str, more: &Value) -> Reply {
        let mut input = json!({
            "artifactTypeName": "dataset", "artifactCollectionName": collection, "entityName": "", "projectName": "p",
            "runName": "r", "digest": digest, "digestAlgorithm": "MANIFEST_MD5", "enableDigestDeduplication": true,
            "aliases": [{ "artifactCollectionName": collection, "alias": "latest" }], "clientMutationId": null,
            "clientID": format!("client {collection} {digest}"), "sequenceClientID": format!("sequence {collection}"),
            "description": null, "metadata": null, "labels": null, "tags": null, "historyStep": null,
            "ttlDurationSeconds": null, "distributedID": null, "storageRegion": null, "artifactCollectionNames": null,
        });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.server.graphql_reply(CREATE, &json!({ "input": input }))
    }

    fn begin(&self, collection: &str, digest: &str) -> Value {
        let reply = self.create(collection, digest, &json!({})).json();
        assert!(reply.get("errors").is_none(), "{reply}");
        reply["data"]["createArtifact"]["artifact"].clone()
    }

    fn file(&self, artifact: &Value, name: &str, content: &[u8]) -> Value {
        let spec = json!({ "artifactID": artifact, "name": name, "md5": md5(content), "mimetype": null, "uploadPartsInput": null });
        let input = json!({ "artifactFiles": [spec], "storageLayout": "V2", "clientMutationId": null });
        self.server.graphql(FILES, &json!({ "input": input }))["createArtifactFiles"]["files"]["edges"][0]["node"].clone()
    }

    fn manifest(&self, artifact: &Value, kind: &str, manifest: &Value) -> u16 {
        let variables =
            json!({ "artifactID": artifact, "digest": md5(manifest.to_string().as_bytes()), "type": kind });
        let made = self.server.graphql(MANIFEST, &variables);
        let url = made["createArtifactManifest"]["artifactManifest"]["file"]["uploadUrl"].clone();
        assert!(url.as_str().unwrap().ends_with("/wandb_manifest.json"));
        self.server.send("PUT", url.as_str().unwrap(), &[], manifest.to_string().as_bytes()).status
    }

    fn commit(&self, artifact: &Value) -> Value {
        self.server.graphql_reply(COMMIT, &json!({ "id": artifact })).json()
    }

    /// Logs a version with some files, as the client does.
    fn log(&self, collection: &str, digest: &str, files: &[(&str, &[u8])]) -> Value {
        let artifact = self.begin(collection, digest);
        if artifact["state"] == "COMMITTED" {
            return artifact["id"].clone();
        }
        let id = artifact["id"].clone();
        for (name, content) in files {
            let node = self.file(&id, name, content);
            if let Some(url) = node["uploadUrl"].as_str() {
                let reply = self.server.send("PUT", url, &[("content-md5", &md5(content))], content);
                assert_eq!(reply.status, 200, "{}", reply.text());
            }
        }
        assert_eq!(self.manifest(&id, "FULL", &listed(files)), 200);
        let committed = self.commit(&id);
        assert!(committed.get("errors").is_none(), "{committed}");
        id
    }

    fn read(&self, name: &str) -> Value {
        self.server.graphql(READ, &json!({ "name": name }))["project"]["artifactCollectionMembership"].clone()
    }
}

fn listed(files: &[(&str, &[u8])]) -> Value {
    let contents: serde_json::Map<String, Value> = files
        .iter()
        .map(|(name, content)| ((*name).to_owned(), json!({ "digest": md5(content), "size": content.len() })))
        .collect();
    json!({ "version": 1, "storagePolicy": "wandb-storage-policy-v1", "storagePolicyConfig": { "storageLayout": "V2" },
        "contents": contents })
}

fn message(answer: &Value) -> String {
    answer["errors"][0]["message"].as_str().unwrap_or_else(|| panic!("no error: {answer}")).to_owned()
}

#[test]
fn a_version_is_logged_named_used_and_read_back_also_after_a_restart() {
    let server = Harness::start();
    server.init("p", "r");
    server.init("q", "user");
    let logger = Logger { server: &server };
    let files: [(&str, &[u8]); 2] = [("a/x.txt", b"x file"), ("y é#.txt", b"")];
    let first = logger.log("ds", "d1", &files);
    assert_eq!(
        logger.begin("ds", "d1"),
        json!({ "id": first, "state": "COMMITTED",
        "artifactSequence": { "latestArtifact": { "id": first } } }),
        "the same content is the same version"
    );
    let second = logger.log("ds", "d2", &[("a/x.txt", b"x file"), ("z", b"new")]);
    assert_ne!(first, second);
    let used = server.graphql(USE, &json!({ "id": first, "run": "user", "project": "q" }));
    assert_eq!(used["useArtifact"]["artifact"]["state"], "COMMITTED");

    let server = server.restart();
    let logger = Logger { server: &server };
    let read = logger.read("ds:v0");
    let artifact = &read["artifact"];
    assert_eq!((&artifact["id"], &artifact["size"], &artifact["fileCount"]), (&first, &json!(6), &json!(2)));
    assert_eq!((&artifact["createdBy"]["name"], &artifact["aliases"]), (&json!("r"), &json!([])));
    assert_eq!(artifact["usedBy"]["edges"], json!([{ "node": { "name": "user" } }]));
    assert_eq!(
        (&read["artifactCollection"]["__typename"], &read["versionIndex"]),
        (&json!("ArtifactSequence"), &json!(0))
    );
    assert_eq!(logger.read("ds:latest")["artifact"]["id"], second);
    assert_eq!((logger.read("ds:v2"), logger.read("none:v0")), (Value::Null, Value::Null));
    for (edge, (name, content)) in read["files"]["edges"].as_array().unwrap().iter().zip(files) {
        let node = &edge["node"];
        assert_eq!((&node["name"], &node["sizeBytes"]), (&json!(name), &json!(content.len())));
        let got = server.send("GET", node["directUrl"].as_str().unwrap(), &[], b"");
        assert_eq!((got.status, got.bytes), (200, content.to_vec()));
    }
    let manifest = artifact["currentManifest"]["file"]["directUrl"].as_str().unwrap();
    assert!(manifest.ends_with("wandb_manifest.json"));
    assert_eq!(server.send("GET", manifest, &[], b"").json(), listed(&files));

    // The address of last resort wants a key, and a range is a range.
    let hex: String =
        STANDARD.decode(md5(b"x file")).unwrap().iter().map(|byte| format!("{byte:02x}")).collect();
    let target = format!(
        "/artifactsV2/default/alice/p/ds/{}/{hex}/x.txt",
        first.as_str().unwrap().replace('=', "%3D")
    );
    assert_eq!(server.ask("GET", &target, "").bytes, b"x file");
    assert_eq!(server.send("GET", &target, &[], b"").status, 401);
    assert_eq!(server.ask("GET", &target.replace(&hex, &"0".repeat(32)), "").status, 404);
    assert_eq!(
        server.ask("GET", &target.replace("/p/", "/q/"), "").status,
        404,
        "another project has no such file"
    );
    let url = read["files"]["edges"][0]["node"]["directUrl"].as_str().unwrap();
    let part = server.send("GET", url, &[("range", "bytes=2-3")], b"");
    assert_eq!((part.status, part.bytes), (206, b"fi".to_vec()));

    let run = "{ project(name: \"p\") { run(name: \"r\") { outputArtifacts { totalCount edges { node { digest } } } }
        artifactTypes { edges { node { name } } } artifactType(name: \"dataset\") {
          artifactCollections { totalCount edges { node { name } } }
          artifactCollection(name: \"ds\") { artifacts { totalCount edges { version } } } } } }";
    let read = server.graphql(run, &json!({}))["project"].clone();
    assert_eq!(read["run"]["outputArtifacts"]["totalCount"], 2);
    let versions = &read["artifactType"]["artifactCollection"]["artifacts"]["edges"];
    assert_eq!(*versions, json!([{ "version": "v1" }, { "version": "v0" }]));
    assert_eq!(read["artifactTypes"]["edges"], json!([{ "node": { "name": "dataset" } }]));
    let inputs =
        "{ project(name: \"q\") { run(name: \"user\") { inputArtifacts { edges { node { id } } } } } }";
    let inputs = server.graphql(inputs, &json!({}))["project"]["run"]["inputArtifacts"]["edges"].clone();
    assert_eq!(inputs, json!([{ "node": { "id": first } }]));
    let mapping = "query M($id: ID!) { clientIDMapping(clientID: $id) { serverID } }";
    let mapped = |id: &str| server.graphql(mapping, &json!({ "id": id }))["clientIDMapping"].clone();
    assert_eq!((mapped("client ds d1"), mapped("nobody")), (json!({ "serverID": first }), Value::Null));
}

#[test]
fn an_increment_adds_to_the_version_before() {
    let server = Harness::start();
    server.init("p", "r");
    let logger = Logger { server: &server };
    logger.log("inc", "d1", &[("0.json", b"zero")]);
    let begun = logger.begin("inc", "d2");
    let (id, base) = (begun["id"].clone(), begun["artifactSequence"]["latestArtifact"]["id"].clone());
    let node = logger.file(&id, "1.json", b"one");
    assert_eq!(server.send("PUT", node["uploadUrl"].as_str().unwrap(), &[], b"one").status, 200);
    let manifest = listed(&[("1.json", b"one")]);
    let variables = json!({ "artifactID": id, "baseArtifactID": base, "digest": "", "type": "INCREMENTAL" });
    let made =
        server.graphql(MANIFEST, &variables)["createArtifactManifest"]["artifactManifest"]["id"].clone();
    let updated = server
        .graphql(UPDATE_MANIFEST, &json!({ "id": made, "digest": md5(manifest.to_string().as_bytes()) }));
    let url = updated["updateArtifactManifest"]["artifactManifest"]["file"]["uploadUrl"].clone();
    let put = |bytes: &[u8]| server.send("PUT", url.as_str().unwrap(), &[], bytes).status;
    assert_eq!(put(b"{}"), 503, "it is not the one that was told");
    assert_eq!(put(manifest.to_string().as_bytes()), 200);
    assert!(logger.commit(&id).get("errors").is_none());
    let read = logger.read("inc:latest");
    let names: Vec<&str> = read["files"]["edges"]
        .as_array()
        .unwrap()
        .iter()
        .map(|edge| edge["node"]["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["0.json", "1.json"]);
    assert_eq!((&read["artifact"]["fileCount"], &read["artifact"]["size"]), (&json!(2), &json!(7)));
}

#[test]
fn f15_what_is_not_whole_is_no_version() {
    let server = Harness::start();
    server.init("p", "r");
    let logger = Logger { server: &server };
    let id = logger.begin("ds", "d1")["id"].clone();
    assert_eq!(logger.read("ds:latest"), Value::Null);
    assert!(message(&logger.commit(&id)).contains("no manifest"));
    let node = logger.file(&id, "x", b"content");
    assert!(node["storagePath"].as_str().unwrap().starts_with("wandb_artifacts/"));
    assert_eq!(node["uploadHeaders"], json!([format!("Content-MD5:{}", md5(b"content"))]));
    let url = node["uploadUrl"].as_str().unwrap();
    assert_eq!(logger.manifest(&id, "FULL", &listed(&[("x", b"content")])), 200);
    assert!(message(&logger.commit(&id)).contains("\"x\" was not uploaded"));
    assert_eq!(server.send("PUT", url, &[], b"other").status, 503, "another content is nothing");
    assert_eq!(server.send("PUT", url, &[("content-md5", &md5(b"other"))], b"other").status, 400);
    assert!(message(&logger.commit(&id)).contains("\"x\" was not uploaded"));
    let unread = "query A($id: ID!) { artifact(id: $id) { state versionIndex currentManifest { id } files { totalCount } } }";
    let pending = server.graphql(unread, &json!({ "id": id }))["artifact"].clone();
    let nothing = json!({ "state": "PENDING", "versionIndex": null, "currentManifest": null, "files": { "totalCount": 0 } });
    assert_eq!(pending, nothing);
    let used = server.graphql_reply(USE, &json!({ "id": id, "run": "r", "project": "p" })).json();
    assert!(message(&used).contains("not committed"));

    let server = server.restart();
    let logger = Logger { server: &server };
    let url = logger.file(&id, "x", b"content")["uploadUrl"].as_str().unwrap().to_owned();
    assert_eq!(server.send("PUT", &url, &[], b"content").status, 200);
    assert_eq!(logger.file(&id, "y", b"content")["uploadUrl"], Value::Null, "what is here is not sent again");
    let events = server.events().len();
    assert!(logger.commit(&id).get("errors").is_none() && logger.commit(&id).get("errors").is_none());
    assert_eq!(server.events().len(), events + 1, "committing again is no event");
    assert_eq!(logger.read("ds:v0")["artifact"]["id"], id);
}

#[test]
fn what_nobody_should_send_is_refused_by_name_and_stores_nothing() {
    let server = Harness::start();
    server.init("p", "r");
    let logger = Logger { server: &server };
    let id = logger.log("ds", "d1", &[("x", b"x")]);
    let before = server.events().len();
    for (more, word) in [
        (json!({ "projectName": "none" }), "project 'none' not found"),
        (json!({ "runName": "nobody" }), "nobody"),
        (json!({ "artifactTypeName": "model" }), "\"dataset\""),
        (json!({ "artifactCollectionName": null }), "no name"),
        (json!({ "artifactCollectionName": "a/b" }), "a/b"),
        (json!({ "digest": "" }), "digest"),
        (json!({ "digest": "d9", "clientID": "n1", "metadata": "{" }), "not JSON"),
        (json!({ "digest": "d9", "clientID": "n2", "metadata": "[]" }), "JSON object"),
        (json!({ "digest": "d9", "clientID": "x".repeat(300) }), "client id"),
        (json!({ "aliases": [{ "artifactCollectionName": "ds", "alias": "v7" }] }), "v7"),
        (json!({ "tags": [{ "tagName": "" }] }), "Invalid tag"),
        (json!({ "distributedID": "d" }), "several runs"),
        (json!({ "ttlDurationSeconds": 60 }), "TTL"),
        (json!({ "digestAlgorithm": "MANIFEST_XXH128" }), "XXH128"),
        (json!({ "entityName": null }), "entityName"),
    ] {
        let reply = logger.create("ds", "d1", &more);
        let answer = reply.json();
        assert!(reply.status == 200 && message(&answer).contains(word), "{more}: {answer}");
    }
    let unknown =
        [json!("QXJ0aWZhY3Q6MQ=="), json!("nonsense"), json!(""), json!("QXJ0aWZhY3Q6djE6MTpwOmFsaWNl")];
    let spec = |id: &Value, name: &str, md5: &str| json!({ "input": { "artifactFiles": [{ "artifactID": id, "name": name, "md5": md5 }], "storageLayout": "V2" } });
    for wrong in &unknown {
        let asked = [
            (COMMIT, json!({ "id": wrong })),
            (MANIFEST, json!({ "artifactID": wrong, "digest": "", "type": "FULL" })),
            (UPDATE_MANIFEST, json!({ "id": wrong })),
            (FILES, spec(wrong, "x", "3MlkAtscNw7haNVMBINuQg==")),
            (USE, json!({ "id": wrong, "run": "r", "project": "p" })),
        ];
        for (query, variables) in asked {
            let answer = server.graphql_reply(query, &variables).json();
            assert!(message(&answer).contains("not found"), "{variables}: {answer}");
        }
        let none = "query A($id: ID!) { artifact(id: $id) { id } artifactCollection(id: $id) { id } }";
        assert_eq!(
            server.graphql(none, &json!({ "id": wrong })),
            json!({ "artifact": null, "artifactCollection": null })
        );
    }
    for (query, variables, word) in [
        (FILES, spec(&id, "../x", "3MlkAtscNw7haNVMBINuQg=="), "../x"),
        (FILES, spec(&id, "x", "no base64"), "MD5"),
        (FILES, spec(&id, "x", ""), "MD5"),
        (MANIFEST, json!({ "artifactID": id, "digest": "x", "type": "FULL" }), "MD5"),
        (MANIFEST, json!({ "artifactID": id, "digest": "", "type": "PATCH" }), "several runs"),
        (MANIFEST, json!({ "artifactID": id, "baseArtifactID": "x", "digest": "", "type": "FULL" }), "not found"),
        (USE, json!({ "id": id, "run": "nobody", "project": "p" }), "nobody"),
        (USE, json!({ "id": id, "run": "r", "project": "none" }), "not found"),
        ("mutation L($id: ID!) { linkArtifact(input: { artifactID: $id }) { versionIndex } }", json!({ "id": id }), "portfolios"),
        ("mutation D($id: ID!) { deleteArtifact(input: { artifactID: $id }) { artifact { id } } }", json!({ "id": id }), "deletions"),
        ("mutation C($id: ID!) { completeMultipartUploadArtifact(input: { completeMultipartAction: Complete completedParts: []
            artifactID: $id storagePath: \"s\" uploadID: \"u\" }) { digest } }", json!({ "id": id }), "whole"),
    ] {
        let answer = server.graphql_reply(query, &variables).json();
        assert!(message(&answer).contains(word), "{variables}: {answer}");
    }
    let wrong = logger.begin("other", "w")["id"].clone();
    for (manifest, word) in [
        (json!([]), "does not parse"),
        (json!({ "version": 2, "contents": {} }), "version 2"),
        (json!({ "version": 1, "contents": { "x": { "digest": null } } }), "does not parse"),
        (json!({ "version": 1, "contents": { "../x": { "digest": "e", "ref": "s3://b" } } }), "../x"),
        (json!({ "version": 1, "contents": { "x": { "digest": "no md5" } } }), "not uploaded"),
    ] {
        assert_eq!(logger.manifest(&wrong, "FULL", &manifest), 200);
        assert!(message(&logger.commit(&wrong)).contains(word), "{manifest}");
    }
    let kinds: Vec<&str> = server.events()[before..].iter().map(|event| event.body.name()).collect();
    assert!(kinds.iter().all(|kind| ["ArtifactCreated", "ArtifactManifestPut"].contains(kind)), "{kinds:?}");
    assert_eq!(logger.read("other:latest"), Value::Null);
}

#[test]
fn aliases_move_and_what_is_said_is_changed() {
    let server = Harness::start();
    server.init("p", "r");
    let logger = Logger { server: &server };
    let (first, second) = (logger.log("ds", "d1", &[]), logger.log("ds", "d2", &[]));
    let aliases = |verb: &str, id: &Value, alias: &str, collection: &str| {
        let query = format!(
            "mutation A($id: ID!, $alias: String!, $collection: String!) {{ result: {verb}(input: {{ artifactID: $id aliases: [{{
               entityName: \"alice\" projectName: \"p\" artifactCollectionName: $collection alias: $alias }}] }}) {{ success }} }}"
        );
        server.graphql_reply(&query, &json!({ "id": id, "alias": alias, "collection": collection })).json()
    };
    assert!(aliases("addAliases", &first, "best", "ds").get("errors").is_none());
    assert_eq!(logger.read("ds:best")["artifact"]["id"], first);
    assert!(aliases("addAliases", &second, "best", "ds").get("errors").is_none());
    assert_eq!(logger.read("ds:best")["artifact"]["id"], second);
    let events = server.events().len();
    assert!(aliases("deleteAliases", &first, "best", "ds").get("errors").is_none(), "it has no such alias");
    assert!(aliases("addAliases", &second, "best", "ds").get("errors").is_none());
    assert_eq!(server.events().len(), events, "nothing changed");
    assert!(message(&aliases("addAliases", &first, "v1", "ds")).contains("v1"));
    assert!(message(&aliases("addAliases", &first, "x", "other")).contains("links"));
    let update =
        "mutation U($input: UpdateArtifactInput!) { result: updateArtifact(input: $input) { artifact {
        description metadata tags { name } updatedAt } } }";
    let change =
        |input: Value| server.graphql(update, &json!({ "input": input }))["result"]["artifact"].clone();
    let tag = |name: &str| json!([{ "tagName": name }]);
    let changed = change(
        json!({ "artifactID": first, "description": "d", "metadata": "{\"a\":NaN}", "tagsToAdd": tag("t") }),
    );
    assert_eq!((&changed["description"], &changed["metadata"]), (&json!("d"), &json!("{\"a\":NaN}")));
    let changed = change(
        json!({ "artifactID": first, "description": null, "metadata": null, "tagsToDelete": tag("t") }),
    );
    assert_eq!((&changed["description"], &changed["tags"]), (&json!("d"), &json!([])), "null is unchanged");
    let bodies = server.events().into_iter().map(|event| event.body.name());
    assert_eq!(bodies.filter(|name| ["AliasMoved", "ArtifactChanged"].contains(name)).count(), 4);
}

#[test]
fn a_run_is_deleted_with_its_artifacts_only_where_it_has_none() {
    let server = Harness::start();
    let id = server.init("p", "r")["id"].clone();
    let other = server.init("p", "other")["id"].clone();
    Logger { server: &server }.log("ds", "d1", &[]);
    let query = "mutation D($id: ID!, $with: Boolean) { deleteRun(input: { id: $id deleteArtifacts: $with }) { clientMutationId } }";
    let delete =
        |id: &Value, with: bool| server.graphql_reply(query, &json!({ "id": id, "with": with })).json();
    assert!(message(&delete(&id, true)).contains("deleting artifacts"));
    assert!(delete(&other, true).get("errors").is_none());
    assert!(delete(&id, false).get("errors").is_none());
    let read = Logger { server: &server }.read("ds:v0");
    assert_eq!(read["artifact"]["createdBy"], Value::Null, "a deleted run is not shown");
}

#[test]
fn an_upload_that_another_run_goes_on_with_is_of_both() {
    let server = Harness::start();
    for run in ["r", "again"] {
        server.init("p", run);
    }
    let logger = Logger { server: &server };
    let begun = logger.begin("ds", "d1");
    let again = logger.create("ds", "d1", &json!({ "runName": "again" })).json();
    assert_eq!(again["data"]["createArtifact"]["artifact"], begun);
    assert_eq!(logger.manifest(&begun["id"], "FULL", &listed(&[])), 200);
    assert!(logger.commit(&begun["id"]).get("errors").is_none());
    for run in ["r", "again"] {
        let query = "query R($r: String!) { project(name: \"p\") { run(name: $r) { outputArtifacts { totalCount } } } }";
        let read = server.graphql(query, &json!({ "r": run }))["project"]["run"].clone();
        assert_eq!(read["outputArtifacts"]["totalCount"], 1, "{run}");
    }
    assert_eq!(logger.read("ds:v0")["artifact"]["createdBy"]["name"], "r");
}

#[test]
fn many_runs_log_the_same_code_at_once_and_it_is_one_version() {
    let server = Harness::start();
    let runs: Vec<String> = (0..12).map(|n| format!("r{n}")).collect();
    runs.iter().for_each(|run| drop(server.init("p", run)));
    let ids: Vec<Value> = std::thread::scope(|scope| {
        let server = &server;
        let logging: Vec<_> = runs
            .iter()
            .map(|run| {
                scope.spawn(move || {
                    let logger = Logger { server };
                    let more = json!({ "runName": run, "clientID": format!("of {run}") });
                    let made = logger.create("source-p", "d", &more).json();
                    let artifact = made["data"]["createArtifact"]["artifact"].clone();
                    let id = artifact["id"].clone();
                    if artifact["state"] == "PENDING" {
                        assert_eq!(logger.manifest(&id, "FULL", &listed(&[])), 200);
                        assert!(logger.commit(&id).get("errors").is_none());
                    }
                    id
                })
            })
            .collect();
        logging.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let query = "query A($id: ID!) { artifact(id: $id) { id versionIndex } }";
    let read: Vec<Value> =
        ids.iter().map(|id| server.graphql(query, &json!({ "id": id }))["artifact"].clone()).collect();
    assert!(read.iter().all(|artifact| *artifact == read[0] && artifact["versionIndex"] == 0), "{read:?}");
    for run in &runs {
        let query = "query R($r: String!) { project(name: \"p\") { run(name: $r) { outputArtifacts { totalCount } } } }";
        let count =
            server.graphql(query, &json!({ "r": run }))["project"]["run"]["outputArtifacts"]["totalCount"]
                .clone();
        assert_eq!(count, 1, "{run}");
    }
}
