"""Keys and the verbs that change runs."""

import json
import time

import pytest

WRONG_KEY = "0123456789" * 4


def a_wrong_key_ends_the_client_at_once_with_the_servers_words(server, trainer, project):
    status, body = server.request("/graphql", {"query": "query Viewer { viewer { id } }"}, key=WRONG_KEY)
    words = json.loads(body)["errors"][0]["message"]
    assert (status, bool(words)) == (401, True)
    began = time.monotonic()
    training = trainer.run(server, "wandb.init().finish()", project=project, key=WRONG_KEY)
    assert training.exit_code != 0
    assert words in training.terminal
    assert time.monotonic() - began < 20, "a refusal is not retried"
    assert server.sql(f"SELECT run_id FROM runs WHERE project = '{project}'") == []


@pytest.fixture
def finished(server, trainer, project):
    """A finished run, as `wbq` names it."""
    script = 'run = wandb.init(id="r1", tags=["old"])\nrun.log({"loss": 0.5})\nrun.finish()'
    training = trainer.run(server, script, project=project)
    assert training.exit_code == 0, training.terminal
    return f"{server.admin}/{project}/r1"


def show_tells_what_stands_in_the_run(server, finished):
    done = server.wbq("show", finished)
    assert done.returncode == 0, done.stderr
    for part in ("r1", "Finished", "loss", "0.5"):
        assert part in done.stdout


def edit_changes_what_people_may_change(server, finished, project):
    done = server.wbq(
        "edit", finished, "--name", "renamed", "--notes", "why", "--tag", "+new,-old",
        "--group", "g", "--config", "lr=0.5",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    row = server.row(
        "SELECT name, notes, tags, group_name, config.lr AS lr, summary.loss AS loss "
        f"FROM runs WHERE project = '{project}'"
    )
    assert row == {"name": "renamed", "notes": "why", "tags": ["new"], "group_name": "g", "lr": 0.5, "loss": 0.5}


def delete_takes_a_run_out_of_sight_but_not_away(server, finished, project):
    done = server.wbq("delete", finished, "--yes")
    assert done.returncode == 0, done.stderr
    statement = f"SELECT run_id FROM runs WHERE project = '{project}'"
    assert server.sql(statement) == []
    assert server.sql(statement, "--include-deleted") == [{"run_id": "r1"}]


def stopping_a_run_that_does_not_run_changes_nothing(server, finished, project):
    done = server.wbq("stop", finished)
    assert done.returncode == 0, done.stderr
    assert "r1" in done.stdout + done.stderr
    assert server.state(project, "r1") == "Finished"


def two_teams_log_side_by_side_and_see_nothing_of_each_other(server, trainer, project):
    keys = {}
    for name in ("lena", "mara"):
        keys[name] = server.wbq("user", "add", name).stdout.split()[1]
        for words in (("team", "add", f"team-{name}"), ("role", "grant", name, "writer", f"team-{name}")):
            done = server.wbq(*words)
            assert done.returncode == 0, done.stderr
    script = """
        name, other = os.environ["OWN"], os.environ["OTHER"]
        run = wandb.init(entity=f"team-{name}", id=f"of-{name}")
        run.log({f"loss-{name}": 0.5})
        run.alert(title=f"alert-{name}", text="look", level=wandb.AlertLevel.WARN)
        run.finish()
        project = run.project

        def refused(of):
            try:
                of()
            except Exception as failure:
                return str(failure)

        api = wandb.Api()
        note(
            own=[run.id for run in api.runs(f"team-{name}/{project}")],
            teams=api.viewer.teams,
            projects=[made.name for made in api.projects(f"team-{other}")],
            others=refused(lambda: [run.id for run in api.runs(f"team-{other}/{project}")]),
            run=refused(lambda: api.run(f"team-{other}/{project}/of-{other}")),
            log=refused(lambda: wandb.init(entity=f"team-{other}", id="intruder")),
        )
    """
    for own, other in (("lena", "mara"), ("mara", "lena")):
        training = trainer.run(
            server, script, project=project, key=keys[own], env={"OWN": own, "OTHER": other}
        )
        assert training.exit_code == 0, training.terminal
        [seen] = training.journal()
        assert (seen["own"], seen["teams"], seen["projects"]) == ([f"of-{own}"], [own, f"team-{own}"], [])
        assert "Could not find project" in seen["others"] and "Could not find run" in seen["run"]
        assert f"team-{other}" in seen["log"]
        status, body = server.request("/sql", {"sql": "SELECT * FROM runs"}, key=keys[own])
        assert (status, f"of-{other}".encode() in body) == (200, False)
        assert f"of-{own}".encode() in body
    kinds = server.sql(
        f"SELECT run_id, body FROM events WHERE kind = 'AlertRaised' AND project = '{project}' ORDER BY lsn"
    )
    assert [row["run_id"] for row in kinds] == ["of-lena", "of-mara"]
    assert kinds[0]["body"] == {"title": "alert-lena", "text": "look", "level": "warn"}


def people_are_managed_by_the_public_api(server, trainer, project):
    assert server.wbq("user", "add", "olga").returncode == 0
    script = """
        def refused(of):
            try:
                of()
            except Exception as failure:
                return str(failure)

        api = wandb.Api()
        team = api.create_team("crew")
        who = lambda: sorted((member.username, member.account_type) for member in api.team("crew").members)
        note(team=team.name, members=who(), again=sorted(member.username for member in api.create_team("crew").members))
        note(invited=[team.invite("olga"), team.invite("olga", admin=True), team.invite("nobody"), team.invite("o@x.y")],
             members=who())
        account = team.create_service_account("Nightly build, no. 1")
        note(account=account.username, key=account.api_key, shown=[m.api_key for m in api.team("crew").members],
             twin=team.create_service_account("Nightly build, no. 1").username, nowhere=api.team("crew").name)
        note(left=next(m for m in api.team("crew").members if m.username == "olga").delete(), members=who())

        user = wandb.Api().viewer
        key = user.generate_api_key("laptop")
        other = wandb.Api(api_key=key).viewer
        note(same=other.username, notes=[edge["node"]["description"] for edge in other._attrs["apiKeys"]["edges"]],
             secret=key in str(other._attrs), deleted=user.delete_api_key(key),
             after=refused(lambda: wandb.Api(api_key=key).viewer))
        made = api.create_user("vera@example.com")
        note(made=made.username, admin=made.admin, again=refused(lambda: api.create_user("vera@example.com")))
    """
    training = trainer.run(server, script, project=project)
    assert training.exit_code == 0, training.terminal
    team, invited, account, left, keys, made = training.journal()
    assert team == {"team": "crew", "members": [[server.admin, "admin"]], "again": [server.admin]}
    assert invited["invited"] == [True, False, False, False]
    assert invited["members"] == [[server.admin, "admin"], ["olga", "writer"]]
    assert (account["account"], account["twin"]) == ("nightly-build-no-1", "nightly-build-no-1-2")
    assert set(account["shown"]) == {None}, "the key is shown once"
    assert (left["left"], [name for name, _ in left["members"]]) == (
        True,
        [server.admin, "nightly-build-no-1", "nightly-build-no-1-2"],
    )
    assert (keys["same"], keys["secret"], keys["deleted"]) == (server.admin, False, True)
    assert "laptop" in keys["notes"] and "invalid API key" in keys["after"]
    assert (made["made"], made["admin"]) == ("vera", False) and "there is a user" in made["again"]
    script = """
        run = wandb.init(entity="crew", id="built")
        run.log({"loss": 0.5})
        run.finish()
        try:
            wandb.init(entity=os.environ["ADMIN"], id="intruder")
        except Exception as failure:
            note(refused=str(failure), seen=[run.id for run in wandb.Api().runs(f"crew/{run.project}")])
    """
    training = trainer.run(server, script, project=project, key=account["key"], env={"ADMIN": server.admin})
    assert training.exit_code == 0, training.terminal
    [seen] = training.journal()
    assert seen["seen"] == ["built"] and server.admin in seen["refused"]
    kinds = server.sql(
        "SELECT kind FROM events WHERE kind IN ('TeamAdded', 'RoleGranted', 'UserAdded') AND lsn > "
        "(SELECT max(lsn) FROM events WHERE kind = 'TeamAdded') ORDER BY lsn"
    )
    assert [row["kind"] for row in kinds] == [
        "RoleGranted", "RoleGranted", "UserAdded", "RoleGranted", "UserAdded", "RoleGranted", "RoleGranted", "UserAdded",
    ]  # fmt: skip


def nobody_but_admins_manages_people_by_the_public_api(server, trainer, project):
    key = server.wbq("user", "add", "tom").stdout.split()[1]
    assert server.wbq("team", "add", "closed").returncode == 0
    script = """
        api = wandb.Api()
        team = api.team("closed")
        note(members=[member.name for member in team.members], invited=team.invite("tom"), account=team.create_service_account("x"),
             others=[[user.username, user.api_keys, user.teams] for user in api.users("") if user.username != "tom"])
        try:
            api.create_user("tim")
        except Exception as failure:
            note(refused=str(failure))
        try:
            note(team=api.create_team("mine").name)
        except Exception as failure:
            note(no_team=type(failure).__name__)
    """
    training = trainer.run(server, script, project=project, key=key)
    assert training.exit_code == 0, training.terminal
    closed, refused, no_team = training.journal()
    assert (closed["members"], closed["invited"], closed["account"]) == ([], False, None)
    assert all(others == [others[0], [], [others[0]]] for others in closed["others"]) and closed["others"]
    assert "only an admin may do this" in refused["refused"]
    assert "no_team" in no_team
    assert server.sql("SELECT lsn FROM events WHERE kind = 'TeamAdded' AND body LIKE '%mine%'") == []


def an_unknown_run_is_an_error_that_names_it(server):
    done = server.wbq("show", "no-such-run")
    assert (done.returncode, done.stdout) == (1, "")
    assert "no-such-run" in done.stderr
