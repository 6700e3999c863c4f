"""`docs/compatibility.md` has every public call of the client, and each answers as the page says."""

import json
import re
from pathlib import Path

import pytest

TREE = Path(__file__).parents[2]
ROW = re.compile(r"^\| `(?P<call>[\w.]+)` \| (?P<here>[a-z ]+) \| (?P<note>.*?) \| (?:`(?P<test>[\w:]+)`)? ?\|$", re.MULTILINE)
HERE = "test_compatibility::the_calls_of_the_client_answer_as_the_page_says"
# What an error says that is no accident.
REFUSALS = r"not part of this server|not enabled on this wandb server|not supported by this server|does not support CES"

NAMES = """
    from wandb.apis import public

    def names(of):
        return [name for name in dir(of) if not name.startswith("_")]

    note(names=[f"wandb.{name}" for name in wandb.__all__ if not name.startswith("_")]
         + [f"wandb.Run.{name}" for name in names(wandb.Run)]
         + [f"Api.{name}" for name in names(wandb.Api)]
         + [f"api.Run.{name}" for name in names(public.Run)]
         + [f"{of}.{name}" for of in ("Runs", "File", "Files", "Project", "Projects", "User", "Team", "Member")
            for name in names(getattr(public, of))])
"""

CALLS = """
    import hashlib
    import pathlib

    def attempt(*names, of):
        for name in names:
            try:
                value = of()
                note(call=name, ok=True, value=repr(value)[:200])
            except BaseException as error:
                note(call=name, ok=False, error=f"{type(error).__name__}: {error}")

    run = wandb.init(project="calls", id="one", config={"lr": 1}, group="g", job_type="j")
    for step in range(20):
        run.log({"loss": step})
    for name in ("config_static dir disabled entity group id job_type name notes offline path project project_url "
                 "resumed settings start_time starting_step step sweep_id sweep_url sync_dir tags url").split():
        attempt(f"wandb.Run.{name}", of=lambda: getattr(run, name))
    for name in "display to_html status mark_preempting".split():
        attempt(f"wandb.Run.{name}", of=getattr(run, name))
    attempt("wandb.EvalTable", of=lambda: run.log({"eval": wandb.EvalTable(columns=["a"], data=[[1]], backend="ces")}))
    attempt("wandb.Run.pin_config_keys", of=lambda: run.pin_config_keys(["lr"]))
    attempt("wandb.Run.write_logs", of=lambda: run.write_logs("written by hand"))
    with open("file.txt", "w") as file:
        file.write("content")
    with open("model.obj", "w") as file:
        file.write("v 0 0 0")
    with open("molecule.pdb", "w") as file:
        file.write("ATOM")
    with open("sound.wav", "wb") as file:
        file.write(b"RIFF")
    with open("film.mp4", "wb") as file:
        file.write(b"film")
    attempt("wandb.Run.log_model", "wandb.log_model", of=lambda: run.log_model("file.txt", name="model"))
    attempt("wandb.Run.link_model", "wandb.link_model", of=lambda: run.link_model("file.txt", "registered"))
    shared = wandb.Artifact("shared", type="dataset")
    shared.add_file("file.txt")
    attempt("wandb.Run.upsert_artifact", of=lambda: run.upsert_artifact(shared, distributed_id="d").wait())
    attempt("wandb.Run.finish_artifact", of=lambda: run.finish_artifact(shared, distributed_id="d").wait())
    data = wandb.Artifact("data", type="dataset")
    data.add_file("file.txt")
    run.log_artifact(data).wait()
    attempt("wandb.Run.link_artifact", of=lambda: run.link_artifact(data, "calls/collection"))
    for name, media in {
        "Html": lambda: wandb.Html("<b>bold</b>"),
        "Graph": lambda: wandb.Graph(),
        "Object3D": lambda: wandb.Object3D("model.obj"),
        "box3d": lambda: wandb.Object3D({"type": "lidar/beta", "points": __import__("numpy").zeros((1, 3)),
                          "boxes": __import__("numpy").array([wandb.box3d(center=(0, 0, 0), size=(1, 1, 1),
                          orientation=(1, 0, 0, 0), color=(1, 2, 3))])}),
        "Molecule": lambda: wandb.Molecule("molecule.pdb"),
        "Audio": lambda: wandb.Audio("sound.wav"),
        "Video": lambda: wandb.Video("film.mp4"),
        "Plotly": lambda: wandb.Plotly(__import__("plotly").graph_objects.Figure(data=[{"y": [1, 2]}])),
        "plot_table": lambda: wandb.plot.line(wandb.Table(columns=["x", "y"], data=[[1, 2], [2, 3]]), "x", "y"),
    }.items():
        attempt(f"wandb.{name}", of=lambda: run.log({f"media/{name}": media()}))
    kept = {}
    for path in pathlib.Path(run.dir, "media").rglob("*"):
        if path.is_file():
            kept[str(path.relative_to(run.dir))] = hashlib.sha256(path.read_bytes()).hexdigest()
    run.finish()
    got = {}
    for file in wandb.Api().run("calls/one").files():
        if file.name.startswith("media/"):
            with file.download(root="got", replace=True) as stream:
                got[file.name] = hashlib.sha256(open(stream.name, "rb").read()).hexdigest()
    note(media=got, kept=kept)
    run = wandb.init(project="calls", id="user")
    attempt("wandb.Run.use_model", "wandb.use_model", of=lambda: run.use_model("model:latest"))
    run.finish()
    attempt("wandb.Run.restore", of=lambda: wandb.restore("config.yaml", run_path="calls/one", root="down").name)

    api = wandb.Api()
    me = api.default_entity
    run = api.run("calls/one")
    made = lambda: api.run("calls/made")
    for name in "default_entity user_agent viewer".split():
        attempt(f"Api.{name}", of=lambda: getattr(api, name))
    for name, of in {
        "project": lambda: api.project("calls").id,
        "projects": lambda: [project.name for project in api.projects()],
        "create_project": lambda: api.create_project("made", me),
        "create_run": lambda: api.create_run(project="calls", run_id="made"),
        "team": lambda: api.team(me).members,
        "user": lambda: api.user(me).username,
        "users": lambda: api.users(me)[0].username,
        "from_path": lambda: api.from_path("calls/runs/one").id,
        "flush": lambda: api.flush(),
        "artifact": lambda: api.artifact("calls/data:v0").digest,
        "artifact_collection": lambda: api.artifact_collection("dataset", "calls/data").name,
        "artifact_collection_exists": lambda: api.artifact_collection_exists("calls/data", "dataset") or 1 / 0,
        "artifact_exists": lambda: api.artifact_exists("calls/data:v0") or 1 / 0,
        "artifact_collections": lambda: [found.name for found in api.artifact_collections("calls", "dataset")],
        "artifact_type": lambda: api.artifact_type("dataset", "calls").name,
        "artifact_types": lambda: [kind.name for kind in api.artifact_types("calls")],
        "artifact_versions": lambda: [found.name for found in api.artifact_versions("dataset", "calls/data")],
        "artifacts": lambda: [found.name for found in api.artifacts("dataset", "calls/data")],
        "sweep": lambda: api.sweep("calls/abc"),
        "automation": lambda: api.automation("x"),
        "automations": lambda: list(api.automations()),
        "create_registry": lambda: api.create_registry("r", "organization"),
        "registry": lambda: api.registry("r"),
        "registries": lambda: list(api.registries()),
        "create_run_queue": lambda: api.create_run_queue("q", "local-container"),
        "upsert_run_queue": lambda: api.upsert_run_queue("q", {}, "local-container"),
        "integrations": lambda: list(api.integrations()),
        "slack_integrations": lambda: list(api.slack_integrations()),
        "webhook_integrations": lambda: list(api.webhook_integrations()),
        "organization": lambda: api.organization("o"),
        "reports": lambda: list(api.reports("calls")) == [] or 1 / 0,
    }.items():
        attempt(f"Api.{name}", of=of)
    attempt("wandb.sweep", of=lambda: wandb.sweep({"method": "random", "parameters": {"a": {"values": [1]}}},
            project="calls"))
    for name in ("entity id json_config lastHistoryStep metadata name path rawconfig state storage_id summary "
                 "summary_metrics sweep sweep_name system_metrics url username").split():
        attempt(f"api.Run.{name}", of=lambda: getattr(run, name))
    for name, of in {
        "beta_scan_history": lambda: len(list(run.beta_scan_history())),
        "console_logs": lambda: [line.content for line in run.console_logs()].index("written by hand"),
        "display": lambda: run.display(),
        "to_html": lambda: run.to_html(),
        "load": lambda: run.load(force=True)["name"],
        "load_full_data": lambda: run.load_full_data()["name"],
        "log_artifact": lambda: run.log_artifact(api.artifact("calls/data:v0")).name,
        "use_artifact": lambda: run.use_artifact(api.artifact("calls/data:v0")).name,
        "logged_artifacts": lambda: [found.name for found in run.logged_artifacts()].index("data:v0"),
        "used_artifacts": lambda: [found.name for found in run.used_artifacts()].index("data:v0"),
        "upload_file": lambda: run.upload_file("file.txt").name,
        "file": lambda: run.file("file.txt").size,
        "save": lambda: run.save(),
        "update_state": lambda: made().update_state("failed"),
        "stop": lambda: made().stop(),
        "wait_until_finished": lambda: run.wait_until_finished(),
        "create": lambda: wandb.apis.public.Run.create(api, run_id="made2", project="calls").id,
        "delete": lambda: api.run("calls/made2").delete(delete_artifacts=True),
    }.items():
        attempt(f"api.Run.{name}", of=of)
    runs = api.runs("calls", lazy=True)
    attempt("Runs.histories", of=lambda: len(runs.histories(samples=2, format="default")))
    attempt("Runs.upgrade_to_full", of=lambda: runs.upgrade_to_full())
    file, project = run.file("file.txt"), api.project("calls")
    for name in "display to_html".split():
        attempt(f"File.{name}", of=getattr(file, name))
    attempt("File.size", of=lambda: file.size == 7 or 1 / 0)
    attempt("File.path_uri", of=lambda: file.path_uri == "" or 1 / 0)
    for name in "id owner path url".split():
        attempt(f"Project.{name}", of=lambda: getattr(project, name))
    for name in "display to_html".split():
        attempt(f"Project.{name}", of=getattr(project, name))
    attempt("Project.artifacts_types", of=lambda: [kind.name for kind in project.artifacts_types()])
    attempt("Project.collections", of=lambda: [found.name for found in project.collections()].index("data"))
    attempt("Project.sweeps", of=lambda: list(project.sweeps()))
"""


@pytest.fixture(scope="module")
def page():
    rows = [row.groupdict() for row in ROW.finditer((TREE / "docs/compatibility.md").read_text())]
    named = [row["call"] for row in rows]
    assert len(set(named)) == len(named) > 200
    return {row["call"]: row for row in rows}


def every_public_name_of_the_client_stands_in_the_page(page, server, trainer):
    training = trainer.run(server, NAMES)
    [entry] = training.journal()
    assert set(entry["names"]) == set(page)


def every_test_that_the_page_names_is_there(page):
    for row in page.values():
        if row["test"]:
            file, name = row["test"].split("::")
            assert f"def {name}(" in (TREE / f"tests/e2e/{file}.py").read_text(), row
        else:
            assert row["here"] == "not tried" or row["note"] or row["here"] == "refused", row


def the_calls_of_the_client_answer_as_the_page_says(page, serve, trainer):
    training = trainer.run(serve(), CALLS)
    journal = training.journal()
    answers = {entry["call"]: entry for entry in journal if "call" in entry}
    assert training.exit_code == 0, training.terminal
    assert set(answers) == {call for call, row in page.items() if row["test"] == HERE}
    wrong = [
        (row["here"], answers[call])
        for call, row in page.items()
        if row["test"] == HERE and not _is_as_told(row, answers[call])
    ]
    assert wrong == [], json.dumps(wrong, indent=1)
    # Media of every kind come back as they were written.
    [media] = [entry for entry in journal if "media" in entry]
    kinds = {name.split("/")[1] for name in media["media"]}
    assert kinds == {"html", "graph", "object3D", "molecule", "audio", "videos", "plotly", "table"}, kinds
    assert media["media"] == media["kept"]


def _is_as_told(row, answer):
    if row["here"] == "refused":
        return not answer["ok"] and re.search(REFUSALS, answer["error"]) is not None
    return answer["ok"]
