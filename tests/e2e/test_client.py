"""What the person at the trainer's terminal sees and may ask for: names, addresses, resuming."""

import json
import re

import pytest

pytestmark = pytest.mark.xdist_group("client")

PLAIN = """
    run = wandb.init(project="plain", config={"learning_rate": 0.01, "epochs": 5})
    for step in range(5):
        run.log({"loss": 1 / (step + 1), "accuracy": step / 5})
    run.summary["best"] = 0.875
    run.finish()
"""


@pytest.fixture(scope="module")
def plain(server, module_trainer):
    """One ordinary run, whose terminal and pages several tests look at."""
    training = module_trainer.run(server, PLAIN)
    assert training.exit_code == 0, training.terminal
    return training


@pytest.fixture
def plain_run(plain, server):
    return server.row("SELECT * FROM runs WHERE project = 'plain'")


def the_terminal_shows_the_usual_lines(plain, plain_run, server):
    here = re.escape(f"{server.url}/{server.admin}/plain")
    run = re.escape(f"{server.url}/{server.admin}/plain/runs/{plain_run['run_id']}")
    for line in (
        r"Syncing run [a-z]+-[a-z]+-1",
        rf"View project at:? {here}\s",
        rf"View run at {run}\s",
        r"Run history:",
        r"Run summary:",
        r"loss 0\.2",
        r"best 0\.875",
        rf"View run [a-z]+-[a-z]+-1 at: {run}\s",
        r"Synced \d+ W&B file\(s\), 0 media file\(s\), 0 artifact file\(s\) and 0 other file\(s\)",
        r"Find logs at: ",
    ):
        assert re.search(line, plain.terminal), f"no line like {line!r} in\n{plain.terminal}"
    assert plain_run["name"] in plain.terminal


def the_debug_logs_hold_no_retries_and_no_refused_calls(plain):
    assert plain.complaints() == []


def the_printed_addresses_answer_with_the_web_app(plain, plain_run, server):
    for kind in ("run", "project"):
        address = re.search(rf"View {kind} at (\S+)", plain.terminal)[1]
        # What the app shows there, and that it wants a key for it, the browser tests in ui/e2e look at.
        status, page = server.request(address, key="")
        assert (status, b'<div id="root">' in page) == (200, True), f"{address}: is the app built (make ui)?"
        assert plain_run["name"].encode() not in page


def a_name_ends_in_the_number_of_the_run_in_its_project(server, trainer, project):
    training = trainer.run(
        server,
        """
        for number in range(3):
            run = wandb.init()
            note(name=run.name)
            run.finish()
        """,
        project=project,
    )
    names = [entry["name"] for entry in training.journal()]
    for number, name in enumerate(names, start=1):
        assert re.fullmatch(rf"[a-z]+-[a-z]+-{number}", name), names
    rows = server.sql(f"SELECT name FROM runs WHERE project = '{project}' ORDER BY created_at")
    assert [row["name"] for row in rows] == names


def what_init_is_given_is_kept(server, trainer, project):
    training = trainer.run(
        server,
        """
        os.mkdir("elsewhere")
        wandb.init(
            id="my-own-id",
            name="grand experiment",
            notes="two lines\\nof notes",
            tags=["first", "päß"],
            group="trials",
            job_type="train",
            dir="elsewhere",
        ).finish()
        """,
        project=project,
    )
    assert training.exit_code == 0, training.terminal
    row = server.row(
        "SELECT run_id, name, notes, tags, group_name, job_type, state, author, entity "
        f"FROM runs WHERE project = '{project}'"
    )
    assert row == {
        "run_id": "my-own-id",
        "name": "grand experiment",
        "notes": "two lines\nof notes",
        "tags": ["first", "päß"],
        "group_name": "trials",
        "job_type": "train",
        "state": "Finished",
        "author": server.admin,
        "entity": server.admin,
    }
    assert list((training.folder / "elsewhere" / "wandb").glob("run-*-my-own-id"))


def what_the_script_changes_later_is_kept(server, trainer, project):
    trainer.run(
        server,
        """
        run = wandb.init(id="changing", name="before", tags=["a"], config={"lr": 0.1, "gone": 1})
        run.name = "after"
        run.notes = "written later"
        run.tags += ("b",)
        run.config.update({"lr": 0.2, "added": {"deep": True}}, allow_val_change=True)
        run.summary["score"] = 3
        run.summary["score"] = 4
        run.finish()
        """,
        project=project,
    )
    row = server.row(
        "SELECT name, notes, tags, config.lr AS lr, config.added.deep AS deep, summary.score AS score "
        f"FROM runs WHERE project = '{project}'"
    )
    assert row == {
        "name": "after",
        "notes": "written later",
        "tags": ["a", "b"],
        "lr": 0.2,
        "deep": True,
        "score": 4,
    }


def a_run_without_a_project_is_uncategorized(server, trainer):
    training = trainer.run(server, 'wandb.init(id="nowhere").finish()')
    assert training.exit_code == 0, training.terminal
    row = server.row("SELECT project, state FROM runs WHERE run_id = 'nowhere'")
    assert row == {"project": "uncategorized", "state": "Finished"}
    assert f"{server.url}/{server.admin}/uncategorized/runs/nowhere" in training.terminal


def names_with_spaces_and_umlauts_make_the_whole_way(server, trainer, project):
    name = f"größe und maß {project[-6:]}"
    training = trainer.run(
        server,
        f"""
        run = wandb.init(project={name!r}, id="läuft gut")
        run.log({{"loss": 0.5}})
        run.finish()
        """,
    )
    assert training.exit_code == 0, training.terminal
    row = server.row(f"SELECT run_id, state, summary.loss AS loss FROM runs WHERE project = '{name}'")
    assert row == {"run_id": "läuft gut", "state": "Finished", "loss": 0.5}
    status, _ = server.request(re.search(r"View run at (\S+)", training.terminal)[1])
    assert status == 200


def an_admin_makes_an_entity_by_naming_it(server, trainer, project):
    training = trainer.run(server, 'wandb.init(entity="new-team").finish()', project=project)
    assert training.exit_code == 0, training.terminal
    row = server.row(f"SELECT entity, state FROM runs WHERE project = '{project}'")
    assert row == {"entity": "new-team", "state": "Finished"}
    assert f"{server.url}/new-team/{project}" in training.terminal


def a_user_logs_into_an_entity_of_the_own_name_but_makes_no_other(server, trainer, project):
    added = server.wbq("user", "add", "bob")
    assert added.returncode == 0, added.stderr
    name, key = added.stdout.split()
    assert name == "bob"
    training = trainer.run(
        server,
        """
        wandb.init().finish()
        try:
            wandb.init(entity="not-bobs")
        except wandb.Error as error:
            note(refused=str(error))
        """,
        project=project,
        key=key,
    )
    rows = server.sql(f"SELECT entity, author FROM runs WHERE project = '{project}'")
    assert rows == [{"entity": "bob", "author": "bob"}], training.terminal
    [refusal] = training.journal()
    assert "not-bobs" in refusal["refused"]


AGAIN = """
    for losses in ([3.0, 2.0, 1.0], [30.0, 20.0]):
        run = wandb.init(id="again", config={"rows": len(losses)})
        for loss in losses:
            run.log({"loss": loss})
            print("loss", loss)
        run.finish()
"""


def the_same_id_again_begins_a_new_generation(server, trainer, project):
    training = trainer.run(server, AGAIN, project=project)
    assert training.exit_code == 0, training.terminal
    row = server.row(
        "SELECT run_id, generation, state, history_rows, config.rows AS rows, summary.loss AS loss "
        f"FROM runs WHERE project = '{project}'"
    )
    now = row.pop("generation")
    assert row == {"run_id": "again", "state": "Finished", "history_rows": 2, "rows": 2, "loss": 20.0}
    assert now > 0
    there = f"WHERE project = '{project}' AND run_id = 'again' AND generation = {now}"
    rows = server.sql(f"SELECT _step, loss FROM history {there} ORDER BY _step")
    assert rows == [{"_step": 0, "loss": 30.0}, {"_step": 1, "loss": 20.0}]
    lines = server.sql(f"SELECT text FROM console {there} ORDER BY line")
    assert [line["text"] for line in lines] == ["loss 30.0", "loss 20.0"]


def resuming_goes_on_where_the_run_stood(server, trainer, project):
    training = trainer.run(
        server,
        """
        run = wandb.init(id="longer", config={"kept": 1, "changed": 1}, tags=["x"], notes="n")
        for step in range(3):
            run.log({"loss": 10.0 - step})
        print("first part")
        run.finish()
        run = wandb.init(id="longer", resume="must", config={"changed": 2})
        note(step=run.starting_step, kept=run.config["kept"], name=run.name)
        run.log({"loss": 5.0})
        print("second part")
        run.finish()
        """,
        project=project,
    )
    assert training.exit_code == 0, training.terminal
    row = server.row(
        "SELECT name, state, tags, notes, history_rows, last_step, "
        f"config.kept AS kept, config.changed AS changed FROM runs WHERE project = '{project}'"
    )
    assert training.journal() == [{"step": 3, "kept": 1, "name": row.pop("name")}]
    assert row == {
        "state": "Finished",
        "tags": ["x"],
        "notes": "n",
        "history_rows": 4,
        "last_step": 3,
        "kept": 1,
        "changed": 2,
    }
    rows = server.sql(f"SELECT _step, loss FROM history WHERE project = '{project}' ORDER BY _step")
    assert [(r["_step"], r["loss"]) for r in rows] == [(0, 10.0), (1, 9.0), (2, 8.0), (3, 5.0)]
    lines = server.sql(f"SELECT text FROM console WHERE project = '{project}' ORDER BY line")
    assert [line["text"] for line in lines] == ["first part", "second part"]


def resume_must_allow_and_never_mean_what_they_say(server, trainer, project):
    training = trainer.run(
        server,
        """
        wandb.init(id="there").finish()
        for resume, id in (
            ("must", "absent"), ("allow", "new-by-allow"), ("never", "new-by-never"),
            ("allow", "there"), ("never", "there"),
        ):
            try:
                run = wandb.init(id=id, resume=resume)
                run.finish()
                note(ok=True, resumed=run.resumed)
            except wandb.errors.UsageError as error:
                note(ok=False, error=str(error))
        """,
        project=project,
    )
    must_absent, allow_new, never_new, allow_there, never_there = training.journal()
    assert not must_absent["ok"] and "absent" in must_absent["error"]
    assert allow_new == {"ok": True, "resumed": False}
    assert never_new == {"ok": True, "resumed": False}
    assert allow_there == {"ok": True, "resumed": True}
    assert not never_there["ok"] and "there" in never_there["error"]
    rows = server.sql(f"SELECT run_id FROM runs WHERE project = '{project}' ORDER BY run_id")
    assert [row["run_id"] for row in rows] == ["new-by-allow", "new-by-never", "there"]


def define_metric_reaches_the_summary(server, trainer, project):
    trainer.run(
        server,
        """
        run = wandb.init()
        run.define_metric("loss", summary="min")
        run.define_metric("acc", summary="max,mean")
        run.define_metric("hidden", summary="none")
        run.define_metric("val/*", step_metric="epoch")
        for step, loss in enumerate([3.0, 1.0, 2.0]):
            run.log({"loss": loss, "acc": loss, "hidden": loss, "val/f1": loss, "epoch": 10 * step})
        run.finish()
        """,
        project=project,
    )
    row = server.row(
        "SELECT summary.loss.min AS least, summary.acc.max AS most, summary.acc.mean AS mean, "
        f"summary.\"val/f1\" AS f1, summary FROM runs WHERE project = '{project}'"
    )
    summary = row.pop("summary")
    assert row == {"least": 1.0, "most": 3.0, "mean": 2.0, "f1": 2.0}
    assert "hidden" not in summary


def login_names_the_owner_of_the_key(server, trainer, project):
    """`wandb.login()` asks the server who the key belongs to."""
    training = trainer.run(server, "assert wandb.login()\nwandb.init().finish()", project=project)
    assert f"Currently logged in as: {server.admin}" in training.terminal
