"""`WANDB_MODE=offline` and `wandb sync` later: what a run logs online, it logs offline too."""

import json
import os
import shutil

import pytest
import yaml
from waiting import until

pytestmark = pytest.mark.xdist_group("offline")

OFFLINE = {"WANDB_MODE": "offline"}

LOGGED = """
    import numpy as np

    nan, inf = float("nan"), float("inf")
    run = wandb.init(
        id="whole", name="a name", notes="two lines\\nof notes", tags=["a", "ä"], group="g", job_type="train",
        config={"lr": 0.1, "whole": 2.0, "nest": {"a": {"b": 1}}, "big": 2**60, "list": [1, None], "nan": nan},
    )
    run.define_metric("val/*", step_metric="epoch")
    run.define_metric("loss", summary="min,max")
    for step in range(20):
        run.log({
            "loss": 1 / (step + 1), "epoch": step, "val/acc": step / 3, "n": {"x": step, "y": {"z": "t"}}, "nan": nan,
            "ninf": -inf, "big": 2**60 + step, "flag": step % 2 == 0, "txt": "hé \\"quoted\\"", "list": [1, 2.0, nan],
        })
    run.log({"late": 1}, step=100)
    run.log({"image": wandb.Image(np.zeros((4, 4, 3), dtype=np.uint8)), "spread": wandb.Histogram([1, 2, 3])})
    run.config.update({"late": 3, "lr": 0.2}, allow_val_change=True)
    run.summary["best"] = 5
    print("hello")
    print("an error", file=sys.stderr)
    for percent in range(0, 101, 5):
        print(f"progress {percent}%", end="\\r", flush=True)
    print("progress done")
    with open("notes.txt", "w") as notes:
        notes.write("kept as it is\\n" * 1000)
    run.save("notes.txt")
    run.name = "renamed"
    run.finish(exit_code=7)
"""

# Of two executions of one script: when each ran, where it stands, and the made files, which are compared by content.
OF_THE_EXECUTION = {
    "runs": {
        "project", "created_at", "started_at", "heartbeat_at", "finished_at", "runtime", "duration", "updated_lsn",
        # Each execution has a folder of its own; a sync tells its own program first.
        "command", "program",
    },
    "history": {"project", "_timestamp", "_runtime", "_lsn"},
    "points": {"project", "timestamp", "runtime", "lsn"},
    "system": {"project", "timestamp", "runtime", "lsn", "_lsn"},
    "console": {"project", "timestamp", "lsn"},
    "files": {"project", "updated_at"},
    "quarantine": {"project", "time", "lsn"},
}
CLOCKS = {"_timestamp", "_runtime"}
MADE = {"config.yaml": yaml.safe_load, "wandb-summary.json": json.loads, "wandb-metadata.json": json.loads}
OF_THE_MACHINE = {"startedAt", "program", "codePath", "codePathLocal", "root", "disk", "writerId", "args"}


@pytest.fixture(scope="module")
def offline(module_trainer, server):
    """The folder of the run that was logged without a server."""
    return _log_offline(module_trainer, server, LOGGED, "offline")


def a_synced_offline_run_is_the_run_that_the_script_logs_online(offline, server, serve, trainer):
    training = trainer.run(server, LOGGED, project="online")
    assert training.exit_code == 0, training.terminal
    other = serve()
    _sync(trainer, other, offline)
    _same(other, "offline", server, "online", "whole")


def a_second_sync_leaves_the_run_as_it_is(offline, serve, trainer):
    server = serve()
    _sync(trainer, server, offline)
    before = {table: _rows(server, table, "offline") for table in OF_THE_EXECUTION}
    last = server.row("SELECT max(lsn) AS lsn FROM events")["lsn"]
    _sync(trainer, server, offline)
    assert {table: _rows(server, table, "offline") for table in OF_THE_EXECUTION} == before
    added = server.sql(f"SELECT kind, body FROM events WHERE lsn > {last}")
    # The client writes members of the files that it makes in an order of chance.
    assert {event["body"]["name"] for event in added} <= MADE.keys(), added
    assert {event["kind"] for event in added} <= {"FilePut"}, added


def a_second_offline_run_with_the_same_id_is_a_run_of_its_own(server, serve, trainer):
    script = """
        run = wandb.init(id="again", config={{"number": {number}}})
        for step in range({rows}):
            run.log({{"a": {number}}})
        run.finish()
    """
    folders = [
        _log_offline(trainer, server, script.format(number=number, rows=rows), "again")
        for number, rows in ((1, 10), (2, 5))
    ]
    other = serve()
    _sync(trainer, other, folders[0])
    _sync(trainer, other, folders[1])
    told = "SELECT generation, config, history_rows FROM runs"
    assert other.row(told) == {"generation": 2, "config": {"number": 2}, "history_rows": 5}
    assert other.sql("SELECT DISTINCT a FROM history") == [{"a": 2}]
    all_of_them = other.sql(f"{told} ORDER BY generation", "--include-deleted")
    assert all_of_them[0] == {"generation": 1, "config": {"number": 1}, "history_rows": 10}


def a_run_that_was_begun_offline_with_resume_is_the_same_after_a_second_sync(server, serve, trainer):
    script = """
        run = wandb.init(id="resumed", resume="allow", config={{"piece{piece}": {piece}}})
        for step in range({rows}):
            run.log({{"a": {piece} + step / 100, "n": {{"b": step}}, **({{"odd": [step]}} if step % 2 else {{}})}})
        print("the same")
        print("piece", {piece})
        run.summary["of"] = {piece}
        run.finish()
    """
    folders = [
        _log_offline(trainer, server, script.format(piece=piece, rows=rows), "resumed") for piece, rows in ((1, 40), (2, 25))
    ]
    other = serve()
    told = "SELECT generation, state, history_rows, last_step, summary.a AS a, summary._step AS step, summary.of AS of FROM runs"
    _sync(trainer, other, folders[0])
    once = {table: _rows(other, table, "resumed") for table in OF_THE_EXECUTION}
    _sync(trainer, other, folders[0])
    assert {table: _rows(other, table, "resumed") for table in OF_THE_EXECUTION} == once
    _sync(trainer, other, folders[1])
    expected = {"generation": 1, "state": "Finished", "history_rows": 65, "last_step": 64, "a": 2.24, "step": 64, "of": 2}
    assert other.row(told) == expected
    both = {table: _rows(other, table, "resumed") for table in OF_THE_EXECUTION}
    last = other.row("SELECT max(lsn) AS lsn FROM events")["lsn"]
    # The client puts the output of the process whose log it sends as `output.log`: that of the last one stands.
    _sync(trainer, other, folders[0])
    _sync(trainer, other, folders[1])
    assert {table: _rows(other, table, "resumed") for table in OF_THE_EXECUTION} == both
    added = other.sql(f"SELECT kind FROM events WHERE lsn > {last}")
    assert {event["kind"] for event in added} <= {"FilePut"}, added
    steps = other.sql("SELECT _step, a FROM history ORDER BY _step")
    assert [row["_step"] for row in steps] == list(range(65)) and steps[40]["a"] == 2

def several_folders_are_synced_by_one_command(server, serve, trainer):
    folders = [
        _log_offline(
            trainer, server,
            f"""
            run = wandb.init(id="many-{number}", name="n", config={{"number": {number}}})
            for step in range(30):
                run.log({{"a": {number} + step}})
            print("of", {number})
            run.finish(exit_code={number})
            """,
            "many",
        )
        for number in range(3)
    ]
    other = serve()
    _sync(trainer, other, *folders)
    runs = other.sql("SELECT run_id, state, exit_code, config, summary.a AS a, history_rows FROM runs ORDER BY run_id")
    assert runs == [
        {
            "run_id": f"many-{number}", "state": "Failed" if number else "Finished", "exit_code": number,
            "config": {"number": number}, "a": number + 29, "history_rows": 30,
        }
        for number in range(3)
    ]
    rows = other.sql("SELECT run_id, sum(a) AS a FROM history GROUP BY run_id ORDER BY run_id")
    assert rows == [{"run_id": f"many-{number}", "a": 30 * number + 435} for number in range(3)]
    lines = other.sql("SELECT text FROM console ORDER BY run_id")
    assert [line["text"] for line in lines] == ["of 0", "of 1", "of 2"]


def a_killed_offline_run_is_synced_as_far_as_it_was_written(server, serve, trainer):
    training = trainer.run(
        server,
        """
        run = wandb.init(id="killed", config={"a": 1})
        for step in range(3000):
            run.log({"a": step, "b": step / 2})
        time.sleep(2)
        os.killpg(0, 9)
        """,
        project="killed", env=OFFLINE, command=["setsid", "-w", trainer.python, "train.py"],
    )
    folder = _folder(training)
    other = serve()
    for _ in range(2):
        trainer.run(other, "", command=[trainer.python, "-m", "wandb", "sync", str(folder)])
        for mark in folder.glob("*.sync*"):
            mark.unlink()
    assert other.row("SELECT count(*) AS n FROM events WHERE kind = 'RunCreated'") == {"n": 1}
    # A sync takes a log without an end for a run that failed.
    run = other.row("SELECT state, exit_code, config, history_rows FROM runs")
    assert (run["state"], run["exit_code"], run["config"]) == ("Failed", 1, {"a": 1})
    rows = other.sql("SELECT _step, a, b FROM history ORDER BY _step")
    # What the client had written to the disk when it was killed: whole rows from the first on.
    assert 1000 < len(rows) == run["history_rows"] <= 3000
    assert rows == [{"_step": step, "a": step, "b": step / 2} for step in range(len(rows))]
    writes = other.row("SELECT count(*) AS n FROM points WHERE key = 'a'")
    assert writes == {"n": len(rows)}, "no row is there twice"


def a_run_is_synced_while_it_is_at_work_and_again_at_its_end(server, serve, trainer):
    training = trainer.start(
        server,
        """
        run = wandb.init(id="growing", config={"a": 1})
        for step in range(3000):
            run.log({"a": step})
        while not os.path.exists("go"):
            time.sleep(0.05)
        for step in range(3000, 3100):
            run.log({"a": step})
        print("the last line")
        run.summary["best"] = 7
        run.finish()
        """,
        project="growing", env=OFFLINE,
    )
    log = until(lambda: next(iter((training.folder / "wandb").glob("offline-run-*/*.wandb")), None), "a log", 60)
    until(lambda: log.stat().st_size > 200_000, "the rows are on their way", 60)
    other = serve()
    trainer.run(other, "", command=[trainer.python, "-m", "wandb", "sync", str(log.parent)])
    first = other.row("SELECT state, history_rows FROM runs")
    assert 0 < first["history_rows"] < 3100, first
    (training.folder / "go").touch()
    assert training.wait() == 0, training.terminal
    _sync(trainer, other, log.parent)
    run = other.row("SELECT state, exit_code, summary.a AS a, summary.best AS best, history_rows FROM runs")
    assert run == {"state": "Finished", "exit_code": 0, "a": 3099, "best": 7, "history_rows": 3100}
    rows = other.sql("SELECT _step, a FROM history ORDER BY _step")
    assert rows == [{"_step": step, "a": step} for step in range(3100)]
    assert other.sql("SELECT text FROM console") == [{"text": "the last line"}]
    assert other.row("SELECT count(*) AS n FROM events WHERE kind = 'RunCreated'") == {"n": 1}


def _folder(training):
    (folder,) = (training.folder / "wandb").glob("offline-run-*")
    return folder


def _log_offline(trainer, server, script, project):
    training = trainer.run(server, script, project=project, env=OFFLINE)
    assert training.exit_code == 0, training.terminal
    return _folder(training)


def _sync(trainer, server, *folders):
    # The client marks what it has synced.
    for folder in folders:
        for mark in folder.glob("*.sync*"):
            mark.unlink()
    command = [trainer.python, "-m", "wandb", "sync", *map(str, folders)]
    training = trainer.run(server, "", command=command)
    assert training.exit_code == 0 and "Finished syncing" in training.terminal, training.terminal


def _same(ours, our_project, theirs, their_project, run):
    for table in OF_THE_EXECUTION:
        assert _rows(ours, table, our_project) == _rows(theirs, table, their_project), table
    found, wanted = _files(ours, run, our_project), _files(theirs, run, their_project)
    assert found.keys() == wanted.keys()
    for name, content in wanted.items():
        if name in MADE:
            assert _comparable(name, found[name]) == _comparable(name, content), name
        else:
            assert found[name] == content, name


def _rows(server, table, project):
    rows = server.sql(f"SELECT * FROM {table} WHERE project = '{project}'")
    kept = []
    for row in rows:
        row = {name: value for name, value in row.items() if name not in OF_THE_EXECUTION[table]}
        if table == "points" and row["key"] in CLOCKS:
            continue
        if table == "runs":
            row["summary"] = {key: value for key, value in row["summary"].items() if key not in CLOCKS}
        if table == "files" and row["name"] in MADE:
            row = {"name": row["name"], "kind": row["kind"]}
        kept.append(json.dumps(row, sort_keys=True))
    return sorted(kept)


def _comparable(name, content):
    read = MADE[name](content)
    if name == "wandb-summary.json":
        read = {key: value for key, value in read.items() if key not in {*CLOCKS, "_wandb"}}
    elif name == "wandb-metadata.json":
        read = {key: value for key, value in read.items() if key not in OF_THE_MACHINE}
    else:
        # What the client notes of itself tells how the run was sent; `test_import.py` compares it.
        read.pop("_wandb")
    return json.dumps(read, sort_keys=True, default=str)


def _files(server, run, project):
    what = "files(first: 100) { edges { node { name directUrl } } }"
    query = f'{{ project(name: "{project}", entityName: "{server.admin}") {{ run(name: "{run}") {{ {what} }} }} }}'
    status, body = server.request("/graphql", {"query": query})
    assert status == 200, body
    nodes = [edge["node"] for edge in json.loads(body)["data"]["project"]["run"]["files"]["edges"]]
    return {node["name"]: server.request(node["directUrl"], key="")[1] for node in nodes}
