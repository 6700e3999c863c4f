"""Logs of the client without a server: `wbq import wandb` makes of them what `wandb sync` makes of them."""

import json
import os
import shutil

import pytest
import yaml
from waiting import until

pytestmark = pytest.mark.xdist_group("import")

OFFLINE = {"WANDB_MODE": "offline"}

LOGGED = """
    import numpy as np

    quiet = wandb.Settings(x_disable_stats=True)
    nan, inf = float("nan"), float("inf")

    # Everything at once.
    run = wandb.init(
        id="ordinary", name="first name", notes="two lines\\nof notes", tags=["a", "ä"], group="g", job_type="train",
        config={"lr": 0.1, "whole": 2.0, "nest": {"a": {"b": 1}}, "big": 2**60, "list": [1, 2.0, None], "nan": nan},
        settings=quiet,
    )
    run.define_metric("val/*", step_metric="epoch")
    run.define_metric("loss", summary="min,max")
    run.define_metric("hidden", hidden=True)
    for step in range(7):
        run.log({
            "loss": 1 / (step + 1), "epoch": step, "val/acc": step / 3, "n": {"x": step, "y": {"z": "t"}}, "nan": nan,
            "inf": inf, "ninf": -inf, "big": 2**60 + step, "flag": step % 2 == 0, "txt": "hé \\"quoted\\"", "whole": 2.0,
            "million": 1e6, "tiny": 1e-300, "list": [1, 2.0, nan], "hidden": step, "with.dot": 1,
        })
    run.log({"late": 1}, step=100)
    run.log({"image": wandb.Image(np.zeros((4, 4, 3), dtype=np.uint8)), "spread": wandb.Histogram([1, 2, 3])})
    run.config.update({"late": 3, "lr": 0.2}, allow_val_change=True)
    run.summary["best"] = 5
    run.summary["object"] = {"k": 1.5}
    print("hello")
    print("an error", file=sys.stderr)
    for percent in range(0, 101, 5):
        print(f"progress {percent}%", end="\\r", flush=True)
    print("progress done")
    print("two\\nlines\\n\\nafter an empty one")
    print("\\x1b[31mred\\x1b[0m ünïcödé ✓")
    print("one\\ntwo\\x1b[A\\rONE\\x1b[B")
    for line in range(100):
        print("line", line)
    with open("notes.txt", "w") as notes:
        notes.write("kept as it is\\n" * 1000)
    os.makedirs("sub dir")
    with open("sub dir/päth #1.bin", "wb") as binary:
        binary.write(bytes(range(256)))
    run.save("notes.txt")
    run.save("sub dir/*")
    run.name = "renamed"
    run.tags += ("c",)
    run.finish()

    # Other ends.
    wandb.init(id="failed", config={"a": 1}, settings=quiet).finish(exit_code=3)
    wandb.init(id="interrupted", settings=quiet).finish(exit_code=255)

    # System metrics.
    run = wandb.init(id="system", settings=wandb.Settings(x_stats_sampling_interval=0.5))
    for step in range(4):
        run.log({"a": step})
        time.sleep(0.6)
    run.finish()

    # Two pieces of one run.
    for piece, resume in enumerate((None, "allow")):
        run = wandb.init(id="pieces", resume=resume, config={"all": piece, f"only{piece}": 1}, settings=quiet)
        for step in range(5):
            run.log({"a": 10 * piece + step, f"b{piece}": step})
        print("piece", piece)
        run.finish()

    # Killed.
    run = wandb.init(id="killed", config={"a": 1}, settings=quiet)
    for step in range(3000):
        run.log({"a": step, "b": step / 2})
    print("the last line")
    note(killed=True)
    time.sleep(2)
    os.kill(os.getpid(), 9)
"""

# What tells when and where a sync or an import ran, not what was logged. `program` is that of the sync.
OF_THE_TRANSFER = {
    "runs": {"created_at", "heartbeat_at", "finished_at", "runtime", "duration", "updated_lsn", "program"},
    "history": {"_lsn"},
    "points": {"lsn"},
    "system": {"lsn", "_lsn"},
    # A sync gives each line the time at which it replays it; the log has the time at which it was written.
    "console": {"timestamp", "lsn"},
    "files": {"updated_at"},
    "quarantine": {"lsn", "time"},
}
# The client writes these anew, with members in an order of chance: their content is compared, not their bytes.
MADE = {"config.yaml": yaml.safe_load, "wandb-summary.json": json.loads, "wandb-metadata.json": json.loads}


@pytest.fixture(scope="module")
def logs(module_trainer, server):
    """Folders of runs, each with its log, in the order in which they were logged."""
    training = module_trainer.run(server, LOGGED, env=OFFLINE, project="imported")
    assert training.journal() == [{"killed": True}], training.terminal
    folders = sorted((training.folder / "wandb").glob("offline-run-*"), key=lambda folder: _log(folder).stat().st_ctime)
    assert len(folders) == 7
    killed = _log(next(folder for folder in folders if folder.name.endswith("-killed")))
    # Within a record: the last write did not reach the disk whole.
    with killed.open("r+b") as log:
        log.truncate(killed.stat().st_size - 11)
    for folder in folders:
        # The runs are long over.
        os.utime(_log(folder), (1_700_000_000, 1_700_000_000))
    return folders


@pytest.fixture(scope="module")
def synced(logs, server, module_trainer, tmp_path_factory):
    """The server after `wandb sync` of copies of the folders, one after another."""
    copies = tmp_path_factory.mktemp("synced")
    for folder in logs:
        copy = shutil.copytree(folder, copies / folder.name)
        command = [module_trainer.python, "-m", "wandb", "sync", str(copy)]
        training = module_trainer.run(server, "", command=command)
        # Of the one that was cut it says so, after it has sent the rest.
        ended = "Failed to sync all data" if "killed" in folder.name else "Finished syncing"
        assert ended in training.terminal, training.terminal
    return server


@pytest.fixture
def elsewhere(serve, logs):
    """Another server, on whose folder the logs are imported."""
    other = serve()
    other.imported = _import(other, *logs)
    return other


def an_import_gives_what_a_sync_gives(synced, elsewhere, logs):
    assert elsewhere.imported["logs"] == {
        "imported": 6, "already_there": 0, "in_part": 1, "failed": 0, "empty": 0
    }
    for table in OF_THE_TRANSFER:
        assert _rows(elsewhere, table) == _rows(synced, table), table
    for run in ("ordinary", "failed", "interrupted", "system", "pieces", "killed"):
        ours, theirs = _config(elsewhere, run), _config(synced, run)
        assert ours == theirs, run
        files, expected = _files(elsewhere, run), _files(synced, run)
        assert files.keys() == expected.keys(), run
        for name, content in expected.items():
            read = MADE.get(name, bytes)
            found, wanted = read(files[name]), read(content)
            if name == "config.yaml":
                found, wanted = _comparable(found), _comparable(wanted)
            assert repr(found) == repr(wanted) or found == wanted, f"{name} of {run}"


def an_import_again_adds_nothing(elsewhere, logs):
    last = "SELECT max(lsn) AS lsn FROM events"
    before = elsewhere.row(last)
    for folders in (logs, reversed(logs)):
        again = _import(elsewhere, *folders, jobs=4)
        assert again["logs"]["already_there"] == 7, again
    assert elsewhere.row(last) == before


def an_import_after_a_sync_adds_nothing(synced, logs):
    last = "SELECT max(lsn) AS lsn FROM events"
    before = synced.row(last)
    done = _import(synced, *logs)
    added = synced.sql(f"SELECT run_id, kind, body FROM events WHERE lsn > {before['lsn']}")
    assert added == [] and done["logs"]["already_there"] == 7, (done, added)


def a_sync_after_an_import_adds_nothing(elsewhere, logs, trainer, tmp_path):
    before = elsewhere.row("SELECT max(lsn) AS lsn FROM events")["lsn"]
    for folder in logs:
        # Of a run that was begun with `resume` the client asks where it stands, and logs it once more behind that;
        # in this script the later piece of one is, and what comes after it.
        if "-pieces" in folder.name or "-killed" in folder.name:
            continue
        copy = shutil.copytree(folder, tmp_path / folder.name)
        training = trainer.run(elsewhere, "", command=[trainer.python, "-m", "wandb", "sync", str(copy)])
        assert "Finished syncing" in training.terminal, training.terminal
    added = elsewhere.sql(f"SELECT run_id, generation, kind, body FROM events WHERE lsn > {before}")
    assert [event for event in added if event["kind"] != "FilePut"] == []
    # Only their bytes are others: the client writes their members in an order of chance.
    assert {event["body"]["name"] for event in added} <= MADE.keys()


def an_import_into_a_folder_that_no_server_holds_is_the_same(elsewhere, serve, logs):
    alone = serve()
    alone.stop()
    done = _import(alone, *logs)
    assert done["logs"]["imported"] == 6, done
    alone.restart()
    for table in OF_THE_TRANSFER:
        assert _rows(alone, table) == _rows(elsewhere, table), table


def a_log_that_is_still_written_is_imported_as_far_as_it_goes_and_again_to_its_end(serve, logs, tmp_path):
    folder = next(folder for folder in logs if folder.name.endswith("-ordinary"))
    whole, cut = _log(folder).read_bytes(), shutil.copytree(folder, tmp_path / folder.name)
    server = serve()
    for part in (0, 7, 600, len(whole) // 3, len(whole) // 2):
        _log(cut).write_bytes(whole[:part])
        _import(server, cut)
    row = server.row("SELECT state, history_rows FROM runs")
    assert row["state"] == "Running" and 0 < row["history_rows"] < 9
    _log(cut).write_bytes(whole)
    _import(server, cut)
    other = serve()
    _import(other, folder)
    for table in OF_THE_TRANSFER:
        assert _rows(server, table) == _rows(other, table), table


def a_run_that_was_partly_sent_live_becomes_whole(server, trainer, project):
    training = trainer.start(
        server,
        """
        run = wandb.init(id="both", config={"a": 1})
        run.log({"a": 0})
        print("out")
        while not os.path.exists("go"):
            time.sleep(0.05)
        # The log reaches the disk a block at a time, the server hears of it much later.
        for step in range(1, 3000):
            run.log({"a": step})
        time.sleep(3)
        os.killpg(0, 9)
        """,
        project=project,
        env={"WANDB_X_FILE_STREAM_TRANSMIT_INTERVAL": "20"},
        command=["setsid", trainer.python, "train.py"],
    )
    count = f"SELECT count(*) AS n FROM history WHERE project = '{project}'"
    until(lambda: server.row(count)["n"] == 1, "the first row is there", 60)
    (training.folder / "go").touch()
    training.wait()
    assert server.row(count) == {"n": 1}
    log = _log(next((training.folder / "wandb").glob("run-*-both")))
    os.utime(log, (1_700_000_000, 1_700_000_000))
    _import(server, log.parent)
    rows = server.sql(f"SELECT _step, a FROM history WHERE project = '{project}' ORDER BY _step")
    logged = [row["a"] for row in rows]
    assert logged == list(range(len(logged))) and len(logged) > 1000, logged
    writes = server.row(f"SELECT count(*) AS n FROM points WHERE project = '{project}' AND key = 'a'")
    assert writes["n"] == len(logged), "no row is there twice"
    lines = server.sql(f"SELECT text FROM console WHERE project = '{project}' ORDER BY line")
    assert [line["text"] for line in lines] == ["out"]
    last = "SELECT max(lsn) AS lsn FROM events"
    before = server.row(last)
    assert _import(server, log.parent)["logs"]["already_there"] == 1
    assert server.row(last) == before


def pieces_of_a_resumed_run_make_the_run_that_was_live_in_any_order(server, serve, trainer):
    live = "imported-live"
    training = trainer.run(
        server,
        """
        for piece, resume in enumerate((None, "must", "must")):
            run = wandb.init(id="resumed", resume=resume, config={"all": piece, f"only{piece}": 1}, tags=[f"t{piece}"])
            for step in range(5):
                run.log({"a": 10 * piece + step, f"b{piece}": step})
            print("piece", piece)
            run.finish(exit_code=piece)
        """,
        project=live,
    )
    assert training.exit_code == 0, training.terminal
    folders = sorted((training.folder / "wandb").glob("run-*"))
    folders = [folder for folder in folders if list(folder.glob("*.wandb"))]
    assert len(folders) == 3
    expected = None
    for order in ((0, 1, 2), (2, 0, 1, 1), (1, 2, 0, 2, 1)):
        other = serve()
        for index in order:
            _import(other, folders[index])
        row = other.row("SELECT state, exit_code, tags, history_rows FROM runs")
        assert row == {"state": "Failed", "exit_code": 2, "tags": ["t2"], "history_rows": 15}, order
        rows = {table: _rows(other, table, live) for table in ("history", "points", "quarantine")}
        assert rows == {table: _rows(server, table, live) for table in rows}, order
        texts = "SELECT text, level FROM console ORDER BY text"
        assert other.sql(texts) == server.sql(texts.replace("ORDER", f"WHERE project = '{live}' ORDER"))
        made = _config(other, "resumed", live), other.row("SELECT config, summary FROM runs")
        assert made[0] == _config(server, "resumed", live), order
        assert made[1] == server.row(f"SELECT config, summary FROM runs WHERE project = '{live}'"), order



def a_fork_is_imported_behind_its_parent_and_not_without_it(serve, trainer, project):
    training = trainer.run(
        serve(),
        """
        run = wandb.init(id="parent")
        for step in range(20_000):
            run.log({"loss": step})
        run.finish()
        for child, parent, step in (("child", "parent", 19_990), ("grandchild", "child", 19_991)):
            run = wandb.init(id=child, fork_from=f"{parent}?_step={step}")
            run.log({"loss": -1})
            run.finish()
        """,
        project=project,
        env=OFFLINE,
    )
    assert training.exit_code == 0, training.terminal
    folders = {folder.name.rsplit("-", 1)[1]: folder for folder in (training.folder / "wandb").glob("offline-run-*")}
    other = serve()
    for folder, missing in (("grandchild", "child"), ("child", "parent")):
        done = other.wbq("import", "wandb", str(folders[folder]))
        assert done.returncode == 1, done.stderr
        path = f"{other.admin}/{project}"
        told = f"run {path}/{folder} goes on from {path}/{missing}, which was not found: log or import that one first"
        assert told in done.stderr, done.stderr
        assert other.sql("SELECT run_id FROM runs") == [], "nothing of it is stored"
    # As many at once as there may be: each waits for the run that it goes on from.
    assert _import(other, training.folder, jobs=8)["logs"]["imported"] == 3
    counted = "SELECT run_id, count(*) AS n, max(_step) AS last FROM history GROUP BY run_id ORDER BY run_id"
    assert other.sql(counted) == [
        {"run_id": "child", "n": 19_992, "last": 19_991},
        {"run_id": "grandchild", "n": 19_993, "last": 19_992},
        {"run_id": "parent", "n": 20_000, "last": 19_999},
    ]
    assert _import(other, training.folder, jobs=8)["logs"]["already_there"] == 3

def _log(folder):
    (log,) = folder.glob("*.wandb")
    return log


def _import(server, *paths, jobs=1):
    # One run after another: made-up names are counted in the order in which runs are made.
    done = server.wbq("--format", "json", "import", "wandb", "--jobs", str(jobs), *map(str, paths))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _rows(server, table, project="imported"):
    """All rows of a table in an order of their own, without what the transfer made."""
    rows = server.sql(f"SELECT * FROM {table} WHERE project = '{project}'")
    kept = []
    for row in rows:
        row = {name: value for name, value in row.items() if name not in OF_THE_TRANSFER[table]}
        if table == "files" and row["name"] in MADE:
            row = {"name": row["name"], "run_id": row["run_id"], "kind": row["kind"]}
        kept.append(json.dumps(row, sort_keys=True))
    return sorted(kept)


def _graphql(server, run, what, project="imported"):
    query = f'{{ project(name: "{project}", entityName: "{server.admin}") {{ run(name: "{run}") {{ {what} }} }} }}'
    status, body = server.request("/graphql", {"query": query})
    assert status == 200, body
    return json.loads(body)["data"]["project"]["run"]


def _config(server, run, project="imported"):
    return _comparable(json.loads(_graphql(server, run, "config", project)["config"]))


def _comparable(config):
    """A config with what chance decides in a sync taken out: how processes are called, and the order of metrics."""
    hidden = config["_wandb"]["value"]
    hidden["e"] = sorted((process for process in hidden.get("e", {}).values()), key=lambda process: process["writerId"])
    # `sync2`: that the run came by a sync.
    hidden["t"]["3"] = sorted(set(hidden["t"]["3"]) - {76})
    metrics = hidden["m"]
    for metric in metrics:
        metric["6"], metric["7"] = sorted(metric["6"]), sorted(metric["7"])
        if "5" in metric:
            metric["5"] = metrics[metric["5"] - 1].get("1", metric["5"])
    hidden["m"] = sorted(metrics, key=lambda metric: json.dumps(metric, sort_keys=True))
    return json.dumps(config, sort_keys=True)


def _files(server, run):
    edges = _graphql(server, run, "files(first: 100) { edges { node { name directUrl } } }")["files"]["edges"]
    nodes = [edge["node"] for edge in edges]
    return {node["name"]: server.request(node["directUrl"], key="")[1] for node in nodes}
