//! Every door asked by everybody (S2). The doors are those that the server itself names: its table of routes, the
//! fields of its schema, the commands that it says it knows. What each answers to whom stands in `table.rs`; a door
//! without a row fails the test.

mod artifacts;
mod table;

use std::collections::BTreeSet;

use ingest::routes;
use serde_json::{Value, json};

use crate::support::{Harness, Reply, UPSERT, basic, history};
use table::{CALLERS, COMMANDS, FIELDS, ROUTES};

/// Stands in what the team's run holds; whoever is shown it has read the run.
const SECRET: &str = "zebra";

/// The team's server, and a key for each who asks.
struct House {
    server: Harness,
    keys: Vec<Option<String>>,
}

impl House {
    fn open() -> Self {
        let server = Harness::with(|options| {
            options.limits.auth_failures_per_minute = 10_000;
            options.limits.requests_per_second = 1_000_000;
        });
        let command = |body: Value| {
            let reply = server.ask("POST", "/api/commands", &body.to_string());
            assert_eq!(reply.status, 200, "{}", reply.text());
            reply.json()
        };
        for team in ["team", "others"] {
            command(json!({ "command": "team_add", "name": team }));
        }
        let user = |name: &str, role: &str, on: &str| {
            let added = command(json!({ "command": "user_add", "name": name }));
            command(json!({ "command": "role_grant", "user": name, "role": role, "on": on }));
            Some(added["key"].as_str().unwrap().to_owned())
        };
        let keys = vec![
            None,
            Some("local-".to_owned() + &"x".repeat(40)),
            user("reader", "reader", "team"),
            user("ingest", "ingest-only", "team"),
            user("writer", "writer", "team"),
            user("other", "admin", "others"),
            Some(server.key.clone()),
        ];
        command(json!({ "command": "user_add", "name": "guest" }));
        let house = Self { server, keys };
        house.begin("r");
        house
    }

    /// Begins a run of the team that holds the secret.
    fn begin(&self, run: &str) -> Value {
        let variables = json!({ "name": run, "project": "p", "entity": "team", "host": "h", "notes": SECRET,
            "summaryMetrics": json!({ SECRET: 1 }).to_string() });
        let made = self.server.graphql(UPSERT, &variables)["upsertBucket"]["bucket"].clone();
        let row = json!({ "_step": 0, SECRET: 0.5 }).to_string();
        let reply = self.server.ask(
            "POST",
            &format!("/files/team/p/{run}/file_stream"),
            &history(0, &[&row]).to_string(),
        );
        assert_eq!(reply.status, 200, "{}", reply.text());
        made
    }

    fn ask(&self, caller: usize, method: &str, target: &str, body: Option<&Value>) -> Reply {
        let authorization = self.keys[caller].as_deref().map(basic);
        let mut headers = vec![("accept", "application/json"), ("content-type", "application/json")];
        headers.extend(authorization.as_deref().map(|value| ("authorization", value)));
        let body = body.map(Value::to_string).unwrap_or_default();
        self.server.send(method, target, &headers, body.as_bytes())
    }
}

/// The rows of a table: the first words, and what is expected for each who asks.
fn rows(table: &'static str, words: usize) -> Vec<(Vec<&'static str>, Vec<&'static str>)> {
    let mut lines = table.lines().filter(|line| !line.trim().is_empty());
    let head: Vec<&str> = lines.next().unwrap().split_whitespace().skip(words).collect();
    assert_eq!(head, CALLERS);
    let row = |line: &'static str| {
        let all: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(all.len(), words + CALLERS.len(), "{line}");
        (all[..words].to_vec(), all[words..].to_vec())
    };
    lines.map(row).collect()
}

/// What is asked for and has no row, or has one and is not there any more.
fn told_apart(what: &str, there: BTreeSet<String>, rows: &[(Vec<&str>, Vec<&str>)]) {
    let named: BTreeSet<String> = rows.iter().map(|(words, _)| words.join(" ")).collect();
    let without: Vec<_> = there.difference(&named).collect();
    assert!(without.is_empty(), "{what} without a row in the table of who may: {without:?}");
    let gone: Vec<_> = named.difference(&there).collect();
    assert!(gone.is_empty(), "{what} in the table that are not there: {gone:?}");
}

fn compare(rows: Vec<(Vec<&str>, Vec<&str>)>, mut came_to: impl FnMut(&[&str], usize) -> String) {
    let mut wrong = Vec::new();
    for (words, expected) in rows {
        let is: Vec<String> = (0..CALLERS.len()).map(|caller| came_to(&words, caller)).collect();
        if is != expected {
            wrong.push(format!("{}: {} but expected {}", words.join(" "), is.join(" "), expected.join(" ")));
        }
    }
    assert!(wrong.is_empty(), "as {CALLERS:?}:\n{}", wrong.join("\n"));
}

/// The status, with a mark where the secret is shown.
fn seen(reply: &Reply) -> String {
    let is_shown = reply.status == 200 && reply.text().contains(SECRET);
    format!("{}{}", reply.status, if is_shown { "+" } else { "" })
}

#[test]
fn s2_every_route_answers_each_caller_as_the_table_says() {
    let house = House::open();
    let rows = rows(ROUTES, 2);
    told_apart(
        "routes",
        routes().iter().map(|route| format!("{} {}", route.method, route.path)).collect(),
        &rows,
    );
    compare(rows, |words, caller| {
        let [method, path] = words else { panic!("{words:?}") };
        let target = path.replace("{entity}", "team").replace("{project}", "p").replace("{run}", "r");
        let target =
            target.replace("{token}", "t.t").replace("{*rest}", "otel/v1").replace("{*file}", "nothing.js");
        let target = target.replace("{tab}", "logs").replace("{name}", "wandb_manifest.json");
        let target = ["{region}", "{collection}", "{born}", "{md5}", "{*name}"]
            .into_iter()
            .fold(target, |target, part| target.replace(part, "0"));
        let body = match (*method, *path) {
            ("GET", "/api/events") => return followed(&house, caller),
            ("POST", "/graphql") => {
                json!({ "query": "{ project(name: \"p\", entityName: \"team\") { run(name: \"r\") { notes } } }" })
            }
            ("POST", "/sql") => json!({ "sql": "SELECT notes FROM runs" }),
            ("POST", "/api/chart") => json!({ "runs": ["team/p/r"], "keys": [SECRET] }),
            ("POST", "/api/runs") => json!({ "columns": ["notes"] }),
            ("POST", "/api/commands") => json!({ "command": "edit", "run": "team/p/r", "notes": SECRET }),
            ("POST" | "PUT", _) => json!({}),
            _ => Value::Null,
        };
        let method = if *method == "*" { "POST" } else { method };
        seen(&house.ask(caller, method, &target, (!body.is_null()).then_some(&body)))
    });
}

/// What is told of events from the first one on, until one that everybody hears of.
fn followed(house: &House, caller: usize) -> String {
    use std::io::{BufRead as _, BufReader};
    let Some(key) = &house.keys[caller] else { return seen(&house.ask(caller, "GET", "/api/events", None)) };
    let config = ureq::Agent::config_builder().http_status_as_error(false);
    let agent = ureq::Agent::from(config.timeout_global(Some(std::time::Duration::from_secs(20))).build());
    // The own entity is everybody's own: what is logged there closes the tale.
    let url = format!("{}/api/events?from=1", house.server.url);
    let reply = agent.get(url).header("authorization", basic(key)).call().unwrap();
    let status = reply.status().as_u16();
    if status != 200 {
        return status.to_string();
    }
    let begin =
        json!({ "query": UPSERT, "variables": { "name": "last-of-all", "project": "own", "host": "h" } });
    assert_eq!(house.ask(caller, "POST", "/graphql", Some(&begin)).status, 200);
    let mut is_shown = false;
    for line in BufReader::new(reply.into_body().into_reader()).lines() {
        let line = line.unwrap();
        is_shown |= line.contains(SECRET);
        if line.contains("last-of-all") {
            break;
        }
    }
    format!("200{}", if is_shown { "+" } else { "" })
}

#[test]
fn s2_every_field_of_the_schema_answers_each_caller_as_the_table_says() {
    let house = House::open();
    let rows = rows(FIELDS, 2);
    let query = "{ __schema { queryType { fields { name } } mutationType { fields { name } } subscriptionType { name } } }";
    let schema = house.server.graphql(query, &Value::Null)["__schema"].clone();
    assert_eq!(schema["subscriptionType"], Value::Null);
    let fields = |kind: &str| {
        let fields = schema[format!("{kind}Type")]["fields"].as_array().unwrap().clone();
        fields
            .into_iter()
            .map(|field| format!("{kind} {}", field["name"].as_str().unwrap()))
            .collect::<Vec<_>>()
    };
    told_apart("fields", fields("query").into_iter().chain(fields("mutation")).collect(), &rows);
    compare(rows, |words, caller| {
        let [kind, field] = words else { panic!("{words:?}") };
        let document = format!("{kind} {{ {field}{} }}", selection(&house, field, caller));
        let reply = house.ask(caller, "POST", "/graphql", Some(&json!({ "query": document })));
        if reply.status != 200 {
            return reply.status.to_string();
        }
        let answer = reply.json();
        assert!(!answer.to_string().contains("on type"), "{document}: {answer}");
        match (answer["errors"].as_array(), &answer["data"][*field]) {
            (Some(_), data) => {
                assert!(!data.to_string().contains(SECRET), "{document}: {answer}");
                "no".to_owned()
            }
            (None, Value::Null) => "null".to_owned(),
            (None, data) => format!("yes{}", if data.to_string().contains(SECRET) { "+" } else { "" }),
        }
    });
}

/// What a field is asked, on things of its own for each who asks.
fn selection(house: &House, field: &str, caller: usize) -> String {
    let run = format!("{field}-{}", CALLERS[caller]);
    let id = || house.begin(&run)["id"].as_str().unwrap().to_owned();
    let place = format!("entityName: \"team\", projectName: \"p\", runName: \"{run}\"");
    match field {
        "viewer" => "{ username teams { edges { node { name } } } apiKeys { edges { node { id } } } }".into(),
        "serverInfo" => "{ features { name } }".into(),
        "entity" => "(name: \"team\") { name project(name: \"p\") { name } members { name } }".into(),
        "organization" => "(name: \"team\") { id }".into(),
        "users" => "{ edges { node { name } } }".into(),
        "project" | "model" => {
            "(name: \"p\", entityName: \"team\") { name runs { edges { node { notes historyKeys } } } }"
                .into()
        }
        "models" => {
            "(entityName: \"team\") { edges { node { name runs { edges { node { notes } } } } } }".into()
        }
        "upsertBucket" => {
            id();
            format!(
                "(input: {{ name: \"{run}\", modelName: \"p\", entityName: \"team\", groupName: \"g\" }}) {{ bucket {{ name notes }} }}"
            )
        }
        "rewindRun" => {
            id();
            format!(
                "(input: {{ runName: \"{run}\", projectName: \"p\", entityName: \"team\", metricName: \"_step\", metricValue: 0 }}) {{ rewoundRun {{ notes }} }}"
            )
        }
        "deleteRun" => format!("(input: {{ id: \"{}\" }}) {{ clientMutationId __typename }}", id()),
        "stopRun" => format!("(input: {{ id: \"{}\" }}) {{ success }}", id()),
        "updateRunState" => format!("(input: {{ id: \"{}\", state: \"failed\" }}) {{ success }}", id()),
        "upsertModel" => {
            format!("(input: {{ name: \"{run}\", entityName: \"team\" }}) {{ project {{ name }} }}")
        }
        "createRunFiles" => {
            id();
            format!("(input: {{ {place}, files: [\"f\"] }}) {{ files {{ uploadUrl }} }}")
        }
        "markRunFilesUploaded" => {
            id();
            format!("(input: {{ {place}, files: [\"f\"] }}) {{ success }}")
        }
        "deleteFiles" => format!("(input: {{ files: [\"{}\"] }}) {{ success }}", file_of(house, &run)),
        "notifyScriptableRunAlert" => {
            id();
            format!("(input: {{ {place}, title: \"t\", text: \"x\" }}) {{ success }}")
        }
        "deleteModel" => {
            let variables = json!({ "name": "r", "project": run, "entity": "team", "host": "h" });
            let made = house.server.graphql(UPSERT, &variables);
            format!("(input: {{ id: {} }}) {{ success }}", made["upsertBucket"]["bucket"]["project"]["id"])
        }
        "createTeam" => format!("(input: {{ teamName: \"team-{caller}\" }}) {{ entity {{ name }} }}"),
        "createUser" => format!("(input: {{ email: \"user-{caller}\" }}) {{ user {{ name }} }}"),
        "createInvite" => "(input: { entityName: \"team\", username: \"guest\" }) { invite { name } }".into(),
        "deleteInvite" => {
            // Who is in the team by now: the writer, last asked by the admin.
            "(input: { id: \"VXNlcjpndWVzdA==\", entityName: \"team\" }) { success }".into()
        }
        "createServiceAccount" => {
            "(input: { entityName: \"team\", description: \"a machine\" }) { user { id } }".into()
        }
        "generateApiKey" => "(input: { description: \"d\" }) { apiKey { id } }".into(),
        "deleteApiKey" => {
            // Another's: a key of the admin.
            let made =
                house.server.ask("POST", "/api/commands", &json!({ "command": "key_new" }).to_string());
            format!("(input: {{ id: {} }}) {{ success }}", made.json()["id"])
        }
        other => artifacts::selection(house, other, &run)
            .unwrap_or_else(|| panic!("{other:?} has a row, but nobody says how it is asked")),
    }
}

/// The id of a file of a run.
fn file_of(house: &House, run: &str) -> String {
    house.begin(run);
    let create = format!(
        "mutation {{ createRunFiles(input: {{ entityName: \"team\", projectName: \"p\", runName: \"{run}\", files: [\"f\"] }}) {{ files {{ uploadUrl }} }} }}"
    );
    let made = house.server.graphql(&create, &Value::Null)["createRunFiles"]["files"][0]["uploadUrl"].clone();
    assert_eq!(house.server.send("PUT", made.as_str().unwrap(), &[], b"x").status, 200);
    let listed = format!(
        "{{ project(name: \"p\", entityName: \"team\") {{ run(name: \"{run}\") {{ files {{ edges {{ node {{ id }} }} }} }} }} }}"
    );
    let files = house.server.graphql(&listed, &Value::Null)["project"]["run"]["files"]["edges"].clone();
    files[0]["node"]["id"].as_str().unwrap().to_owned()
}

/// A command that saves a view of the team's project.
fn view() -> Value {
    json!({ "command": "view_save", "project": "team/p", "name": "Best", "page": "table", "content": "?sort=loss" })
}

#[test]
fn s2_every_command_answers_each_caller_as_the_table_says() {
    let house = House::open();
    let rows = rows(COMMANDS, 1);
    let refusal = house.server.ask("POST", "/api/commands", "{\"command\":\"?\"}").text();
    let (_, known) = refusal.split_once("expected one of ").unwrap();
    told_apart("commands", known.split('`').skip(1).step_by(2).map(str::to_owned).collect(), &rows);
    compare(rows, |words, caller| {
        let [command] = words else { panic!("{words:?}") };
        let run = format!("{command}-{}", CALLERS[caller]);
        let mut body = match *command {
            "edit" | "stop" | "delete" | "undelete" => {
                house.begin(&run);
                json!({ "run": format!("team/p/{run}"), "notes": "new" })
            }
            "user_add" | "team_add" => json!({ "name": format!("{command}-{caller}") }),
            "role_grant" => json!({ "user": "guest", "role": "writer", "on": "team" }),
            "key_new" => json!({ "user": "guest" }),
            "key_revoke" => {
                let made =
                    house.server.ask("POST", "/api/commands", &json!({ "command": "key_new" }).to_string());
                json!({ "id": made.json()["id"] })
            }
            "password_set" => json!({ "password": "correct horse" }),
            "view_save" => view(),
            "view_list" => json!({ "project": "team/p" }),
            "view_remove" => {
                let saved = house.server.ask("POST", "/api/commands", &view().to_string()).json();
                json!({ "project": "team/p", "id": saved["id"] })
            }
            "prune" => json!({ "dry_run": true }),
            _ => json!({}),
        };
        body["command"] = json!(command);
        let reply = house.ask(caller, "POST", "/api/commands", Some(&body));
        assert!(!reply.text().contains(SECRET), "{}", reply.text());
        reply.status.to_string()
    });
}
