"""A folder that the real client filled, looked at as it was; a run deleted, erased, begun again; repaired, restored."""

import json

TRAINING = """
    run = wandb.init(project="past", id=os.environ["RUN"], config={"lr": 0.1, "patient": os.environ["SECRET"]})
    for step in range(20):
        run.log({"loss": 1 / (step + 1), os.environ["SECRET"] + "/loss": step})
    print("seen", os.environ["SECRET"])
    with open("notes.txt", "w") as notes:
        notes.write(os.environ["SECRET"] * 100)
    run.save("notes.txt")
    run.finish()
"""

DELETE = """
    wandb.Api().run("past/secret").delete()
"""

SECRET = "patient-4711"


def _train(trainer, server, run, secret):
    training = trainer.run(server, TRAINING, env={"RUN": run, "SECRET": secret})
    assert training.exit_code == 0, training.terminal


def _content(server):
    """Every byte of the folder that is not packed, and every answer that tables give."""
    files = [path for path in server.dir.rglob("*") if path.is_file()]
    raw = b"".join(path.read_bytes() for path in files)
    tables = ["runs", "points", "console", "files", "events", "keys", "system_points", "quarantine"]
    answers = [json.dumps(server.sql(f"SELECT * FROM {table}", "--include-deleted")) for table in tables]
    return raw.decode(errors="replace") + "".join(answers)


def a_run_is_seen_before_its_deletion_and_by_nobody_once_it_is_erased(serve, trainer):
    server = serve()
    _train(trainer, server, "secret", SECRET)
    _train(trainer, server, "other", "nobody")
    before = server.row("SELECT max(lsn) AS lsn FROM events")["lsn"]
    runs = "SELECT run_id FROM runs ORDER BY run_id"
    history = "SELECT _step, loss FROM history WHERE run_id = 'other' ORDER BY _step"
    others = server.sql(history)

    deleted = trainer.run(server, DELETE)
    assert deleted.exit_code == 0, deleted.terminal
    assert server.sql(runs) == [{"run_id": "other"}]
    then = ("--as-of", f"lsn:{before}")
    assert server.sql(runs, *then) == [{"run_id": "other"}, {"run_id": "secret"}]
    assert server.row("SELECT config.patient AS p FROM runs WHERE run_id = 'secret'", *then) == {"p": SECRET}
    assert server.wbq("undelete", "past/secret").returncode == 0
    assert server.wbq("delete", "--yes", "past/secret").returncode == 0
    [event, *_] = server.sql("SELECT actor, kind FROM events WHERE run_id = 'secret' ORDER BY lsn DESC", "--include-deleted")
    assert event == {"actor": "ada", "kind": "RunDeleted"}

    due = [json.loads(line) for line in server.wbq("prune", "--dry-run", "--deleted-for", "0s").stdout.splitlines()]
    assert [(run["run"], run["points"] > 0, run["files"] > 0) for run in due] == [("ada/past/secret", True, True)]
    assert SECRET in _content(server)
    done = server.wbq("prune", "--deleted-for", "0s", "--yes")
    assert done.returncode == 0, done.stderr
    assert SECRET not in _content(server)
    assert server.sql(runs, *then) == [{"run_id": "other"}]
    assert server.sql(history) == others
    kinds = {row["kind"] for row in server.sql("SELECT kind FROM events WHERE run_id = 'secret'", "--include-deleted")}
    assert kinds == {"Erased", "RunDeleted", "RunUndeleted", "RunErased"}
    assert "was erased" in server.wbq("undelete", "past/secret").stderr

    _train(trainer, server, "secret", "nobody")
    again = server.row("SELECT generation, state FROM runs WHERE run_id = 'secret'")
    assert again == {"generation": 2, "state": "Finished"}
    verified = server.wbq("verify", "--deep")
    assert verified.returncode == 0, verified.stdout + verified.stderr


def what_table_files_alone_hold_is_repaired_backed_up_and_restored(serve, trainer, tmp_path):
    server = serve("--keep-log", "0s")
    _train(trainer, server, "first", "nobody")
    _train(trainer, server, "second", "nobody")
    asked = [
        "SELECT run_id, name, state, config, summary FROM runs ORDER BY run_id",
        "SELECT * FROM history ORDER BY run_id, _step",
        "SELECT run_id, line, stream, text FROM console ORDER BY run_id, line",
        "SELECT run_id, name, size, digest FROM files ORDER BY run_id, name",
    ]
    assert server.wbq("compact").returncode == 0
    assert server.row("SELECT min(first_lsn) AS first FROM wbq.segments")["first"] > 10

    def answers(folder):
        done = [server.wbq("--format", "json", text, folder=folder) for text in asked]
        assert all(reply.returncode == 0 for reply in done), done
        return [json.loads(reply.stdout) for reply in done]

    whole = answers(server.dir)
    assert all(whole)
    server.stop()
    repaired, copied, restored = (tmp_path / name for name in ("repaired", "copied", "restored"))
    for words in (
        ("repair", str(server.dir), str(repaired)),
        ("backup", str(copied)),
        ("restore", str(copied), str(restored)),
    ):
        done = server.wbq(*words)
        assert done.returncode == 0, done.stderr
    for folder in (repaired, copied, restored):
        assert answers(folder) == whole
        verified = server.wbq("verify", "--deep", folder=folder)
        assert verified.returncode == 0, verified.stdout + verified.stderr
