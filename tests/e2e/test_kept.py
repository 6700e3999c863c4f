"""Everything the client sends is kept, and reads back equal."""

import hashlib
import json
import platform
import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("kept")

EVERYTHING = """
    import numpy as np

    run = wandb.init(
        project="kept",
        id="everything",
        config={
            "lr": 0.001,
            "layers": [64, 32],
            "optimizer": {"name": "adam", "betas": {"one": 0.9}},
            "big": 2**60,
            "flag": True,
            "nothing": None,
            "with space": "ä",
            "nan": float("nan"),
        },
    )
    run.define_metric("least", summary="min")
    nan, inf = float("nan"), float("inf")
    run.log({"whole": 1, "float": 0.1, "odd": nan, "text": "one", "flag": True, "least": 3})
    run.log({"whole": 2**60, "float": 1e-300, "odd": inf, "text": "zwei ✓", "flag": False, "least": 1})
    run.log({"whole": 2**53 + 1, "float": -2.5, "odd": -inf, "text": "", "least": 2})
    run.log({"nested": {"a": 1, "b": {"c": 2.5}}, "items": [1, 2, 3], "with.dot": 7})
    run.log({"spread": wandb.Histogram(np_histogram=([1, 2, 3], [0.0, 1.0, 2.0, 3.0]))})
    run.log({"sample": wandb.Image(np.zeros((4, 5, 3), dtype=np.uint8), caption="black")})
    run.log({"late": 1}, step=100)

    for percent in range(0, 101, 5):
        print(f"progress {percent}%", end="\\r", flush=True)
        time.sleep(0.1)
    print("progress done")
    print("a line on stderr", file=sys.stderr)
    print("two lines", "in one call", sep="\\n")
    print("ünïcödé ✓")

    with open("notes.txt", "w") as notes:
        notes.write("kept as it is\\n" * 1000)
    os.makedirs("sub dir")
    with open("sub dir/päth #1.bin", "wb") as binary:
        binary.write(bytes(range(256)))
    open("empty.txt", "w").close()
    run.save("notes.txt")
    run.save("sub dir/*")
    run.save("empty.txt")

    run.summary["best"] = {"loss": 0.25, "at": [1, 2]}
    run.summary["overflow"] = inf
    run.finish()
"""


@pytest.fixture(scope="module")
def training(server, module_trainer):
    training = module_trainer.run(server, EVERYTHING, env={"WANDB_HOST": "trainer-1", "WANDB_X_DISABLE_STATS": "false"})
    assert training.exit_code == 0, training.terminal
    assert training.complaints() == []
    return training


@pytest.fixture
def select(training, server):
    """Rows of the run: `select("_step, loss", "history")`."""

    def select(columns, table, more=""):
        return server.sql(f"SELECT {columns} FROM {table} WHERE run_id = 'everything' {more}")

    return select


@pytest.fixture
def history(select):
    """The values of one key, with their steps."""

    def history(key):
        rows = select(f'_step, "{key}"', "history", f'AND "{key}" IS NOT NULL ORDER BY _step')
        return [(row["_step"], row[key]) for row in rows]

    return history


def _document(value):
    """A list or map, which may come as JSON or as text that holds JSON."""
    return json.loads(value) if isinstance(value, str) else value


def config_is_kept_with_its_types(select):
    [row] = select(
        "config.lr AS lr, config.optimizer.name AS name, config.optimizer.betas.one AS beta, "
        "config.layers AS layers, config.big AS big, config.flag AS flag, config.nothing AS nothing, "
        'config."with space" AS space, config.nan AS nan',
        "runs",
    )
    assert _document(row.pop("layers")) == [64, 32]
    assert row == {
        "lr": 0.001,
        "name": "adam",
        "beta": 0.9,
        "big": 2**60,
        "flag": True,
        "nothing": None,
        "space": "ä",
        "nan": None,  # the client itself sends null for a NaN of the config
    }


def telemetry_is_kept_but_out_of_sight(select):
    [row] = select("config, config._wandb.cli_version AS version", "runs")
    assert "_wandb" not in _document(row["config"])
    assert re.fullmatch(r"\d+\.\d+\.\d+", row["version"])


def whole_numbers_are_exact(history):
    assert history("whole") == [(0, 1), (1, 2**60), (2, 2**53 + 1)]


def floats_are_exact(history):
    assert history("float") == [(0, 0.1), (1, 1e-300), (2, -2.5)]


def nan_and_the_infinities_are_kept(history):
    assert history("odd") == [(0, "NaN"), (1, "Infinity"), (2, "-Infinity")]


def texts_and_flags_are_kept(history):
    assert history("text") == [(0, "one"), (1, "zwei ✓"), (2, "")]
    assert history("flag") == [(0, True), (1, False)]


def nested_values_answer_to_their_paths(select):
    [row] = select('"nested.a" AS a, "nested.b.c" AS c, nested.b.c AS path', "history", "AND _step = 3")
    assert row == {"a": 1, "c": 2.5, "path": 2.5}


def lists_and_keys_with_dots_are_kept(select):
    [row] = select('items, "with.dot" AS dotted', "history", "AND _step = 3")
    assert _document(row["items"]) == [1, 2, 3]
    assert row["dotted"] == 7


def a_histogram_is_kept(history):
    [(step, value)] = history("spread")
    assert step == 4
    assert _document(value) == {"_type": "histogram", "values": [1, 2, 3], "bins": [0, 1, 2, 3]}


def an_image_is_kept_with_its_bytes(history, select, training):
    [(step, value)] = history("sample")
    image = _document(value)
    assert (step, image["_type"], image["width"], image["height"]) == (5, "image-file", 5, 4)
    [file] = select("name, size, digest", "files", f"AND name = '{image['path']}'")
    assert file == {"name": image["path"], "size": image["size"], "digest": image["sha256"]}


def a_step_of_the_scripts_choice_is_kept(history):
    assert history("late") == [(100, 1)]


def rows_carry_time_and_runtime(select):
    rows = select("_step, _timestamp, _runtime", "history", "ORDER BY _step")
    assert [row["_step"] for row in rows] == [0, 1, 2, 3, 4, 5, 100]
    assert all(row["_runtime"] >= 0 for row in rows)
    times = [row["_timestamp"] for row in rows]
    assert times == sorted(times)


def the_summary_is_kept(select):
    [row] = select(
        "summary.whole AS whole, summary.text AS text, summary.odd AS odd, summary.least.min AS least, "
        "summary.best.loss AS best, summary.best AS all_best, summary.overflow AS overflow, "
        "summary._step AS step",
        "runs",
    )
    assert _document(row.pop("all_best")) == {"loss": 0.25, "at": [1, 2]}
    assert row == {
        "whole": 2**53 + 1,
        "text": "",
        "odd": "-Infinity",
        "least": 1,
        "best": 0.25,
        "overflow": "Infinity",
        "step": 100,
    }


def console_lines_show_what_the_screen_showed(select):
    """The progress bar rewrote its line twenty times: one line is left, in its place."""
    rows = select("line, stream, text", "console", "AND text NOT LIKE 'wandb:%' ORDER BY line")
    assert [row["line"] for row in rows] == [0, 1, 2, 3, 4]
    assert [(row["stream"], row["text"]) for row in rows] == [
        ("stdout", "progress done"),
        ("stderr", "a line on stderr"),
        ("stdout", "two lines"),
        ("stdout", "in one call"),
        ("stdout", "ünïcödé ✓"),
    ]


def metadata_of_the_machine_is_in_columns(select, training, client_python, server):
    [row] = select(
        "host, os, python_version, executable, program, cpu_count, memory_bytes, client_version, "
        "author, exit_code, state",
        "runs",
    )
    sent = json.loads((training.folder / "wandb/latest-run/files/wandb-metadata.json").read_text())
    pinned = Path(__file__).with_name("client-version.txt").read_text().strip()
    assert platform.python_version() in row["python_version"]
    assert row == {
        "host": "trainer-1",
        "os": sent["os"],
        "python_version": sent["python"].removeprefix("CPython "),
        "executable": str(client_python),
        "program": sent["program"],
        "cpu_count": sent["cpu_count"],
        "memory_bytes": int(sent["memory"]["total"]),
        "client_version": pinned,
        "author": server.admin,
        "exit_code": 0,
        "state": "Finished",
    }


def the_times_of_a_run_are_in_order(select):
    [row] = select("created_at, started_at, heartbeat_at, finished_at, runtime, duration", "runs")
    times = [row[name] for name in ("created_at", "started_at", "heartbeat_at", "finished_at")]
    assert all(re.match(r"\d{4}-\d\d-\d\dT", time) for time in times), times
    assert row["created_at"] <= row["finished_at"] and row["started_at"] <= row["heartbeat_at"]
    assert 0 < row["duration"] <= row["runtime"] + 1


def uploaded_files_read_back_byte_for_byte(select, training, server):
    """Downloads go without credentials, as the client fetches them."""
    files = {row["name"]: row for row in select("name, size, digest", "files")}
    local = training.folder / "wandb" / "latest-run" / "files"
    for name in (
        "wandb-metadata.json",
        "requirements.txt",
        "config.yaml",
        "wandb-summary.json",
        "output.log",
        "notes.txt",
        "sub dir/päth #1.bin",
        "empty.txt",
    ):
        kept = (local / name).read_bytes()
        assert files[name]["size"] == len(kept), name
        assert files[name]["digest"] == hashlib.sha256(kept).hexdigest(), name
        status, got = server.request(_download_address(server, name), key="")
        assert (status, got == kept) == (200, True), name


def _download_address(server, name):
    query = """query RunFiles($project: String!, $entity: String!, $name: String!, $fileNames: [String] = []) {
      project(name: $project, entityName: $entity) { run(name: $name) {
        files(names: $fileNames, first: 10) { edges { node { name directUrl sizeBytes } } } } } }"""
    variables = {"project": "kept", "entity": server.admin, "name": "everything", "fileNames": [name]}
    status, reply = server.request("/graphql", {"query": query, "variables": variables, "operationName": ""})
    assert status == 200, reply
    [edge] = json.loads(reply)["data"]["project"]["run"]["files"]["edges"]
    assert edge["node"]["name"] == name
    return edge["node"]["directUrl"]


def system_metrics_are_sampled(server, trainer, project):
    trainer.run(
        server,
        """
        run = wandb.init()
        time.sleep(3)
        run.finish()
        """,
        project=project,
        env={"WANDB_X_DISABLE_STATS": "false", "WANDB_X_STATS_SAMPLING_INTERVAL": "0.5"},
    )
    rows = server.sql(
        'SELECT timestamp, runtime, cpu, "proc.memory.rssMB" AS rss, memory_percent '
        f"FROM system WHERE project = '{project}' ORDER BY runtime"
    )
    assert len(rows) >= 4
    assert all(row["rss"] > 1 and 0 < row["memory_percent"] < 100 for row in rows)
    assert any(row["cpu"] is not None for row in rows)
    runtimes = [row["runtime"] for row in rows]
    assert runtimes == sorted(runtimes)


def git_and_the_command_are_kept(server, trainer, project):
    training = trainer.run(
        server,
        """
        import subprocess
        def git(*words):
            options = ["-c", "user.name=n", "-c", "user.email=n@example.org"]
            return subprocess.check_output(["git", *options, *words], text=True).strip()
        git("init", "-q")
        git("remote", "add", "origin", "ssh://git@example.org/team/repo.git")
        git("add", "train.py")
        git("commit", "-q", "-m", "first")
        note(commit=git("rev-parse", "HEAD"))
        wandb.init().finish()
        """,
        project=project,
        command=[trainer.python, "train.py", "--lr", "0.1", "two words"],
        env={"WANDB_DISABLE_GIT": "false"},
    )
    assert training.exit_code == 0, training.terminal
    row = server.row(f"SELECT git_remote, git_commit, command FROM runs WHERE project = '{project}'")
    assert row["git_commit"] == training.journal()[0]["commit"]
    assert row["git_remote"].endswith("example.org/team/repo.git")
    for word in ("train.py", "--lr", "0.1", "two words"):
        assert word in row["command"], row["command"]


def a_thousand_rows_in_a_hurry_all_arrive(server, trainer, project):
    training = trainer.run(
        server,
        """
        run = wandb.init()
        for step in range(1000):
            run.log({"value": step * 0.1, "square": step * step, **{f"k{i}": i for i in range(20)}})
        run.finish()
        """,
        project=project,
    )
    assert training.complaints() == []
    rows = server.sql(f"SELECT _step, value, square, k19 FROM history WHERE project = '{project}' ORDER BY _step")
    assert [(r["_step"], r["value"], r["square"], r["k19"]) for r in rows] == [
        (step, step * 0.1, step * step, 19) for step in range(1000)
    ]
