//! `wbq open`: the page, signed in.

use serde_json::{Value, json};

use crate::sample;
use crate::wbq::{Served, printed, run};

#[test]
fn the_address_that_is_printed_signs_a_browser_in_at_the_page_of_the_run() {
    let dir = sample::folder();
    let server = Served::start(dir.path(), &[]);
    let address = printed(dir.path(), &["open", "cifar/base", "--print"]);
    let (page, fragment) = address.trim().split_once('#').unwrap();
    assert_eq!(page, format!("{}/login", server.url));
    let (ticket, to) = fragment.strip_prefix("ticket=").unwrap().split_once("&to=").unwrap();
    assert_eq!(to, "%2Fada%2Fcifar%2Fruns%2Fbase");
    let mut reply = ureq::post(page).send_json(json!({ "ticket": ticket })).unwrap();
    let cookie = reply.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    assert_eq!(reply.body_mut().read_json::<Value>().unwrap()["is_admin"], true);
    let session = ureq::get(format!("{}/api/session", server.url)).header("cookie", cookie).call().unwrap();
    assert_eq!(session.status(), 200);
}

#[test]
fn without_a_server_there_is_nothing_to_open() {
    let dir = sample::folder();
    let done = run(dir.path(), &["open"]);
    assert_eq!((done.code, done.stdout.as_str()), (1, ""));
    assert!(done.stderr.contains("wbq serve"), "{}", done.stderr);
}
