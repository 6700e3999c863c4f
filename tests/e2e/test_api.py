"""The public API of the client: runs listed, filtered, ordered, read, changed and deleted as its reference says."""

import json

import pytest

pytestmark = pytest.mark.xdist_group("api")

RUNS = """
    for number in range(7):
        run = wandb.init(
            project="api",
            id=f"r{number}",
            name=f"name-{number}",
            group=f"g{number % 2}",
            job_type="train",
            notes="why",
            tags=["odd", "all"] if number % 2 else ["even", "all"],
            config={"lr": number / 10, "layers": [1, number], "optimizer": {"kind": "adam" if number % 2 else "sgd"}},
        )
        for step in range(25):
            run.log({"loss": number + 1 / (step + 1), "acc": step / 25, "in": {"ner": step}})
        if number == 3:
            run.log({"rare": float("nan"), "big": 2**60})
        run.finish(exit_code=int(number == 5))
"""

READ = """
    api = wandb.Api()
    ids = lambda **how: [run.id for run in api.runs("api", **how)]

    def error(of):
        try:
            of()
        except Exception as failure:
            return f"{type(failure).__name__}: {failure}"

    note(of="all", ids=ids(), count=len(api.runs("api")))
    for filters in FILTERS:
        note(of=json.dumps(filters), ids=ids(filters=filters), count=len(api.runs("api", filters=filters)))
    for order in ORDERS:
        note(of=order, ids=ids(order=order), paged=ids(order=order, per_page=2))
    note(of="wrong operator", error=error(lambda: ids(filters={"state": {"$near": 1}})))
    note(of="wrong key", error=error(lambda: ids(filters={"stat": "finished"})))
    note(of="no project", error=error(lambda: list(wandb.Api().runs("nowhere"))))
    note(of="no run", error=error(lambda: wandb.Api().run("api/nothing")))

    run = api.run("api/r3")
    note(of="run", config=run.config, summary=run.summary_metrics, tags=run.tags, notes=run.notes, state=run.state,
         group=run.group, job_type=run.job_type, name=run.name, path=run.path, entity=run.entity,
         user=run.user.username, last=run.lastHistoryStep, keys=sorted(run.history_keys["keys"]),
         lines=run.historyLineCount, url=run.url, metadata="program" in run.metadata)
    lazy, eager = api.runs("api", lazy=True)[0], api.runs("api", lazy=False)[0]
    note(of="lazy", lazy=lazy.config, eager=eager.config, same=dict(lazy.summary) == dict(eager.summary))
    sampled = [run.history(keys=["loss"], samples=5, pandas=False) for _ in range(2)]
    note(of="history", rows=run.history(pandas=False), sampled=sampled[0], again=sampled[1],
         frame=sorted(run.history(keys=["loss", "acc"]).columns))
    note(of="scan", rows=len(list(run.scan_history())), paged=len(list(run.scan_history(page_size=7))),
         some=list(run.scan_history(keys=["loss", "in.ner"], min_step=3, max_step=6)),
         rare=list(run.scan_history(keys=["rare", "big"])))
    note(of="histories", rows=len(api.runs("api").histories(samples=3, format="default")))
    note(of="files", names=sorted(file.name for file in run.files()),
         only=[file.name for file in run.files(names=["config.yaml"])])
    with open("up load.txt", "w") as file:
        file.write("as it was")
    run.upload_file("up load.txt")
    with run.file("up load.txt").download(root="down", replace=True) as file:
        text = file.read()
    run.file("up load.txt").delete()
    note(of="upload", text=text, left=[file.name for file in run.files() if file.name == "up load.txt"])

    run.config["new"], run.name, run.notes, run.group, run.job_type = {"a": 1}, "renamed", "", "g9", "eval"
    run.tags.append("later")
    run.update()
    run.summary.update({"best": 0.5, "nested": {"a": 2}})
    again = wandb.Api().run("api/r3")
    note(of="update", config=again.config, name=again.name, notes=again.notes, group=again.group,
         job_type=again.job_type, tags=again.tags, summary=again.summary_metrics)
    note(of="state", before=api.run("api/r5").state, done=api.run("api/r5").update_state("pending"),
         after=wandb.Api().run("api/r5").state)
    run.wait_until_finished()
    api.run("api/r6").delete(delete_artifacts=True)
    note(of="delete", ids=[run.id for run in wandb.Api().runs("api")], error=error(lambda: wandb.Api().run("api/r6")))

    api.create_project("made", api.default_entity)
    made = api.create_run(project="made", run_id="ahead")
    note(of="made", run=made.id, state=wandb.Api().run("made/ahead").state,
         projects=sorted(project.name for project in api.projects()), project=api.project("api").name,
         kinds=[type(api.from_path(path)).__name__ for path in ("ada/api/r0", "ada/api")])
    viewer = api.viewer
    note(of="people", viewer=viewer.username, admin=viewer.admin, teams=viewer.teams, keys=len(viewer.api_keys),
         user=api.user(viewer.username).name, users=[user.name for user in api.users(viewer.username)],
         nobody=api.user("nobody"))
    note(of="reports", reports=list(api.reports("api")))
    note(of="foreign", errors=[error(of) for of in (
        lambda: api.create_run_queue("q", "local-container", entity=api.default_entity),
        lambda: api.run_queue(api.default_entity, "q").id,
        lambda: api.create_custom_chart(entity=api.default_entity, name="c", display_name="C", spec_type="vega2",
                                        access="private", spec="{}"),
        lambda: list(api.automations(api.default_entity)),
        lambda: list(api.integrations(api.default_entity)),
        lambda: list(api.registries()),
    )])
"""

ALL, ODD, EVEN = [f"r{n}" for n in range(7)], ["r1", "r3", "r5"], ["r0", "r2", "r4", "r6"]
FILTERS = [
    ({"state": "failed"}, ["r5"]),
    ({"state": {"$ne": "finished"}}, ["r5"]),
    ({"name": "r2"}, ["r2"]),
    ({"displayName": "name-2"}, ["r2"]),
    ({"display_name": {"$regex": "-[34]$"}}, ["r3", "r4"]),
    ({"group": "g1", "jobType": "train"}, ODD),
    ({"tags": "odd"}, ODD),
    ({"tags": {"$ne": "odd"}}, EVEN),
    ({"tags": {"$in": ["even", "none"]}}, EVEN),
    ({"tags": {"$nin": ["even"]}}, ODD),
    ({"tags": {"$all": ["odd", "all"]}}, ODD),
    ({"config.lr": {"$gt": 0.15, "$lte": 0.5}}, ["r2", "r3", "r4", "r5"]),
    ({"config.lr.value": 0.2}, ["r2"]),
    ({"config.optimizer.kind": "adam"}, ODD),
    ({"config.optimizer.value.kind": {"$contains": "da"}}, ODD),
    ({"config.lr": {"$nin": [0, 0.1, "0.2"]}}, ["r2", "r3", "r4", "r5", "r6"]),
    ({"summary_metrics.loss": {"$lt": 2}}, ["r0", "r1"]),
    ({"summary_metrics.rare": {"$exists": True}}, ["r3"]),
    ({"summary_metrics.rare": {"$exists": False}}, [run for run in ALL if run != "r3"]),
    ({"keys_info.keys.big": {"$exists": True}}, ["r3"]),
    ({"$or": [{"name": "r1"}, {"config.lr": {"$gte": 0.6}}]}, ["r1", "r6"]),
    ({"$and": [{"group": "g0"}, {"$nor": [{"name": "r0"}, {"name": "r2"}]}]}, ["r4", "r6"]),
    ({"group": {"$not": {"$eq": "g0"}}}, ODD),
    ({"createdAt": {"$gt": "2020-01-01T00:00:00"}, "heartbeatAt": {"$gt": "2020-01-01"}}, ALL),
    ({"created_at": {"$lt": "2020-01-01"}}, []),
    ({"username": "ada", "host": {"$exists": True}, "duration": {"$gte": 0}}, ALL),
    ({"sweep": None}, ALL),
    ({}, ALL),
]
ORDERS = {
    "+created_at": ALL,
    "-created_at": ALL[::-1],
    "-createdAt": ALL[::-1],
    "+name": ALL,
    "-config.lr.value": ALL[::-1],
    "+summary_metrics.loss": ALL,
    "-summary_metrics.big": ["r3", "r0", "r1", "r2", "r4", "r5", "r6"],
    "+summary_metrics.big": ["r3", "r0", "r1", "r2", "r4", "r5", "r6"],
}


@pytest.fixture(scope="module")
def notes(server, module_trainer):
    """What one script saw, by what it looked at."""
    made = module_trainer.run(server, RUNS)
    assert made.exit_code == 0, made.terminal
    asked = f"\nFILTERS = {[asked for asked, _ in FILTERS]!r}\nORDERS = {list(ORDERS)!r}\n"
    training = module_trainer.run(server, asked.replace("\n", "\n    ") + READ)
    assert training.exit_code == 0, training.terminal
    return {entry["of"]: entry for entry in training.journal()}


def runs_come_oldest_first_and_are_counted(notes):
    assert (notes["all"]["ids"], notes["all"]["count"]) == (ALL, 7)


def every_operator_of_the_filters_chooses_what_it_says(notes):
    for filters, expected in FILTERS:
        found = notes[json.dumps(filters)]
        assert (found["ids"], found["count"]) == (expected, len(expected)), filters


def runs_are_ordered_by_any_key_also_over_pages(notes):
    for order, expected in ORDERS.items():
        assert (notes[order]["ids"], notes[order]["paged"]) == (expected, expected), order


def a_wrong_filter_is_an_error_that_names_what_is_wrong(notes):
    assert "$near" in notes["wrong operator"]["error"] and "$eq" in notes["wrong operator"]["error"]
    assert '"stat"' in notes["wrong key"]["error"] and "state" in notes["wrong key"]["error"]
    assert "Could not find project nowhere" in notes["no project"]["error"]
    assert "Could not find run" in notes["no run"]["error"]


def a_run_tells_all_of_itself(server, notes):
    run = notes["run"]
    assert run["config"] == {"lr": 0.3, "layers": [1, 3], "optimizer": {"kind": "adam"}}
    assert (run["summary"]["big"], run["summary"]["in"], run["summary"]["_step"]) == (2**60, {"ner": 24}, 25)
    told = [run[key] for key in ("tags", "notes", "state", "group", "job_type", "name", "user", "last", "lines")]
    assert told == [["odd", "all"], "why", "finished", "g1", "train", "name-3", "ada", 25, 26]
    assert (run["path"], run["url"]) == (["ada", "api", "r3"], f"{server.url}/ada/api/runs/r3")
    assert {"loss", "acc", "in.ner", "rare", "big", "_step"} <= set(run["keys"])
    assert run["metadata"]
    assert (notes["lazy"]["lazy"], notes["lazy"]["same"]) == (notes["lazy"]["eager"], True)


def history_is_sampled_the_same_each_time_and_scanned_whole(notes):
    history, scan = notes["history"], notes["scan"]
    assert [row["_step"] for row in history["rows"]] == list(range(26))
    assert [row["_step"] for row in history["sampled"]] == [0, 6, 12, 18, 24]
    assert history["again"] == history["sampled"]
    assert history["frame"] == ["_step", "acc", "loss"]
    assert (scan["rows"], scan["paged"]) == (26, 26)
    assert scan["some"] == [{"_step": step, "loss": 3 + 1 / (step + 1), "in.ner": step} for step in (3, 4, 5)]
    (rare,) = scan["rare"]
    assert (rare["big"], rare["_step"], str(rare["rare"]).lower()) == (2**60, 25, "nan")
    assert notes["histories"]["rows"] == 21


def files_are_listed_uploaded_downloaded_and_deleted(notes):
    assert {"config.yaml", "wandb-metadata.json", "wandb-summary.json"} <= set(notes["files"]["names"])
    assert notes["files"]["only"] == ["config.yaml"]
    assert (notes["upload"]["text"], notes["upload"]["left"]) == ("as it was", [])


def an_update_changes_what_it_names_and_nothing_else(notes):
    update = notes["update"]
    assert update["config"] == {**notes["run"]["config"], "new": {"a": 1}}
    told = [update[key] for key in ("name", "group", "job_type", "tags")]
    assert told == ["renamed", "g9", "eval", ["odd", "all", "later"]]
    assert not update["notes"]
    expected = {**notes["run"]["summary"], "best": 0.5, "nested": {"a": 2}}
    assert {k: str(v) for k, v in update["summary"].items()} == {k: str(v) for k, v in expected.items()}
    assert (notes["state"]["before"], notes["state"]["done"], notes["state"]["after"]) == ("failed", True, "pending")


def a_deleted_run_is_in_no_list(notes):
    assert notes["delete"]["ids"] == ALL[:6]
    assert "Could not find run" in notes["delete"]["error"]


def projects_and_runs_are_made_and_found(notes):
    made = notes["made"]
    assert (made["run"], made["project"]) == ("ahead", "api")
    assert {"api", "made"} <= set(made["projects"])
    assert made["kinds"] == ["Run", "Project"]


def the_viewer_and_users_are_told(server, notes):
    people = notes["people"]
    assert (people["viewer"], people["admin"], people["user"]) == (server.admin, True, server.admin)
    assert (server.admin in people["users"], people["nobody"], people["keys"]) == (True, None, 1)
    assert notes["reports"]["reports"] == []


def what_belongs_to_other_products_is_refused_by_its_name(notes):
    queue, queue_again, chart, automations, integrations, registries = notes["foreign"]["errors"]
    assert "launch queues are not part of this server" in queue
    assert "launch queues are not part of this server" in queue_again
    assert "presets of custom charts are not part of this server" in chart
    assert "automations are not part of this server" in automations
    assert "integrations with other services are not part of this server" in integrations
    assert "not enabled on this wandb server" in registries


def pages_stay_the_same_while_runs_are_added_and_change(server, trainer, project):
    script = """
        for number in range(6):
            wandb.init(id=f"r{number}", config={"n": number}, settings=wandb.Settings(silent=True)).finish()
        api = wandb.Api()
        runs = iter(api.runs(os.environ["WANDB_PROJECT"], order="-config.n.value", per_page=2))
        seen = [next(runs).id]
        late = wandb.Api().run(os.environ["WANDB_PROJECT"] + "/r0")
        late.config["n"] = 99
        late.update()
        wandb.init(id="new", config={"n": 50}, settings=wandb.Settings(silent=True)).finish()
        wandb.Api().run(os.environ["WANDB_PROJECT"] + "/r4").delete()
        note(ids=seen + [next(runs).id for _ in range(5)], more=next(runs, None) is not None)
    """
    training = trainer.run(server, script, project=project)
    assert training.exit_code == 0, training.terminal
    assert training.journal() == [{"ids": ["r5", "r4", "r3", "r2", "r1", "r0"], "more": False}]
