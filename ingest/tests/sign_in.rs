//! Browsers: the web app's files, sessions, and what keeps foreign pages from using them (S3, S6).

use serde_json::json;

use crate::support::{Harness, Reply};

/// A browser that is signed in.
struct Browser<'a> {
    server: &'a Harness,
    cookie: String,
    csrf: String,
}

impl<'a> Browser<'a> {
    fn sign_in(server: &'a Harness) -> Self {
        let reply = login(server, &json!({ "key": server.key }), Some(&server.url));
        assert_eq!(reply.status, 200, "{}", reply.text());
        let cookie = reply.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
        let csrf = reply.json()["csrf"].as_str().unwrap().to_owned();
        Self { server, cookie, csrf }
    }

    fn get(&self, target: &str) -> Reply {
        self.server.send("GET", target, &[("cookie", &self.cookie)], b"")
    }

    fn change(&self, method: &str, target: &str, origin: Option<&str>, csrf: Option<&str>) -> Reply {
        let mut headers = vec![("cookie", self.cookie.as_str()), ("content-type", "application/json")];
        headers.extend(origin.map(|origin| ("origin", origin)));
        headers.extend(csrf.map(|csrf| ("x-wbq-csrf", csrf)));
        let body: &[u8] = if method == "POST" { br#"{"command":"user_list"}"# } else { b"" };
        self.server.send(method, target, &headers, body)
    }
}

fn login(server: &Harness, proof: &serde_json::Value, origin: Option<&str>) -> Reply {
    let mut headers = vec![("content-type", "application/json")];
    headers.extend(origin.map(|origin| ("origin", origin)));
    server.send("POST", "/login", &headers, proof.to_string().as_bytes())
}

#[test]
fn every_page_is_the_web_app_under_a_strict_policy() {
    let server = Harness::start();
    for target in [
        "/",
        "/login",
        "/authorize",
        "/sql",
        "/a",
        "/a/p",
        "/a/p/table",
        "/a/p/runs/r/logs",
        "/a/p/artifacts/t/n/v0",
        "/a/p/r",
    ] {
        let reply = server.send("GET", target, &[], b"");
        assert_eq!(
            (reply.status, reply.header("content-type")),
            (200, Some("text/html; charset=utf-8")),
            "{target}"
        );
        let policy = reply.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
        assert!(policy.ends_with("frame-ancestors 'none'") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        assert!(!reply.text().contains("alice"), "a page holds no data");
    }
    let framed = server.send("GET", "/a/p/runs/r?jupyter=true", &[], b"");
    let policy = framed.header("content-security-policy").unwrap();
    assert!(policy.contains("frame-ancestors 'self' http://localhost:*"), "{policy}");
}

#[test]
fn the_files_of_the_web_app_are_packed_and_kept_for_ever() {
    let server = Harness::start();
    let page = server.send("GET", "/", &[], b"").text();
    let named: Vec<&str> = page.split('"').filter(|part| part.starts_with("/assets/")).collect();
    assert!(!named.is_empty() || page.contains("make ui"), "{page}");
    for target in named {
        let plain = server.send("GET", target, &[("accept-encoding", "identity")], b"");
        assert_eq!((plain.status, plain.header("content-encoding")), (200, None), "{target}");
        assert_eq!(plain.header("cache-control"), Some("public, max-age=31536000, immutable"));
        if target.ends_with(".js") {
            let packed = server.send("HEAD", target, &[("accept-encoding", "gzip")], b"");
            assert_eq!(packed.header("content-encoding"), Some("gzip"), "{target}");
        }
    }
    assert_eq!(server.send("GET", "/assets/none.js", &[], b"").status, 404);
    assert_eq!(server.send("GET", "/assets/..%2Findex.html", &[], b"").status, 404);
}

#[test]
fn s3_a_cookie_reads_and_changes_only_for_a_page_of_ours_with_its_token() {
    let server = Harness::start();
    let browser = Browser::sign_in(&server);
    assert_eq!(browser.get("/api/session").json()["user"], "alice");
    let (origin, csrf) = (Some(server.url.as_str()), Some(browser.csrf.as_str()));
    assert_eq!(browser.change("POST", "/api/commands", origin, csrf).status, 200);
    for (origin, csrf) in [
        (None, csrf),
        (Some("http://evil.example"), csrf),
        (Some("null"), csrf),
        (Some("http://127.0.0.1:1"), csrf),
        (origin, None),
        (origin, Some("wrong")),
        (origin, Some("")),
    ] {
        for (method, target) in
            [("POST", "/api/commands"), ("POST", "/sql"), ("POST", "/graphql"), ("DELETE", "/api/session")]
        {
            let reply = browser.change(method, target, origin, csrf);
            assert_eq!(reply.status, 403, "{method} {target} from {origin:?} with {csrf:?}");
        }
    }
    assert_eq!(browser.get("/api/session").status, 200, "nobody else signed it out");
    assert_eq!(browser.change("DELETE", "/api/session", origin, csrf).status, 200);
    assert_eq!(browser.get("/api/session").status, 401);
}

#[test]
fn s3_the_cookie_is_for_this_server_alone_and_no_script_reads_it() {
    let server = Harness::start();
    let port = server.url.rsplit(':').next().unwrap();
    let reply = login(&server, &json!({ "key": format!(" {} \n", server.key) }), None);
    let cookie = reply.header("set-cookie").unwrap();
    assert!(cookie.starts_with(&format!("wbq_session_{port}=wbq_")), "{cookie}");
    for part in ["; Path=/", "; HttpOnly", "; SameSite=Strict", "; Max-Age=2592000"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Secure") && !cookie.contains(&server.key), "{cookie}");
    let proxied = Harness::with(|options| options.behind_proxy = true);
    let headers = [
        ("content-type", "application/json"),
        ("x-forwarded-proto", "https"),
        ("origin", "https://wbq.example"),
        ("host", "wbq.example"),
    ];
    let reply =
        proxied.send("POST", "/login", &headers, json!({ "key": proxied.key }).to_string().as_bytes());
    assert!(reply.header("set-cookie").unwrap().ends_with("; Secure"), "{reply:?}");
}

#[test]
fn signing_in_wants_a_key_that_is_right_and_a_page_of_ours() {
    let server = Harness::start();
    assert_eq!(login(&server, &json!({ "key": server.key }), Some("http://evil.example")).status, 403);
    assert_eq!(login(&server, &json!({ "password": "x" }), None).status, 400);
    for _ in 0..10 {
        assert_eq!(login(&server, &json!({ "key": "wrong" }), None).status, 401);
    }
    assert_eq!(login(&server, &json!({ "key": "wrong" }), None).status, 429, "guessing is slowed");
}

#[test]
fn a_name_and_a_password_sign_in_with_a_key_that_ends_with_the_session() {
    let server = Harness::start();
    let ask = |body: serde_json::Value| server.ask("POST", "/api/commands", &body.to_string());
    let password = |user: &str, password: &str| {
        login(&server, &json!({ "password": { "user": user, "password": password } }), Some(&server.url))
    };
    let added = ask(json!({ "command": "user_add", "name": "bob", "password": "correct horse" }));
    let bobs = added.json()["key"].as_str().unwrap().to_owned();
    assert_eq!(ask(json!({ "command": "user_add", "name": "eve" })).status, 200);
    let reply = password("bob", "correct horse");
    assert_eq!((reply.status, &reply.json()["user"]), (200, &json!("bob")));
    let cookie = reply.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let browser =
        Browser { server: &server, cookie, csrf: reply.json()["csrf"].as_str().unwrap().to_owned() };
    assert_eq!(browser.get("/api/session").json()["is_admin"], false);
    let made = || {
        let keys = ask(json!({ "command": "key_list" })).json()["keys"].as_array().unwrap().clone();
        keys.into_iter().filter(|key| key["note"] == "signed in with a password").collect::<Vec<_>>()
    };
    let [key] = made().try_into().unwrap();
    assert!(key["user"] == "bob" && key["expires"].is_i64(), "{key}");
    let (origin, csrf) = (Some(server.url.as_str()), Some(browser.csrf.as_str()));
    assert_eq!(browser.change("DELETE", "/api/session", origin, csrf).status, 200);
    assert_eq!((browser.get("/api/session").status, made().len()), (401, 0), "its key went with it");
    // Nobody learns whether it is the name or the password that is wrong.
    let refused = [password("bob", "wrong horse"), password("eve", ""), password("nobody", "correct horse")];
    for reply in &refused {
        assert_eq!((reply.status, reply.text()), (401, refused[0].text()));
    }
    let bob = |body: serde_json::Value| {
        let headers = [("authorization", &*format!("Bearer {bobs}")), ("content-type", "application/json")];
        server.send("POST", "/api/commands", &headers, body.to_string().as_bytes()).status
    };
    assert_eq!(bob(json!({ "command": "password_set", "user": "eve", "password": "correct horse" })), 403);
    assert_eq!(bob(json!({ "command": "password_set", "password": "seven77" })), 400);
    assert_eq!(bob(json!({ "command": "password_set", "password": "another horse" })), 200);
    assert_eq!(
        (password("bob", "correct horse").status, password("bob", "another horse").status),
        (401, 200)
    );
    assert_eq!(bob(json!({ "command": "password_set", "password": "" })), 200);
    assert_eq!(password("bob", "another horse").status, 401, "it was taken away");
    let told =
        server.ask("POST", "/sql", r#"{"sql":"SELECT body FROM events WHERE kind = 'PasswordSet'"}"#).text();
    assert!(told.contains("is_set") && !told.contains("argon2") && !told.contains("horse"), "{told}");
    for _ in 0..5 {
        assert_eq!(password("bob", "guess").status, 401);
    }
    assert_eq!(password("bob", "another guess").status, 429, "guessing is slowed");
}

#[test]
fn a_new_password_ends_what_the_old_one_began_and_nothing_else() {
    let server = Harness::start();
    let ask = |body: serde_json::Value| server.ask("POST", "/api/commands", &body.to_string());
    let sign_in = |user: &str| {
        let proof = json!({ "password": { "user": user, "password": "correct horse" } });
        let reply = login(&server, &proof, Some(&server.url));
        let cookie = reply.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
        Browser { server: &server, cookie, csrf: reply.json()["csrf"].as_str().unwrap().to_owned() }
    };
    for user in ["bob", "eve"] {
        assert_eq!(
            ask(json!({ "command": "user_add", "name": user, "password": "correct horse" })).status,
            200
        );
    }
    let browsers = [sign_in("bob"), sign_in("bob"), sign_in("eve")];
    let statuses = || browsers.each_ref().map(|browser| browser.get("/api/session").status);
    assert_eq!(statuses(), [200, 200, 200]);
    let keys = || ask(json!({ "command": "key_list" })).json()["keys"].as_array().unwrap().len();
    let before = keys();
    let set = |password: &str| {
        ask(json!({ "command": "password_set", "user": "bob", "password": password })).status
    };
    assert_eq!((set("short"), statuses()), (400, [200, 200, 200]));
    assert_eq!((set("another horse"), statuses()), (200, [401, 401, 200]));
    assert_eq!(keys(), before - 2, "the keys that bob's browsers had, and no other");
    let note = "signed in with a password";
    let reserved = ask(json!({ "command": "key_new", "note": note }));
    assert!(reserved.status == 400 && reserved.text().contains("cannot be a note"), "{}", reserved.text());
}

#[test]
fn a_ticket_signs_in_once() {
    let server = Harness::start();
    let reply = server.ask("POST", "/api/tickets", "");
    let ticket = json!({ "ticket": reply.json()["ticket"] });
    assert_eq!((reply.status, &reply.json()["expires_in_seconds"]), (200, &json!(60)));
    let first = login(&server, &ticket, Some(&server.url));
    assert_eq!((first.status, &first.json()["user"]), (200, &json!("alice")));
    assert_eq!(login(&server, &ticket, Some(&server.url)).status, 401);
    assert_eq!(login(&server, &json!({ "ticket": "none" }), None).status, 401);
}

#[test]
fn a_session_ends_with_the_server() {
    let server = Harness::start();
    let browser = Browser::sign_in(&server);
    let cookie = browser.cookie.clone();
    let server = server.restart();
    assert_eq!(server.send("GET", "/api/session", &[("cookie", &cookie)], b"").status, 401);
}
