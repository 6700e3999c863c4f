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
