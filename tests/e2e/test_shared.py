"""Several processes of the real client write one run at once (`mode="shared"`)."""

import pytest
from waiting import until

pytestmark = pytest.mark.xdist_group("shared")

ROWS = 400

# The primary ends last, as the client's documentation asks; each process knows its own keys only.
WORKER = """
    rank, ranks = int(sys.argv[1]), int(sys.argv[2])
    settings = wandb.Settings(
        mode="shared", x_primary=rank == 0, x_label=f"rank-{rank}", x_update_finish_state=rank == 0,
    )
    run = wandb.init(id="together", name="together", config={"all": 1, f"rank{rank}": rank}, settings=settings)
    run.define_metric(f"only{rank}", summary="max")
    for step in range(400):
        run.log({"loss": rank + step / 1000, f"only{rank}": step})
        if step % 100 == 0:
            print("step", step, "of", rank)
        # The requests of all are on their way at the same time.
        time.sleep(0.005)
    print("an error of", rank, file=sys.stderr)
    run.summary[f"best{rank}"] = rank
    with open(f"notes-{rank}.txt", "w") as notes:
        notes.write(f"of {rank}\\n")
    run.save(f"notes-{rank}.txt")
    over = [f"{os.environ['TOGETHER']}/over-{other}" for other in range(ranks)]
    while rank == 0 and not all(map(os.path.exists, over[1:])):
        time.sleep(0.05)
    run.finish(exit_code=rank)
    open(over[rank], "w").close()
"""


def _start(trainer, server, project, source, *, together, rank, ranks, launcher=()):
    command = [*launcher, trainer.python, "train.py", str(rank), str(ranks)]
    return trainer.start(server, source, project=project, command=command, env={"TOGETHER": str(together)})


@pytest.mark.parametrize("ranks", [2, 4])
def several_processes_at_once_write_one_run_and_nothing_is_lost(server, trainer, project, tmp_path, ranks):
    processes = [
        _start(trainer, server, project, WORKER, together=tmp_path, rank=rank, ranks=ranks) for rank in range(ranks)
    ]
    for training in processes:
        assert training.wait() == 0, training.terminal
    here = f"WHERE project = '{project}'"
    run = server.row(f"SELECT run_id, generation, state, exit_code, config, summary, history_rows FROM runs {here}")
    assert (run["run_id"], run["generation"]) == ("together", 1)
    # The end is the primary's: the others end with codes of their own and do not end the run.
    assert (run["state"], run["exit_code"], run["history_rows"]) == ("Finished", 0, ROWS * ranks)
    everyone = range(ranks)
    assert run["config"] == {"all": 1, **{f"rank{rank}": rank for rank in everyone}}
    kept = {key: value for key, value in run["summary"].items() if key.startswith(("best", "only"))}
    assert kept == {
        **{f"best{rank}": rank for rank in everyone}, **{f"only{rank}": {"max": ROWS - 1} for rank in everyone}
    }

    writers = server.sql(f"SELECT DISTINCT writer FROM history {here}")
    assert len(writers) == ranks and None not in [row["writer"] for row in writers]
    logged = sorted(
        [row["writer"], row["_step"], row["loss"]]
        for row in server.sql(f"SELECT writer, _step, loss FROM history {here}")
    )
    # Each writer has a row for each step, with its own values.
    ranks_seen = set()
    for writer in {row[0] for row in logged}:
        rows = [row for row in logged if row[0] == writer]
        rank = int(rows[0][2])
        ranks_seen.add(rank)
        assert [[step, loss] for _, step, loss in rows] == [[step, rank + step / 1000] for step in range(ROWS)]
    assert ranks_seen == set(everyone)
    points = server.sql(f"SELECT key, count(*) AS n FROM points {here} AND key NOT LIKE '\\_%' GROUP BY key")
    assert {row["key"]: row["n"] for row in points} == {
        "loss": ROWS * ranks, **{f"only{rank}": ROWS for rank in everyone}
    }

    lines = server.sql(f"SELECT label, level, text FROM console {here} AND text LIKE '% of %'")
    found = sorted([line["label"], line["level"], line["text"]] for line in lines)
    assert found == sorted(
        [f"rank-{rank}", level, text]
        for rank in everyone
        for level, text in [
            *(("info", f"step {step} of {rank}") for step in range(0, ROWS, 100)), ("error", f"an error of {rank}")
        ]
    )
    files = {row["name"] for row in server.sql(f"SELECT name FROM files {here}")}
    expected = {f"{name}-{rank}.{end}" for rank in everyone for name, end in (("notes", "txt"), ("output_rank", "log"))}
    assert expected <= files, files


def a_writer_that_is_killed_leaves_what_it_sent_and_the_run_to_the_others(server, trainer, project, tmp_path):
    source = """
        rank, together = int(sys.argv[1]), os.environ["TOGETHER"]
        settings = wandb.Settings(
            mode="shared", x_primary=rank == 0, x_label=f"rank-{rank}", x_update_finish_state=rank == 0,
        )
        run = wandb.init(id="together", settings=settings)
        for step in range(10):
            run.log({"loss": step})
        while not os.path.exists(f"{together}/go-{rank}"):
            time.sleep(0.05)
        if rank == 1:
            os.killpg(0, 9)
        for step in range(10):
            run.log({"loss": step})
        run.finish()
    """
    first, other = (
        _start(trainer, server, project, source, together=tmp_path, rank=rank, ranks=2, launcher=["setsid", "-w"])
        for rank in (0, 1)
    )
    rows = f"SELECT count(*) AS n FROM history WHERE project = '{project}'"
    until(lambda: server.row(rows)["n"] == 20, "both have sent their rows", 60)
    (tmp_path / "go-1").touch()
    other.wait()
    assert server.state(project, "together") == "Running"
    (tmp_path / "go-0").touch()
    assert first.wait() == 0, first.terminal
    run = server.row(f"SELECT state, exit_code, history_rows FROM runs WHERE project = '{project}'")
    assert run == {"state": "Finished", "exit_code": 0, "history_rows": 30}
    per_writer = server.sql(f"SELECT count(*) AS n FROM history WHERE project = '{project}' GROUP BY writer")
    assert sorted(row["n"] for row in per_writer) == [10, 20], per_writer
