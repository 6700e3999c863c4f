"""SQL over what real runs logged, asked with the `wbq` command beside the server."""

import csv
import io
import json
from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("sql")

FOUR_RUNS = """
    run = wandb.init(project="sql", id="small", name="small", config={
        "optimizer": {"name": "adam", "lr": 0.1}, "width": 10, "depth": 3, "Seed": 1})
    for step in range(4):
        run.log({"loss": 4.0 - step, "val/acc": step / 4, "Loss": -1, "top 1": step, "a.b": step,
                 "count": step, "either": step})
    run.finish()

    run = wandb.init(project="sql", id="large", name="large", config={
        "optimizer": {"name": "sgd", "lr": 0.01}, "width": 10.0, "depth": "deep"})
    for step in range(3):
        run.log({"loss": 3.5 - step, "val/acc": step / 3, "either": "text"})
    run.finish()

    run = wandb.init(project="sql", id="bare", name="bare", group="poor", tags=["x", "y"])
    run.log({"other": 1})
    run.finish()

    run = wandb.init(project="sql", id="failed", name="failed", config={"width": 20})
    run.log({"loss": 0.25, "either": 7.5})
    run.finish(exit_code=1)
"""

MUST_NOT_APPEAR = Path("/tmp/wbq-tests-must-not-write-this.csv")
RUNS = ("bare", "failed", "large", "small")


@pytest.fixture(scope="module")
def ask(server, module_trainer):
    """Rows of a statement over the four runs; `{p}` stands for the condition that picks them."""
    training = module_trainer.run(server, FOUR_RUNS)
    assert training.exit_code == 0, training.terminal

    def ask(statement, *options):
        return server.sql(statement.replace("{p}", "project = 'sql'"), *options)

    return ask


def the_flagship_query_answers(ask):
    rows = ask("SELECT name, summary.loss FROM runs WHERE {p} AND state='Finished' ORDER BY name")
    assert rows == [
        {"name": "bare", "summary.loss": None},
        {"name": "large", "summary.loss": 1.5},
        {"name": "small", "summary.loss": 1.0},
    ]


def every_spelling_of_a_key_names_the_same_column(ask):
    [row] = ask(
        "SELECT summary.loss AS a, summary.\"loss\" AS b, summary['loss'] AS c, runs.summary.loss AS d "
        "FROM runs WHERE {p} AND run_id = 'small'"
    )
    assert row == {"a": 1.0, "b": 1.0, "c": 1.0, "d": 1.0}


def keys_with_slashes_spaces_dots_and_upper_case_are_reached(ask):
    rows = ask(
        'SELECT _step, loss, "val/acc", "Loss", "top 1", "a.b" FROM history '
        "WHERE {p} AND run_id = 'small' ORDER BY _step LIMIT 2"
    )
    assert rows == [
        {"_step": 0, "loss": 4.0, "val/acc": 0, "Loss": -1, "top 1": 0, "a.b": 0},
        {"_step": 1, "loss": 3.0, "val/acc": 0.25, "Loss": -1, "top 1": 1, "a.b": 1},
    ]
    [row] = ask(
        'SELECT summary."val/acc" AS slash, summary."top 1" AS space, summary."a.b" AS dot, '
        'summary."Loss" AS upper, config."Seed" AS seed FROM runs WHERE {p} AND run_id = \'small\''
    )
    assert row == {"slash": 0.75, "space": 3, "dot": 3, "upper": -1, "seed": 1}


def nested_config_answers_to_its_path(ask):
    rows = ask(
        "SELECT run_id, config.optimizer.name AS name FROM runs "
        "WHERE {p} AND config.optimizer.lr < 0.05"
    )
    assert rows == [{"run_id": "large", "name": "sgd"}]


def a_key_that_some_runs_lack_is_null_there_and_sorts_last(ask):
    for direction, order in (("ASC", ["failed", "small", "large"]), ("DESC", ["large", "small", "failed"])):
        rows = ask(f"SELECT run_id, summary.loss AS loss FROM runs WHERE {{p}} ORDER BY loss {direction}")
        assert [row["run_id"] for row in rows] == [*order, "bare"]
        assert rows[-1]["loss"] is None


def a_key_that_no_run_has_is_null_with_a_warning_that_names_the_nearest(ask, server):
    statement = "SELECT run_id, summary.los FROM runs WHERE project = 'sql' ORDER BY run_id"
    done = server.wbq("--format", "json", statement)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [{"run_id": run, "summary.los": None} for run in RUNS]
    assert "summary.los" in done.stderr and "summary.loss" in done.stderr


def strict_makes_an_unknown_key_an_error(ask, server):
    done = server.wbq("--strict", "SELECT summary.los FROM runs WHERE project = 'sql'")
    assert (done.returncode, done.stdout) == (1, "")
    assert "summary.los" in done.stderr and "summary.loss" in done.stderr


def an_unknown_fixed_column_is_an_error(ask, server):
    done = server.wbq("SELECT nmae FROM runs")
    assert (done.returncode, done.stdout) == (1, "")
    assert "nmae" in done.stderr


def ten_equals_ten_point_zero(ask):
    rows = ask("SELECT run_id FROM runs WHERE {p} AND config.width = 10 ORDER BY run_id")
    assert [row["run_id"] for row in rows] == ["large", "small"]
    [row] = ask("SELECT COUNT(DISTINCT config.width) AS widths FROM runs WHERE {p}")
    assert row == {"widths": 2}


def a_key_of_mixed_kinds_is_text_to_look_at_and_a_number_to_count_with(ask):
    rows = ask("SELECT run_id, config.depth AS depth FROM runs WHERE {p} AND config.depth IS NOT NULL ORDER BY run_id")
    assert rows == [{"run_id": "large", "depth": "deep"}, {"run_id": "small", "depth": "3"}]
    assert ask("SELECT run_id FROM runs WHERE {p} AND config.depth > 2") == [{"run_id": "small"}]
    assert ask("SELECT run_id FROM runs WHERE {p} AND config.depth = 'deep'") == [{"run_id": "large"}]
    [row] = ask("SELECT SUM(either) AS total, MAX(either) AS most FROM history WHERE {p}")
    assert row == {"total": 0 + 1 + 2 + 3 + 7.5, "most": 7.5}
    rows = ask("SELECT DISTINCT run_id FROM history WHERE {p} AND either LIKE 'te%'")
    assert rows == [{"run_id": "large"}]


def whole_numbers_divide_without_being_cut(ask):
    [row] = ask('SELECT MAX(count) / 2 AS half FROM history WHERE {p} AND run_id = \'small\'')
    assert row == {"half": 1.5}


def groups_are_counted_and_averaged(ask):
    rows = ask(
        "SELECT state, COUNT(*) AS n, MIN(summary.loss) AS least, AVG(summary.loss) AS mean "
        "FROM runs WHERE {p} GROUP BY state ORDER BY state"
    )
    assert rows == [
        {"state": "Failed", "n": 1, "least": 0.25, "mean": 0.25},
        {"state": "Finished", "n": 3, "least": 1.0, "mean": 1.25},
    ]


def tables_join(ask):
    rows = ask(
        "SELECT r.name, r.config.optimizer.lr AS lr, COUNT(*) AS points, MIN(h.loss) AS least "
        "FROM runs r JOIN history h ON h.project = r.project AND h.run_id = r.run_id "
        "WHERE r.project = 'sql' AND h.loss IS NOT NULL GROUP BY r.name, r.config.optimizer.lr ORDER BY r.name"
    )
    assert rows == [
        {"name": "failed", "lr": None, "points": 1, "least": 0.25},
        {"name": "large", "lr": 0.01, "points": 3, "least": 1.5},
        {"name": "small", "lr": 0.1, "points": 4, "least": 1.0},
    ]


def common_table_expressions_and_windows_work(ask):
    rows = ask(
        "WITH best AS (SELECT run_id, loss, ROW_NUMBER() OVER (PARTITION BY run_id ORDER BY loss) AS place "
        "FROM history WHERE {p} AND loss IS NOT NULL) "
        "SELECT run_id, loss FROM best WHERE place = 1 ORDER BY loss LIMIT 2"
    )
    assert rows == [{"run_id": "failed", "loss": 0.25}, {"run_id": "small", "loss": 1.0}]


def points_hold_one_row_for_each_value_written(ask):
    rows = ask("SELECT key, step, value FROM points WHERE {p} AND run_id = 'large' AND key = 'loss' ORDER BY step")
    assert rows == [{"key": "loss", "step": step, "value": 3.5 - step} for step in range(3)]
    [row] = ask("SELECT text_value AS text FROM points WHERE {p} AND run_id = 'large' AND key = 'either' AND step = 0")
    assert row == {"text": "text"}


def a_star_gives_what_the_runs_have(ask):
    rows = ask("SELECT * FROM history WHERE {p} AND run_id = 'bare'")
    assert len(rows) == 1 and rows[0]["other"] == 1
    assert "val/acc" not in rows[0], "a key of other runs"
    [row] = ask("SELECT * FROM runs WHERE {p} AND run_id = 'bare'")
    assert (row["name"], row["group_name"], row["tags"]) == ("bare", "poor", ["x", "y"])


def projects_and_events_are_tables_too(ask):
    assert len(ask("SELECT * FROM projects WHERE {p}")) == 1
    rows = ask("SELECT kind, lsn FROM events WHERE {p} AND run_id = 'small' ORDER BY lsn")
    kinds = [row["kind"] for row in rows]
    assert kinds[0] == "RunCreated"
    assert {"ConfigChanged", "Logged", "SummaryChanged", "StateChanged"} <= set(kinds)


def explain_shows_a_plan(ask):
    rows = ask("EXPLAIN SELECT name, summary.loss FROM runs WHERE {p}")
    assert rows and "runs" in json.dumps(rows)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO runs (run_id) VALUES ('x')",
        "UPDATE runs SET name = 'x'",
        "DELETE FROM runs",
        "CREATE TABLE mine AS SELECT * FROM runs",
        "CREATE VIEW mine AS SELECT * FROM runs",
        "CREATE EXTERNAL TABLE passwords STORED AS CSV LOCATION '/etc/passwd'",
        f"COPY (SELECT 1) TO '{MUST_NOT_APPEAR}'",
        "SET datafusion.execution.batch_size = 1",
        "DROP TABLE runs",
        "SELECT * FROM '/etc/passwd'",
        "EXPLAIN ANALYZE INSERT INTO runs (run_id) VALUES ('x')",
    ],
)
def only_reading_is_possible(ask, server, statement):
    done = server.wbq(statement)
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    assert "error" in done.stderr
    assert not MUST_NOT_APPEAR.exists()
    assert len(ask("SELECT run_id FROM runs WHERE {p}")) == 4


def a_syntax_error_says_where(ask, server):
    done = server.wbq("SELECT name FROM runs WHER state = 'Finished'")
    assert (done.returncode, done.stdout) == (1, "")
    assert "state" in done.stderr or "WHER" in done.stderr


def several_statements_answer_in_order(ask, server, tmp_path):
    statements = "SELECT 1 AS one; SELECT 2 AS two;"
    file = tmp_path / "statements.sql"
    file.write_text(statements)
    for done in (server.wbq(statements), server.wbq("-f", str(file)), server.wbq("-", stdin=statements)):
        assert done.returncode == 0, done.stderr
        assert [json.loads(line) for line in done.stdout.splitlines()] == [{"one": 1}, {"two": 2}]


def csv_quotes_what_must_be_quoted(ask, server):
    columns = "run_id, 'a,\"b\"' AS odd, summary.loss"
    done = server.wbq("--format", "csv", f"SELECT {columns} FROM runs WHERE project = 'sql' ORDER BY run_id")
    rows = list(csv.reader(io.StringIO(done.stdout)))
    assert rows[0] == ["run_id", "odd", "summary.loss"]
    assert rows[1] == ["bare", 'a,"b"', ""]
    assert len(rows) == 5


def the_folder_answers_the_same_with_and_without_its_server(serve, trainer, project):
    server = serve()
    trainer.run(server, 'run = wandb.init()\nrun.log({"loss": 0.5})\nrun.finish()', project=project)
    statement = "SELECT name, state, summary.loss, history_rows, updated_lsn FROM runs"
    served = server.sql(statement)
    assert [row["summary.loss"] for row in served] == [0.5]
    server.stop()
    assert server.sql(statement) == served


def a_folder_without_a_store_is_an_error_and_stays_as_it_is(server, tmp_path):
    done = server.wbq("SELECT 1", folder=tmp_path / "absent")
    assert (done.returncode, done.stdout) == (1, "")
    assert not (tmp_path / "absent").exists()
