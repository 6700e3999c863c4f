"""Whole histories as Parquet files: `download_history_exports` of the client, for who asks for files."""

import json

import pyarrow.parquet
import pytest

pytestmark = pytest.mark.xdist_group("history-files")

ASKED = {"WANDB_X_EXTRA_HTTP_HEADERS": json.dumps({"X-Wbq-History-Files": "true"})}

LOGGED = """
    nan, inf = float("nan"), float("inf")

    run = wandb.init(id="wide")
    for step in range(1200):
        run.log({f"key{key}": step * key / 7 for key in range(100)})
    run.finish()

    run = wandb.init(id="sparse")
    for step in range(300):
        run.log({"loss": 1 / (step + 1), **({"val/loss": step} if step % 10 == 0 else {}), f"once{step % 50}": step})
    run.log({"late": 1}, step=5000)
    run.finish()

    run = wandb.init(id="kinds")
    for step, mixed in enumerate((1, 2.5, "text", True, [1, {"a": None}], ["two"], 2**60)):
        run.log({
            "mixed": mixed, "whole": step, "halves": step / 2, "long": 2**60 + step, "beyond": 2**70, "flag": step > 2,
            "text": f"né \\"{step}\\"", "list": [step, 0.5], "in": {"ner": step, "list": [step]}, "nothing": None,
            "odd \\"key'": step, "with.dot": step, "unclear": (nan, inf, -inf, 0.1)[step % 4], "long and half": 2**60 if step else 0.5,
        })
    run.log({"image": wandb.Histogram([1, 2, 3])})
    run.finish(exit_code=1)

    fork = wandb.init(id="fork", fork_from="kinds?_step=3")
    fork.log({"whole": 100, "of its own": 0.5})
    fork.finish()

    run = wandb.init(id="resumed")
    run.log({"a": 1})
    run.finish()
    run = wandb.init(id="resumed", resume="must")
    run.log({"a": 2, "b": "two"})
    run.finish()
"""

RUNS = ["wide", "sparse", "kinds", "fork", "resumed"]

SCAN = """
    for of in %r:
        run = wandb.Api().run(f"{os.environ['WANDB_PROJECT']}/{of}")
        note(of=of, rows=list(run.scan_history()))
"""

DOWNLOAD = """
    for of in %r:
        run = wandb.Api().run(f"{os.environ['WANDB_PROJECT']}/{of}")
        got = run.download_history_exports(of)
        note(of=of, paths=[str(path) for path in got.paths], live=got.contains_live_data, errors=len(got.errors))
"""


@pytest.fixture(scope="module")
def logged(server, module_trainer):
    training = module_trainer.run(server, LOGGED, project="history-files")
    assert training.exit_code == 0, training.terminal
    return "history-files"


def a_downloaded_history_is_what_a_scan_gives(server, trainer, logged):
    scanned = trainer.run(server, SCAN % (RUNS,), project=logged)
    got = trainer.run(server, DOWNLOAD % (RUNS,), project=logged, env=ASKED)
    assert (scanned.exit_code, got.exit_code) == (0, 0), scanned.terminal + got.terminal
    for scan, file in zip(scanned.journal(), got.journal(), strict=True):
        assert (file["of"], len(file["paths"]), file["live"], file["errors"]) == (scan["of"], 1, False, 0)
        table = pyarrow.parquet.read_table(got.folder / file["paths"][0])
        assert _comparable(_rows(table)) == _comparable(scan["rows"]), scan["of"]
    kinds = pyarrow.parquet.read_table(next(got.folder.glob("kinds/*.parquet"))).schema
    told = {name: str(kinds.field(name).type) for name in ("whole", "halves", "long", "flag", "text")}
    assert told == {"whole": "int64", "halves": "double", "long": "int64", "flag": "bool", "text": "string"}


def without_asking_for_files_a_scan_is_of_rows_and_a_download_is_refused(server, trainer, logged):
    script = """
        from wandb.apis.public import IncompleteRunHistoryError

        run = wandb.Api().run(f"{os.environ['WANDB_PROJECT']}/sparse")
        try:
            run.download_history_exports("nowhere")
        except IncompleteRunHistoryError as error:
            note(of="refused", error=type(error).__name__)
        note(of="keys", rows=len(list(run.scan_history(keys=["val/loss"]))), none=list(run.scan_history(keys=["none"])))
    """
    training = trainer.run(server, script, project=logged)
    assert training.exit_code == 0, training.terminal
    refused, keys = training.journal()
    assert refused["error"] == "IncompleteRunHistoryError"
    assert keys == {"of": "keys", "rows": 30, "none": []}, "no file takes the place of the rows"
    assert not list(training.folder.rglob("*.runhistory.parquet")), "nothing is kept that may be out of date"


def a_run_at_work_has_no_file_until_it_ends(server, trainer, project):
    script = """
        from wandb.apis.public import IncompleteRunHistoryError

        run = wandb.init(id="working")
        run.log({"a": 1})
        while not list(wandb.Api().run(f"{run.project}/working").scan_history()):
            time.sleep(0.2)
        at_work = wandb.Api().run(f"{run.project}/working")
        try:
            at_work.download_history_exports("early")
        except IncompleteRunHistoryError:
            note(of="early", live=at_work.download_history_exports("early", require_complete_history=False).paths)
        run.finish()
        note(of="ended", files=len(wandb.Api().run(f"{run.project}/working").download_history_exports("late").paths))
    """
    training = trainer.run(server, script, project=project, env=ASKED)
    assert training.exit_code == 0, training.terminal
    assert training.journal() == [{"of": "early", "live": []}, {"of": "ended", "files": 1}]


def _rows(table):
    """The rows of a file, without what is missing; texts that are JSON are read."""
    is_json = {field.name: "json" in str(field.type) for field in table.schema}
    read = lambda name, value: json.loads(value) if is_json[name] else value
    return [
        {name: read(name, value) for name, value in row.items() if value is not None} for row in table.to_pylist()
    ]


def _comparable(rows):
    """The same with what Python takes for equal and is not, and the other way round; null is what a column lacks."""
    strict = lambda value: repr(value) if isinstance(value, bool) or value != value else value
    return [{key: strict(value) for key, value in row.items() if value is not None} for row in rows]
