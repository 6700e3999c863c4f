//! Who gets in: the table of routes, keys, guessing, hosts.

use ingest::{Role, routes};
use serde_json::json;

use crate::support::{Harness, basic};

fn target(path: &str) -> String {
    path.replace("{entity}", "alice")
        .replace("{project}", "p")
        .replace("{run}", "r")
        .replace("{token}", "t")
        .replace("{*rest}", "x/y")
        .replace("{*file}", "f")
        .replace("{*name}", "x")
        .replace("{name}", "x")
        .replace("{region}", "default")
        .replace("{collection}", "c")
        .replace("{born}", "b")
        .replace("{md5}", "00")
        .replace("{tab}", "logs")
}

#[test]
fn every_route_wants_a_key_unless_it_is_public() {
    let server = Harness::with(|options| options.limits.auth_failures_per_minute = 10_000);
    for route in routes() {
        let target = target(route.path);
        for method in ["GET", "POST", "PUT", "DELETE"] {
            let body: &[u8] = if method == "POST" || method == "PUT" { b"{}" } else { b"" };
            for headers in [&[][..], &[("authorization", "Basic YXBpOndyb25n")][..]] {
                let status = server.send(method, &target, headers, body).status;
                let is_open = routes().iter().any(|other| {
                    other.path == route.path
                        && (other.method == method || other.method == "*")
                        && matches!(other.role, Role::Public | Role::Capability)
                });
                // A token that we did not sign opens nothing; an empty object signs nobody in.
                let expected: &[u16] = if is_open { &[200, 400, 403, 404] } else { &[401] };
                assert!(expected.contains(&status), "{method} {target}: {status}");
            }
        }
    }
}

#[test]
fn what_is_not_routed_is_not_found_before_anybody_is_asked() {
    let server = Harness::start();
    for (method, target) in [
        ("POST", "/sdk/otel/v1/metrics"),
        ("POST", "/sdk/otel/v1/logs"),
        ("GET", "/a/b/c/d/e"),
        ("POST", "/api/runs/of/nobody"),
        ("POST", "/files/a/nothing/b"),
    ] {
        let reply = server.send(method, target, &[], b"");
        assert_eq!(reply.status, 404, "{method} {target}");
    }
}

#[test]
fn only_admins_see_metrics_and_add_users() {
    let server = Harness::start();
    let key = "local-".to_owned() + &"a".repeat(40);
    let added = server.ask(
        "POST",
        "/api/commands",
        &json!({ "command": "user_add", "name": "bob", "key": key }).to_string(),
    );
    assert_eq!(added.json(), json!({ "outcome": "user_added", "name": "bob", "key": key }));
    let bob = basic(&key);
    let headers = [("authorization", bob.as_str()), ("content-type", "application/json")];
    assert_eq!(server.send("GET", "/metrics", &headers, b"").status, 403);
    let list = json!({ "command": "user_list" }).to_string();
    assert_eq!(server.send("POST", "/api/commands", &headers, list.as_bytes()).status, 403);
    let metrics = server.ask("GET", "/metrics", "");
    assert!(metrics.status == 200 && metrics.text().contains("wbq_events_acked_total"), "{}", metrics.text());
    // Bob logs to his own entity, not to Alice's, and makes no new ones.
    let init = |entity: &str| {
        let body = json!({
            "query": crate::support::UPSERT,
            "variables": { "name": "r", "project": "p", "entity": entity, "host": "h" },
        });
        server.send("POST", "/graphql", &headers, body.to_string().as_bytes())
    };
    assert_eq!(init("").json()["data"]["upsertBucket"]["bucket"]["project"]["entity"]["name"], "bob");
    for entity in ["alice", "newteam"] {
        let reply = init(entity);
        assert_eq!(reply.status, 403, "{}", reply.text());
        assert!(reply.json()["errors"][0]["message"].as_str().unwrap().contains(entity));
    }
    let made = server.upsert(&json!({ "name": "r", "project": "p", "entity": "newteam", "host": "h" }));
    assert_eq!(made["bucket"]["project"]["entity"]["name"], "newteam", "an admin's request makes an entity");
    assert_eq!(init("newteam").status, 403, "nobody else is in it");
    let grant = json!({ "command": "role_grant", "user": "bob", "role": "writer", "on": "newteam" });
    assert_eq!(server.ask("POST", "/api/commands", &grant.to_string()).status, 200);
    assert_eq!(init("newteam").status, 200);
    server.init("p", "mine");
    assert_eq!(server.send("POST", "/files/alice/p/mine/file_stream", &headers, b"{}").status, 403);
}

#[test]
fn a_wrong_key_is_told_so_and_guessing_is_slowed() {
    let server = Harness::start();
    assert_eq!(server.ask("POST", "/graphql", "{\"query\":\"{viewer{id}}\"}").status, 200);
    let guess = || server.send("POST", "/graphql", &[("authorization", "Bearer nonsense")], b"{}");
    for _ in 0..10 {
        let reply = guess();
        assert_eq!(
            (reply.status, reply.json()),
            (401, json!({ "errors": [{ "message": "invalid API key" }] }))
        );
    }
    let reply = guess();
    assert_eq!(reply.status, 429);
    assert!(reply.header("retry-after").is_some());
    assert_eq!(
        server.ask("POST", "/graphql", "{\"query\":\"{viewer{id}}\"}").status,
        200,
        "who was in stays in"
    );
    assert_eq!(server.send("GET", "/livez", &[], b"").status, 200);
}

#[test]
fn a_bearer_key_and_the_token_of_the_folder_work() {
    let server = Harness::start();
    let text = std::fs::read_to_string(server.path().join("server.json")).unwrap();
    let told: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (told["url"].as_str(), told["pid"].as_u64()),
        (Some(server.url.as_str()), Some(std::process::id().into()))
    );
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(server.path().join("server.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    for key in [server.key.as_str(), told["token"].as_str().unwrap()] {
        let bearer = format!("Bearer {key}");
        let reply = server.send("GET", "/metrics", &[("authorization", &bearer)], b"");
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
}

#[test]
fn a_foreign_host_is_refused_on_loopback() {
    let server = Harness::start();
    for (host, status) in [("evil.example", 403), ("localhost", 200), ("127.0.0.1:9", 200)] {
        assert_eq!(server.send("GET", "/livez", &[("host", host)], b"").status, status, "{host}");
    }
}
