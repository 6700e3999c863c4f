//! What a run's state is, and why (SEMANTICS 4).

use std::time::Duration;

use engine::{Body, Cause};
use serde_json::json;

use crate::support::{Harness, eventually, history};

fn causes(server: &Harness, run: &str) -> Vec<(Cause, &'static str)> {
    let change = |event: engine::Event| match event.body {
        Body::StateChanged(ref change) if event.run().is_some_and(|key| *key.run == *run) => {
            Some((change.cause, change.to.name()))
        }
        _ => None,
    };
    server.events().into_iter().filter_map(change).collect()
}

#[test]
fn the_exit_code_decides_how_a_run_ended() {
    let server = Harness::start();
    for (code, state) in [(0, "finished"), (1, "failed"), (3, "failed"), (255, "killed"), (-9, "failed")] {
        let run = format!("r{code}");
        server.init("p", &run);
        assert_eq!(server.state("p", &run), "running");
        let end = json!({ "complete": true, "exitcode": code });
        server.streamed("p", &run, &end);
        server.streamed("p", &run, &end);
        assert_eq!((server.state("p", &run).as_str(), causes(&server, &run).len()), (state, 1), "{code}");
        assert_eq!(server.run("p", &run)["exitcode"], code);
    }
    server.init("p", "silent-end");
    server.streamed("p", "silent-end", &json!({ "complete": true }));
    assert_eq!(server.state("p", "silent-end"), "finished");
}

#[test]
fn a_run_that_was_asked_to_stop_is_told_so_and_ends_as_killed() {
    let server = Harness::start();
    let id = server.init("p", "r")["id"].clone();
    assert_eq!(server.streamed("p", "r", &json!({})), json!({}));
    let stop = "mutation StopRun($id: ID!) { stopRun(input: { id: $id }) { success } }";
    for _ in 0..2 {
        assert_eq!(server.graphql(stop, &json!({ "id": id }))["stopRun"]["success"], true);
    }
    assert_eq!(server.run("p", "r")["stopped"], true);
    assert_eq!(server.streamed("p", "r", &json!({})), json!({ "stopped": true }));
    assert_eq!(server.streamed("p", "r", &history(0, &["{\"_step\":0}"])), json!({ "stopped": true }));
    server.streamed("p", "r", &json!({ "complete": true, "exitcode": 0 }));
    assert_eq!(server.state("p", "r"), "killed");
    assert_eq!(causes(&server, "r"), [(Cause::Stop, "Killed")]);
    server.graphql(stop, &json!({ "id": id }));
    server.init("p", "r");
    assert_eq!(server.streamed("p", "r", &json!({})), json!({}), "a run begun again is not stopped");
}

#[test]
fn a_run_that_is_heard_after_its_end_runs_again() {
    let server = Harness::start();
    server.init("p", "r");
    server.streamed("p", "r", &json!({ "complete": true, "exitcode": 1 }));
    server.streamed("p", "r", &json!({}));
    assert_eq!(server.state("p", "r"), "running");
    server.streamed("p", "r", &json!({ "complete": true, "exitcode": 0 }));
    let expected = [(Cause::Exit, "Failed"), (Cause::Heard, "Running"), (Cause::Exit, "Finished")];
    assert_eq!(causes(&server, "r"), expected);
}

#[test]
fn a_resumed_run_runs_again() {
    let server = Harness::start();
    let id = server.init("p", "r")["id"].clone();
    server.streamed("p", "r", &json!({ "complete": true, "exitcode": 0 }));
    server.upsert(&json!({ "id": id, "notes": "later" }));
    assert_eq!(server.state("p", "r"), "finished", "an edit does not start it");
    server.upsert(&json!({ "id": id, "name": "r", "project": "p", "host": "h", "program": "x" }));
    assert_eq!(server.state("p", "r"), "running");
    assert_eq!(causes(&server, "r").last(), Some(&(Cause::Resumed, "Running")));
}

#[test]
fn a_silent_run_crashes_and_comes_back() {
    let server = Harness::with(|options| options.crash_after = Duration::from_millis(300));
    server.init("p", "r");
    server.streamed("p", "r", &history(0, &["{\"_step\":0}"]));
    eventually("the crash", || server.state("p", "r") == "crashed");
    server.streamed("p", "r", &json!({}));
    assert_eq!(server.state("p", "r"), "running");
    eventually("the second crash", || server.state("p", "r") == "crashed");
    // Crashed, then the end is heard after all.
    server.streamed("p", "r", &json!({ "complete": true, "exitcode": 0 }));
    assert_eq!(server.state("p", "r"), "finished");
    let seen = causes(&server, "r");
    assert_eq!(seen[..2], [(Cause::Silence, "Crashed"), (Cause::Heard, "Running")]);
    assert_eq!(seen.last(), Some(&(Cause::Exit, "Finished")));
}

#[test]
fn preempting_is_a_state_until_the_run_is_heard_or_ends() {
    let server = Harness::start();
    server.init("p", "r");
    server.streamed("p", "r", &json!({ "preempting": true }));
    server.streamed("p", "r", &json!({ "preempting": true }));
    assert_eq!((server.state("p", "r").as_str(), causes(&server, "r").len()), ("preempting", 1));
    server.streamed("p", "r", &json!({}));
    assert_eq!(server.state("p", "r"), "running");
    server.streamed("p", "r", &json!({ "preempting": true, "complete": true, "exitcode": 0 }));
    assert_eq!(server.state("p", "r"), "finished");
}

#[test]
fn a_state_set_by_hand_follows_the_rules() {
    let server = Harness::start();
    let made = server.upsert(&json!({ "name": "ahead", "project": "p", "state": "pending" }));
    assert_eq!((server.state("p", "ahead").as_str(), &made["inserted"]), ("pending", &json!(true)));
    let update =
        "mutation UpdateRunState($input: UpdateRunStateInput!) { updateRunState(input: $input) { success } }";
    let set = |id: &serde_json::Value, state: &str| {
        server.graphql_reply(update, &json!({ "input": { "id": id, "state": state } }))
    };
    let id = &made["bucket"]["id"];
    assert_eq!(set(id, "failed").json()["data"]["updateRunState"]["success"], true);
    assert_eq!(set(id, "pending").json()["data"]["updateRunState"]["success"], true);
    for wrong in ["pending", "finished", "nonsense"] {
        let reply = set(id, wrong);
        assert_eq!(reply.status, 200, "a refusal during a run is silent");
        assert!(
            reply.json()["errors"][0]["message"].as_str().unwrap().contains("cannot be set"),
            "{}",
            reply.text()
        );
    }
}

#[test]
fn a_run_made_ahead_and_then_taken_is_one_generation() {
    let server = Harness::start();
    server.upsert(&json!({ "name": "ahead", "project": "p", "state": "pending" }));
    server.init("p", "ahead");
    assert_eq!((server.state("p", "ahead").as_str(), server.read().projection.run_count()), ("running", 1));
    assert_eq!(causes(&server, "ahead"), [(Cause::Resumed, "Running")]);
}

#[test]
fn time_when_the_server_was_down_does_not_count_as_silence() {
    let server = Harness::with(|options| options.crash_after = Duration::from_secs(300));
    server.init("p", "r");
    let server = server.restart();
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(server.state("p", "r"), "running");
}
