"""What `wbq export` writes, DuckDB, pandas and Polars open as it is and read as it was logged."""

import hashlib
import json
import math

import duckdb
import pandas
import polars
import pytest
from server import Server

pytestmark = pytest.mark.xdist_group("export")

RUN = """
    run = wandb.init(
        project="exported one",
        id="everything",
        config={"lr": 0.001, "layers": [64, 32], "optimizer": {"name": "ädam ✓"}, "big": 2**60},
    )
    for step in range(300):
        run.log({"loss": 1 / (step + 1), "train/acc": step * 0.5, "with.dot": step, "late": None})
    nan, inf = float("nan"), float("inf")
    run.log({"odd": nan, "whole": 2**63 - 1, "text": "zwei ✓, \\"quoted\\"\\nline", "flag": True})
    run.log({"odd": inf, "whole": -(2**63), "text": "", "flag": False})
    run.log({"odd": -inf, "whole": 2**53 + 1, "nested": {"a": [1, 2]}})
    print("a line")
    with open("notes.txt", "w") as notes:
        notes.write("kept as it is")
    run.save("notes.txt")
    run.summary["best/acc"] = 0.75
    run.finish()
"""
# Another project has other types under the same keys.
OTHER = """
    run = wandb.init(project="other one", id="other", config={"lr": "high"})
    run.log({"whole": "not a number", "loss": True, "odd": 1})
    run.finish()
"""
CONDITION = "project LIKE 'exported%' AND summary.loss < 1"
STEPS = 303


class DuckDb:
    @staticmethod
    def columns(path, *columns):
        names = ", ".join('"' + column.replace('"', '""') + '"' for column in columns)
        rows = duckdb.connect().execute(f"SELECT {names} FROM '{path}'").fetchall()
        return dict(zip(columns, (list(cells) for cells in zip(*rows, strict=True)), strict=True))

    @staticmethod
    def types(path):
        rows = duckdb.connect().execute(f"DESCRIBE SELECT * FROM '{path}'").fetchall()
        return {row[0]: row[1] for row in rows}


class Pandas:
    @staticmethod
    def columns(path, *columns):
        # Numbers with gaps stay integers only so.
        frame = pandas.read_parquet(path, dtype_backend="pyarrow")
        return {column: frame[column].array.__arrow_array__().to_pylist() for column in columns}

    @staticmethod
    def types(path):
        return {name: str(dtype) for name, dtype in pandas.read_parquet(path, dtype_backend="pyarrow").dtypes.items()}


class Polars:
    @staticmethod
    def columns(path, *columns):
        frame = polars.read_parquet(path)
        return {column: frame[column].to_list() for column in columns}

    @staticmethod
    def types(path):
        return {name: str(dtype) for name, dtype in polars.read_parquet(path).schema.items()}


@pytest.fixture(params=[DuckDb, Pandas, Polars])
def reader(request):
    return request.param


@pytest.fixture(scope="module")
def server(binary, tmp_path_factory):
    """One of its own: what keys are here would change what they are to other tests."""
    server = Server(binary, tmp_path_factory.mktemp("exported")).start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def trained(server, module_trainer):
    for script in (RUN, OTHER):
        training = module_trainer.run(server, script)
        assert training.exit_code == 0, training.terminal
    return server


def _export(server, target, *more):
    done = server.wbq("export", CONDITION, "--to", str(target), *more)
    assert done.returncode == 0, done.stderr
    return target


@pytest.fixture(scope="module")
def exported(trained, tmp_path_factory):
    return _export(trained, tmp_path_factory.mktemp("exports") / "parquet", "--files")


@pytest.fixture
def table(exported):
    """The path of a table's file."""

    def table(name):
        found = list(exported.glob(f"{name}.parquet")) + list(exported.glob(f"{name}/*/*.parquet"))
        assert len(found) == 1, found
        return found[0]

    return table


def every_file_is_as_the_manifest_tells(exported):
    manifest = json.loads((exported / "manifest.json").read_text())
    assert manifest["runs"] == 1
    told = {file["path"]: file for file in manifest["files"]}
    files = {str(path.relative_to(exported)) for path in exported.rglob("*") if path.is_file()}
    assert files - set(told) == {"manifest.json", "README.md"}
    for path, file in told.items():
        content = (exported / path).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (file["bytes"], file["sha256"])
        if file["table"]:
            assert len(polars.read_parquet(exported / path)) == file["rows"], path


def rows_and_sums_are_those_of_sql(trained, table, reader):
    cells = reader.columns(table("history"), "_step", "loss", "train/acc", "with.dot")
    assert cells["_step"] == list(range(STEPS))
    assert cells["with.dot"][:300] == list(range(300))
    assert cells["loss"][:300] == [1 / (step + 1) for step in range(300)]
    assert sum(cell for cell in cells["train/acc"] if cell is not None) == sum(step * 0.5 for step in range(300))
    answer = trained.row(
        "SELECT count(*) AS n, sum(value) AS s FROM points WHERE project = 'exported one' AND key = 'loss'"
    )
    points = reader.columns(table("points"), "key", "value", "int_value")
    losses = [value for key, value in zip(points["key"], points["value"], strict=True) if key == "loss"]
    assert len(losses) == answer["n"] == 300
    assert math.isclose(math.fsum(losses), answer["s"], rel_tol=1e-12)


def odd_numbers_are_what_they_were(table, reader):
    cells = reader.columns(table("history"), "odd", "whole", "flag", "text", "nested.a")
    nan, *infinities = cells["odd"][300:]
    assert math.isnan(nan) and infinities == [math.inf, -math.inf]
    assert cells["whole"][300:] == [2**63 - 1, -(2**63), 2**53 + 1]
    assert cells["flag"][300:] == [True, False, None]
    assert cells["text"][300:] == ['zwei ✓, "quoted"\nline', "", None]
    assert json.loads(cells["nested.a"][302]) == [1, 2]
    assert cells["odd"][:300] == [None] * 300


def keys_have_the_types_that_they_have_in_their_project(table, reader):
    types = reader.types(table("history"))
    expected = {
        DuckDb: ["DOUBLE", "DOUBLE", "BIGINT", "BIGINT", "DOUBLE", "VARCHAR", "BOOLEAN"],
        Pandas: ["double", "double", "int64", "int64", "double", "string", "bool"],
        Polars: ["Float64", "Float64", "Int64", "Int64", "Float64", "String", "Boolean"],
    }[reader]
    found = [types[name] for name in ("loss", "train/acc", "with.dot", "whole", "odd", "text", "flag")]
    assert [kind.removesuffix("[pyarrow]") for kind in found] == expected
    assert "timestamp" in types["_timestamp"].lower() or "datetime" in types["_timestamp"].lower()


def runs_have_config_and_summary_as_json_and_as_columns(table, reader):
    cells = reader.columns(
        table("runs"), "run_id", "state", "config", "config.lr", "config.big", "config.optimizer.name", "summary.best/acc"
    )
    assert (cells["run_id"], cells["state"]) == (["everything"], ["Finished"])
    assert json.loads(cells["config"][0])["layers"] == [64, 32]
    assert cells["config.big"] == [2**60]
    assert cells["config.optimizer.name"] == ["ädam ✓"]
    assert cells["summary.best/acc"] == [0.75]


def console_files_and_events_are_there(trained, exported, table, reader):
    assert "a line" in reader.columns(table("console"), "text")["text"]
    files = reader.columns(table("files"), "name", "digest")
    digest = dict(zip(files["name"], files["digest"], strict=True))["notes.txt"]
    assert (exported / "user_files" / digest[:2] / digest).read_text() == "kept as it is"
    events = reader.columns(table("events"), "kind", "run_id")
    count = trained.row("SELECT count(*) AS n FROM events WHERE project = 'exported one' AND run_id IS NOT NULL")
    assert len(events["kind"]) == count["n"]
    assert set(events["run_id"]) == {"everything"}


def lines_of_json_and_csv_open_too(trained, tmp_path):
    lines = _export(trained, tmp_path / "jsonl", "--as", "jsonl")
    csv = _export(trained, tmp_path / "csv", "--as", "csv")
    [history] = lines.glob("history/*/*.jsonl")
    [text] = csv.glob("history/*/*.csv")
    counted = duckdb.connect().execute(f"SELECT count(*), sum(loss) FROM '{history}'").fetchone()
    assert counted[0] == STEPS and math.isclose(counted[1], math.fsum(1 / (step + 1) for step in range(300)))
    assert duckdb.connect().execute(f"SELECT max(whole) FROM '{text}'").fetchone() == (2**63 - 1,)
    assert len(pandas.read_json(history, lines=True)) == len(pandas.read_csv(text)) == STEPS
    assert len(polars.read_ndjson(history, infer_schema_length=None)) == STEPS
    assert len(polars.read_csv(text, infer_schema_length=None)) == STEPS
