"""A client about a year old works as well."""


def a_run_of_the_old_client_reads_back(server, old_trainer, project):
    training = old_trainer.run(
        server,
        """
        run = wandb.init(id="old", config={"lr": 0.1})
        for step in range(5):
            run.log({"loss": 1 / (step + 1), "odd": float("nan")})
            print("step", step)
        run.finish()
        note(version=wandb.__version__)
        """,
        project=project,
    )
    assert training.exit_code == 0, training.terminal
    assert training.complaints() == []
    for line in ("Syncing run", "View run at", "Run summary:", "Synced"):
        assert line in training.terminal
    row = server.row(
        "SELECT state, client_version, history_rows, config.lr AS lr, summary.loss AS loss "
        f"FROM runs WHERE project = '{project}'"
    )
    [entry] = training.journal()
    assert row == {
        "state": "Finished",
        "client_version": entry["version"],
        "history_rows": 5,
        "lr": 0.1,
        "loss": 0.2,
    }
    rows = server.sql(f"SELECT _step, loss, odd FROM history WHERE project = '{project}' ORDER BY _step")
    assert rows == [{"_step": step, "loss": 1 / (step + 1), "odd": "NaN"} for step in range(5)]
    lines = server.sql(f"SELECT text FROM console WHERE project = '{project}' ORDER BY line")
    assert [line["text"] for line in lines] == [f"step {step}" for step in range(5)]


def a_run_of_the_old_client_is_resumed(server, old_trainer, project):
    script = """
        run = wandb.init(id="again", resume="allow", config={f"from_{os.environ['PART']}": 1})
        note(step=run.step, resumed=run.resumed)
        for _ in range(3):
            run.log({"loss": 0.5})
        print("part", os.environ["PART"])
        run.summary["best"] = os.environ["PART"]
        run.finish()
    """
    for part, seen in (("one", {"step": 0, "resumed": False}), ("two", {"step": 3, "resumed": True})):
        training = old_trainer.run(server, script, project=project, env={"PART": part})
        assert training.exit_code == 0, training.terminal
        assert training.journal() == [seen]
        assert training.complaints() == []
    row = server.row(
        "SELECT state, history_rows, config.from_one AS one, config.from_two AS two, summary.best AS best "
        f"FROM runs WHERE project = '{project}'"
    )
    assert row == {"state": "Finished", "history_rows": 6, "one": 1, "two": 1, "best": "two"}
    steps = server.sql(f"SELECT _step FROM history WHERE project = '{project}' ORDER BY _step")
    assert [row["_step"] for row in steps] == list(range(6))
    lines = server.sql(f"SELECT text FROM console WHERE project = '{project}' ORDER BY line")
    assert [line["text"] for line in lines] == ["part two"], "this client numbers its lines from 0 again"
    written = server.sql(f"SELECT lsn FROM events WHERE project = '{project}' AND kind = 'ConsoleWritten'")
    assert len(written) == 2, "what was written over is in the events"
    training = old_trainer.run(server, 'wandb.init(id="nobody", resume="must")', project=project)
    assert training.exit_code != 0 and "must" in training.terminal


def files_of_the_old_client_come_back_as_they_were(server, old_trainer, project):
    script = """
        with open("weights é.bin", "wb") as file:
            file.write(bytes(range(256)) * 1000)
        run = wandb.init(id="files")
        run.save("weights é.bin")
        run.log({"page": wandb.Html("<b>bold</b>")})
        run.finish()
        kept = wandb.Api().run(run.path)
        names = sorted(file.name for file in kept.files())
        with kept.file("weights é.bin").download(root="down", replace=True) as file:
            path = file.name
        with open(path, "rb") as file:
            same = file.read() == bytes(range(256)) * 1000
        kept.file("weights é.bin").delete()
        note(same=same, names=names, left=[file.name for file in kept.files() if "weights" in file.name])
    """
    training = old_trainer.run(server, script, project=project)
    assert training.exit_code == 0, training.terminal
    [seen] = training.journal()
    assert (seen["same"], seen["left"]) == (True, [])
    assert {"weights é.bin", "config.yaml", "wandb-metadata.json", "wandb-summary.json"} <= set(seen["names"])
    assert any(name.startswith("media/html/page_") for name in seen["names"])


def the_public_api_of_the_old_client_lists_reads_changes_and_deletes(server, old_trainer, project):
    script = """
        for number in range(3):
            run = wandb.init(id=f"r{number}", name=f"name-{number}", tags=["t"], config={"lr": number})
            for step in range(5):
                run.log({"loss": number + step})
            run.finish()
        api, path = wandb.Api(), os.environ["WANDB_PROJECT"]
        listed = [run.id for run in api.runs(path, order="-config.lr.value", filters={"config.lr": {"$gt": 0}})]
        run = api.run(f"{path}/r1")
        note(listed=listed, config=run.config, summary=run.summary["loss"], name=run.name, tags=run.tags, state=run.state,
             history=[row["loss"] for row in run.history(pandas=False)],
             scan=[row["loss"] for row in run.scan_history(keys=["loss"])], last=run.lastHistoryStep)
        run.config["lr"], run.name, run.notes = 9, "renamed", "why"
        run.summary["best"] = 1
        run.update()
        run.summary.update()
        again = wandb.Api().run(f"{path}/r1")
        again_told = dict(config=again.config, name=again.name, notes=again.notes, best=again.summary["best"])
        wandb.Api().run(f"{path}/r2").delete()
        note(**again_told, left=[run.id for run in wandb.Api().runs(path)],
             projects=path in [project.name for project in wandb.Api().projects()], viewer=api.viewer.username)
    """
    training = old_trainer.run(server, script, project=project)
    assert training.exit_code == 0, training.terminal
    first, then = training.journal()
    assert first == {
        "listed": ["r2", "r1"],
        "config": {"lr": 1},
        "summary": 5,
        "name": "name-1",
        "tags": ["t"],
        "state": "finished",
        "history": [1, 2, 3, 4, 5],
        "scan": [1, 2, 3, 4, 5],
        "last": 4,
    }
    assert then == {
        "config": {"lr": 9},
        "name": "renamed",
        "notes": "why",
        "best": 1,
        "left": ["r0", "r1"],
        "projects": True,
        "viewer": server.admin,
    }
