"""Runs that go on from others: forks and rewinds of the real client (SEMANTICS 7)."""

PARENT = """
    run = wandb.init(id="parent", name="the parent", notes="kept", tags=["a"], config={"lr": 0.1, "kept": 1})
    run.define_metric("low", summary="min")
    for step in range(10):
        run.log({"loss": 100.0 - step, "low": float(step), "only": step})
        print("parent", step)
    run.summary["note"] = "by hand"
    with open("weights.txt", "w") as file:
        file.write("as they were")
    run.save("weights.txt")
    run.finish()
"""


def _steps(server, project, run):
    rows = server.sql(
        f"SELECT _step, loss, only FROM history WHERE project = '{project}' AND run_id = '{run}' ORDER BY _step"
    )
    return [(row["_step"], row["loss"], row["only"]) for row in rows]


def a_fork_has_the_history_of_its_parent_and_goes_on_by_itself(serve, trainer, project):
    server = serve()
    training = trainer.run(
        server,
        PARENT
        + """
    fork = wandb.init(id="child", fork_from="parent?_step=4", config={"lr": 0.2})
    note(step=fork.starting_step)
    for step in range(3):
        fork.log({"loss": 50.0 - step})
    print("child")
    fork.finish()
    grandchild = wandb.init(id="grandchild", fork_from="child?_step=6", config={})
    grandchild.log({"loss": 1.0})
    grandchild.finish()
    run = wandb.Api().run(f"{fork.project}/grandchild")
    note(scanned=[(row["_step"], row["loss"]) for row in run.scan_history(keys=["_step", "loss"])],
         rows=len(run.history(pandas=False)), last=run.lastHistoryStep, keys=sorted(run.history_keys["keys"]))
    note(files=[file.name for file in run.files() if file.name == "weights.txt"],
         text=open(run.file("weights.txt").download(root="down").name).read())
    """,
        project=project,
    )
    assert training.exit_code == 0, training.terminal
    assert training.complaints() == []
    first, scanned, files = training.journal()
    assert first == {"step": 5}
    of_parent = [(step, 100.0 - step, step) for step in range(5)]
    of_child = [(5, 50.0, None), (6, 49.0, None), (7, 48.0, None)]
    whole = {
        "parent": [(step, 100.0 - step, step) for step in range(10)],
        "child": of_parent + of_child,
        "grandchild": of_parent + of_child[:2] + [(7, 1.0, None)],
    }
    expected = [[step, loss] for step, loss, _ in whole["grandchild"]]
    assert scanned["scanned"] == expected
    assert (scanned["rows"], scanned["last"]) == (8, 7)
    assert {"loss", "low", "only"} <= set(scanned["keys"])
    assert files == {"files": ["weights.txt"], "text": "as they were"}
    for compacted in (False, True):
        if compacted:
            assert server.wbq("compact").returncode == 0
        for run, rows in whole.items():
            assert _steps(server, project, run) == rows, (run, compacted)
        rows = server.sql(
            "SELECT run_id, parent_run_id, fork_step, last_step, history_rows, config.lr AS lr, config.kept AS kept, "
            "summary.loss AS loss, summary.only AS only, summary.note AS note "
            f"FROM runs WHERE project = '{project}' AND run_id <> 'parent' ORDER BY created_at"
        )
        # The config is the script's own; the summary is the parent's until it is written over.
        assert rows == [
            {"run_id": "child", "parent_run_id": "parent", "fork_step": 4, "last_step": 7, "history_rows": 8,
             "lr": 0.2, "kept": None, "loss": 48.0, "only": 9, "note": "by hand"},
            {"run_id": "grandchild", "parent_run_id": "child", "fork_step": 6, "last_step": 7, "history_rows": 8,
             "lr": None, "kept": None, "loss": 1.0, "only": 9, "note": "by hand"},
        ]  # fmt: skip
        counts = server.sql(
            f"SELECT run_id, count(*) AS n FROM points WHERE project = '{project}' AND key = 'only' "
            "GROUP BY run_id ORDER BY run_id"
        )
        assert [(row["run_id"], row["n"]) for row in counts] == [("child", 5), ("grandchild", 5), ("parent", 10)]
    lines = server.sql(f"SELECT text FROM console WHERE project = '{project}' AND run_id = 'child'")
    assert [line["text"] for line in lines] == ["child"]
    events = server.sql("SELECT body FROM events WHERE kind = 'Forked' ORDER BY lsn")
    assert [event["body"]["parent"] for event in events] == ["parent", "child"]
    # The parent's rows are the child's too, so its bytes stay until the child goes.
    assert server.wbq("delete", f"{project}/parent", "--yes").returncode == 0
    assert _steps(server, project, "child") == whole["child"]


def a_rewind_hides_what_came_behind_and_keeps_the_rest(server, trainer, project):
    training = trainer.run(
        server,
        PARENT
        + """
    run = wandb.init(id="parent", resume_from="parent?_step=3", config={"new": 2})
    note(step=run.starting_step, kept=run.config["kept"], name=run.name)
    run.log({"loss": 7.0})
    print("again")
    run.finish()
    """,
        project=project,
    )
    assert training.exit_code == 0, training.terminal
    assert training.complaints() == []
    assert training.journal() == [{"step": 4, "kept": 1, "name": "the parent"}]
    assert _steps(server, project, "parent") == [(step, 100.0 - step, step) for step in range(4)] + [(4, 7.0, None)]
    row = server.row(
        "SELECT generation, name, notes, tags, parent_run_id, fork_step, last_step, state, config.kept AS kept, "
        "config.new AS new, summary.loss AS loss, summary.only AS only, summary.note AS note, "
        f"summary.low.min AS low FROM runs WHERE project = '{project}'"
    )
    assert row == {
        "generation": 2, "name": "the parent", "notes": "kept", "tags": ["a"], "parent_run_id": "parent",
        "fork_step": 3, "last_step": 4, "state": "Finished", "kept": 1, "new": 2, "loss": 7.0, "only": 3,
        "note": "by hand", "low": 0.0,
    }  # fmt: skip
    lines = server.sql(f"SELECT text FROM console WHERE project = '{project}' ORDER BY line")
    assert [line["text"] for line in lines] == ["again"]
    # The former run is what it was, at the moment before.
    [event] = server.sql(f"SELECT lsn FROM events WHERE project = '{project}' AND kind = 'Rewound'")
    then = server.sql(
        f"SELECT count(*) AS n FROM history WHERE project = '{project}'", "--as-of", f"lsn:{event['lsn'] - 3}"
    )
    assert then == [{"n": 10}]


def going_on_from_a_run_that_is_not_there_is_an_error_that_names_it(server, trainer, project):
    training = trainer.run(
        server,
        """
        for how in ({"id": "b", "fork_from": "nobody?_step=4"}, {"id": "nobody", "resume_from": "nobody?_step=4"}):
            try:
                wandb.init(**how).finish()
                note(error="")
            except Exception as error:
                note(error=str(error))
        """,
        project=project,
    )
    for entry in training.journal():
        assert "nobody" in entry["error"], training.terminal
    assert server.sql(f"SELECT run_id FROM runs WHERE project = '{project}'") == []
