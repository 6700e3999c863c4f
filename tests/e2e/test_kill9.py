"""The server is killed with SIGKILL, twice, under three trainings: nothing is lost, nothing doubled."""

import time

from waiting import until

ROWS = 300
TRAININGS = 3
KILLS = 2

SCRIPT = """
    import random

    name = sys.argv[1]
    chance = random.Random(name)
    config = {"seed": chance.randrange(2**60), "lr": chance.random(), "deep": {"name": name}}
    run = wandb.init(id=name, name=name, config=config)
    note(config=config)
    for step in range(int(sys.argv[2])):
        row = {"loss": chance.random(), "count": step * step, "big": 2**53 + 1 + step,
               "text": f"row {step} of {name}", "deep": {"x": chance.random()}}
        if step % 50 == 7:
            row["odd"] = float("nan") if step % 100 == 7 else float("inf")
        if step % 10 == 0:
            row["val/acc"] = chance.random()
        run.log(row)
        print(name, "logged", step, flush=True)
        note(row=row, step=step, stdout=f"{name} logged {step}")
        if step % 25 == 0:
            print(name, "warns", step, file=sys.stderr, flush=True)
            note(stderr=f"{name} warns {step}")
        time.sleep(0.05)
    run.summary["verdict"] = {"name": name, "score": chance.random()}
    note(summary={**row, "verdict": dict(run.summary["verdict"])})
    run.finish()
"""


def kill_9_loses_nothing_and_repeats_nothing(serve, trainer, project, capsys):
    server = serve()
    names = [f"training-{number}" for number in range(TRAININGS)]
    began = time.monotonic()
    trainings = {
        name: trainer.start(
            server, SCRIPT, project=project, command=[trainer.python, "train.py", name, str(ROWS)]
        )
        for name in names
    }
    seen = 0
    for _ in range(KILLS):
        seen = _wait_for_more_rows(server, names, seen)
        server.kill9()
        server.restart()
    for training in trainings.values():
        assert training.wait(240) == 0, training.terminal
    for name, training in trainings.items():
        _compare(server, project, name, training.journal())
    with capsys.disabled():
        print(
            f"\nkill -9: {TRAININGS} trainings of {ROWS} rows, {KILLS} kills (the last at {seen} rows seen), "
            f"all equal after {time.monotonic() - began:.1f} s"
        )


def _wait_for_more_rows(server, names, seen):
    """Waits until every training shows a fifth more of its rows, but none is through."""

    def rows_of_the_slowest():
        rows = server.sql("SELECT run_id, COUNT(*) AS n FROM history GROUP BY run_id")
        least = min((row["n"] for row in rows), default=0)
        return least if len(rows) == len(names) and least >= seen + ROWS // 5 else None

    least = until(rows_of_the_slowest, "rows of every training", 120)
    assert least < ROWS, "the kill must come in the middle"
    return least


def _compare(server, project, name, journal):
    where = f"WHERE project = '{project}' AND run_id = '{name}'"
    logged = [entry for entry in journal if "row" in entry]
    assert len(logged) == ROWS, "the training itself went through"

    rows = server.sql(
        'SELECT _step, loss, count, big, text, "deep.x" AS x, odd, "val/acc" AS acc '
        f"FROM history {where} ORDER BY _step"
    )
    assert rows == [_expected_row(entry["step"], entry["row"]) for entry in logged]

    [config] = [entry["config"] for entry in journal if "config" in entry]
    [summary] = [entry["summary"] for entry in journal if "summary" in entry]
    run = server.row(
        "SELECT state, exit_code, history_rows, config.seed AS seed, config.lr AS lr, "
        "config.deep.name AS deep, summary.loss AS loss, summary.big AS big, summary.text AS text, "
        f"summary.verdict.name AS verdict, summary.verdict.score AS score FROM runs {where}"
    )
    assert run == {
        "state": "Finished",
        "exit_code": 0,
        "history_rows": ROWS,
        "seed": config["seed"],
        "lr": config["lr"],
        "deep": config["deep"]["name"],
        "loss": summary["loss"],
        "big": summary["big"],
        "text": summary["text"],
        "verdict": summary["verdict"]["name"],
        "score": summary["verdict"]["score"],
    }

    created = server.sql(f"SELECT lsn FROM events {where} AND kind = 'RunCreated'")
    assert len(created) == 1, "a retried init is no new generation"

    console = server.sql(f"SELECT line, stream, text FROM console {where} ORDER BY line")
    assert [row["line"] for row in console] == list(range(len(console)))
    for stream in ("stdout", "stderr"):
        # The client's own words about the lost server stand in the console too.
        shown = [row["text"] for row in console if row["stream"] == stream]
        assert [text for text in shown if not text.startswith("wandb:")] == [
            entry[stream] for entry in journal if stream in entry
        ]


def _expected_row(step, row):
    odd = row.get("odd")
    return {
        "_step": step,
        "loss": row["loss"],
        "count": row["count"],
        "big": row["big"],
        "text": row["text"],
        "x": row["deep"]["x"],
        "odd": odd if odd is None else ("NaN" if odd != odd else "Infinity"),
        "acc": row.get("val/acc"),
    }
