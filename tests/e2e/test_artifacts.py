"""Artifacts under the real client: what is logged reads back equal, as versions, by alias, in other runs."""

import base64
import json

from waiting import until

LOG_TABLES = """
    import numpy as np

    def table(rows, **how):
        return wandb.Table(columns=["n", "x", "text", "odd"], data=rows, **how)

    rows = [[1, 0.5, "one", None], [2, -1e300, "zwei ✓", [1, 2]], [2**53 + 1, 0.1, "", [3, 4]]]
    run = wandb.init(id="tables")
    run.log({"plain": table(rows)})
    pictures = wandb.Table(columns=["image"], data=[[wandb.Image(np.full((3, 4, 3), 7, dtype=np.uint8))]])
    run.log({"pictures": pictures})
    mutable = table([], log_mode="MUTABLE")
    for row in rows:
        mutable.add_data(*row)
        run.log({"mutable": mutable})
    growing = table([], log_mode="INCREMENTAL")
    for row in rows:
        growing.add_data(*row)
        run.log({"growing": growing})
    run.finish()
    note(rows=rows)
"""

READ_TABLES = """
    api = wandb.Api()
    for key in ("plain", "mutable", "incr-growing"):
        artifact = api.artifact(f"run-tables-{key}:latest")
        # Each increment has an entry of its own.
        entries = sorted(artifact.manifest.entries)
        found = artifact.get(entries[-1].removesuffix(".table.json"))
        note(key=key, entries=len(entries), version=artifact.version, columns=found.columns, data=found.data, type=artifact.type)
    image = api.artifact("run-tables-pictures:v0").get("pictures").data[0][0]
    note(shape=list(image.image.size))
    run = api.run("tables")
    note(logged=sorted({artifact.name.split(":")[0] for artifact in run.logged_artifacts()}),
         kinds=sorted({value["_type"] for key, value in run.summary.items() if key[0] != "_"}))
"""


def tables_of_every_log_mode_read_back_equal(server, trainer, project):
    logged = trainer.run(server, LOG_TABLES, project=project)
    assert logged.exit_code == 0, logged.terminal
    assert logged.complaints() == []
    rows = logged.journal()[0]["rows"]
    read = trainer.run(server, READ_TABLES, project=project, env={"WANDB_ENTITY": server.admin})
    assert read.exit_code == 0, read.terminal
    *tables, picture, last = read.journal()
    assert [table["entries"] for table in tables] == [1, 1, 3]
    for table in tables:
        assert table["columns"] == ["n", "x", "text", "odd"]
        assert table["data"] == rows, table["key"]
    assert [table["version"] for table in tables] == ["v0", "v2", "v2"], tables
    assert [table["type"] for table in tables] == ["run_table", "run_table", "wandb-run-incremental-table"]
    assert picture["shape"] == [4, 3]
    assert len(last["logged"]) == 4, last
    assert last["kinds"] == ["incremental-table-file", "table-file"]


LOG_CODE = """
    os.makedirs("src/deep")
    for name in ("src/model.py", "src/deep/part.py", "src/notes.txt"):
        with open(name, "w") as file:
            file.write(f"# {name}\\n")
    run = wandb.init(id=sys.argv[1], settings=wandb.Settings(save_code=True))
    logged = run.log_code("src", name="own-code")
    logged.wait()
    note(name=logged.name, files=sorted(logged.manifest.entries))
    run.finish()
"""


def code_is_an_artifact_and_the_same_code_is_the_same_version(server, trainer, project):
    for run in ("first", "second"):
        training = trainer.run(server, LOG_CODE, project=project, command=[trainer.python, "train.py", run])
        assert training.exit_code == 0, training.terminal
        assert training.journal() == [{"name": "own-code:v0", "files": ["deep/part.py", "model.py"]}]
    script = """
        run = wandb.Api().run("second")
        note(logged={artifact.name: artifact.type for artifact in run.logged_artifacts()})
        note(by=wandb.Api().artifact("own-code:latest").logged_by().id)
    """
    read = trainer.run(server, script, project=project, env={"WANDB_ENTITY": server.admin})
    assert read.exit_code == 0, read.terminal
    logged, by = read.journal()
    assert logged["logged"]["own-code:v0"] == "code"
    assert by["by"] == "first"


LOG = """
    os.makedirs("data/sub")
    with open("data/a.bin", "wb") as file:
        file.write(bytes(range(256)) * 4096)
    with open("data/sub/päth #1.txt", "w") as file:
        file.write("ünïcödé ✓")
    open("data/empty", "w").close()
    with open("single.txt", "w") as file:
        file.write(sys.argv[1])
    run = wandb.init(id=sys.argv[2])
    artifact = wandb.Artifact("set", "dataset", description="said", metadata={"k": [1, 2], "nan": float("nan")})
    artifact.add_dir("data")
    artifact.add_file("single.txt", name="renamed.txt")
    artifact.add_reference("file://" + os.path.abspath("single.txt"), name="elsewhere.txt")
    logged = run.log_artifact(artifact, aliases=["best"], tags=["tagged"])
    logged.wait()
    note(version=logged.version, digest=logged.digest, id=logged.id)
    run.finish()
"""

USE = """
    run = wandb.init(id="user")
    used = run.use_artifact("set:latest")
    note(version=used.version, aliases=sorted(used.aliases), tags=used.tags, description=used.description,
         metadata={"k": used.metadata["k"]}, size=used.size, count=used.file_count)
    folder = used.download()
    files = {}
    for root, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(root, name)
            with open(path, "rb") as file:
                files[os.path.relpath(path, folder)] = base64.b64encode(file.read()).decode()
    note(files=files)
    used.verify()
    run.finish()
    api = wandb.Api()
    note(used=[artifact.name for artifact in api.run("user").used_artifacts()],
         by=[run.id for run in api.artifact("set:v1").used_by()],
         versions=[artifact.name for artifact in api.artifacts("dataset", "set")],
         types=sorted(kind.name for kind in api.artifact_types()),
         collections=[found.name for found in api.artifact_type("dataset").collections()],
         exists=[api.artifact_exists("set:v1"), api.artifact_exists("set:v9")],
         first=open(api.artifact("set:v0").get_entry("renamed.txt").download()).read(),
         paths=sorted(file.name for file in api.artifact("set:v0").files()))
"""


def files_and_folders_are_versions_that_other_runs_use(server, trainer, project):
    def log(content, run):
        command = [trainer.python, "train.py", content, run]
        training = trainer.run(server, LOG, project=project, command=command)
        assert training.exit_code == 0, training.terminal
        assert training.complaints() == []
        return training.journal()[0]

    first, second, third = log("one", "r1"), log("two", "r2"), log("two", "r3")
    assert [first["version"], second["version"]] == ["v0", "v1"]
    names = server.sql(f"SELECT kind, count(*) AS n FROM events WHERE project = '{project}' AND kind LIKE 'A%' GROUP BY kind")
    counts = {row["kind"]: row["n"] for row in names}
    # A reference holds where the file was, so the third log is the second's content only but for that.
    assert third["version"] == ("v1" if third["digest"] == second["digest"] else "v2")
    assert counts["ArtifactCreated"] == 3
    # Of the second version one content is new, of the third none.
    assert counts["ArtifactFilePut"] == 5, counts
    used = trainer.run(server, "import base64\n" + USE_SCRIPT, project=project, env={"WANDB_ENTITY": server.admin})
    assert used.exit_code == 0, used.terminal
    told, files, last = used.journal()
    assert (told["version"], told["description"], told["metadata"]) == (third["version"], "said", {"k": [1, 2]})
    assert told["aliases"] == ["best", "latest"] and told["tags"] == ["tagged"]
    contents = {name: base64.b64decode(content) for name, content in files["files"].items()}
    assert contents == {
        "a.bin": bytes(range(256)) * 4096,
        "sub/päth #1.txt": "ünïcödé ✓".encode(),
        "empty": b"",
        "renamed.txt": b"two",
        "elsewhere.txt": b"two",
    }
    assert (told["count"], told["size"]) == (5, 256 * 4096 + len(contents["sub/päth #1.txt"]) + 6)
    assert last["used"] == [f"set:{third['version']}"] and last["versions"][-1] == "set:v0"
    assert (last["types"], last["collections"]) == (["dataset"], ["set"])
    assert (last["exists"], last["first"]) == ([True, False], "one")
    assert last["paths"] == sorted(contents)


USE_SCRIPT = "\n".join(line.removeprefix("    ") for line in USE.splitlines())


def an_artifact_is_there_after_kill_9_and_a_restart(serve, trainer, project):
    server = serve()
    script = """
        run = wandb.init(id="r")
        with open("f.txt", "w") as file:
            file.write("kept")
        for number in range(2):
            artifact = wandb.Artifact("kept", "dataset", metadata={"number": number})
            artifact.add_file("f.txt", name=f"f{number}.txt")
            run.log_artifact(artifact).wait()
        print("committed", flush=True)
        while not os.path.exists("go on"):
            time.sleep(0.1)
        artifact = run.use_artifact("kept:v0")
        note(content=open(artifact.get_entry("f0.txt").download()).read(), metadata=artifact.metadata)
        run.log_artifact(wandb.Artifact("later", "dataset")).wait()
        run.finish()
    """
    training = trainer.start(server, script, project=project)
    training.says("committed")
    server.kill9()
    server.restart()
    (training.folder / "go on").touch()
    assert training.wait() == 0, training.terminal
    assert training.journal() == [{"content": "kept", "metadata": {"number": 0}}]
    server.stop()
    server.restart()
    read = """
        api = wandb.Api()
        note(latest=api.artifact("kept:latest").version, later=api.artifact("later:v0").state,
             content=open(api.artifact("kept:v1").get_entry("f1.txt").download()).read(),
             used=[artifact.name for artifact in api.run("r").used_artifacts()])
    """
    again = trainer.run(server, read, project=project, env={"WANDB_ENTITY": server.admin})
    assert again.exit_code == 0, again.terminal
    assert again.journal() == [{"latest": "v1", "later": "COMMITTED", "content": "kept", "used": ["kept:v0"]}]


def aliases_and_what_is_said_are_changed_and_the_rest_is_refused_by_name(server, trainer, project):
    script = """
        run = wandb.init(id="r")
        run.log_artifact(wandb.Artifact("ds", "dataset")).wait()
        run.finish()
        api = wandb.Api()
        artifact = api.artifact("ds:v0")
        artifact.description, artifact.tags = "new", ["a", "b"]
        artifact.metadata["z"] = 2
        artifact.aliases.append("best")
        artifact.save()
        found = wandb.Api().artifact("ds:best")
        note(said=found.description, tags=sorted(found.tags), metadata=found.metadata, aliases=sorted(found.aliases))
        found.aliases.remove("best")
        found.save()
        note(gone=not wandb.Api().artifact_exists("ds:best"))
        for act in (lambda: found.link("portfolio"), lambda: found.delete(), lambda: api.artifact("ds:v9")):
            try:
                act()
                note(refused=None)
            except Exception as refusal:
                note(refused=str(refusal))
    """
    done = trainer.run(server, script, project=project, env={"WANDB_ENTITY": server.admin})
    assert done.exit_code == 0, done.terminal
    said, gone, link, delete, missing = done.journal()
    assert said == {"said": "new", "tags": ["a", "b"], "metadata": {"z": 2}, "aliases": ["best", "latest"]}
    assert gone == {"gone": True}
    assert "portfolios" in link["refused"] and "deletions" in delete["refused"], done.journal()
    assert "ds:v9" in missing["refused"], missing


def an_offline_run_with_a_table_and_an_artifact_is_synced_once_and_again(server, trainer, project):
    script = """
        run = wandb.init(id="off", mode="offline")
        with open("f.txt", "w") as file:
            file.write("from afar")
        artifact = wandb.Artifact("offline", "dataset")
        artifact.add_file("f.txt")
        run.log_artifact(artifact)
        run.log({"t": wandb.Table(columns=["a"], data=[[1], [2]])})
        run.finish()
        import glob, subprocess
        folder, = glob.glob("wandb/offline-run-*")
        for _ in range(2):
            for mark in glob.glob(folder + "/*.synced"):
                os.remove(mark)
            subprocess.run([sys.executable, "-m", "wandb", "sync", "--include-synced", folder], check=True)
        api = wandb.Api()
        note(content=open(api.artifact("offline:latest").get_entry("f.txt").download()).read(),
             versions=[artifact.name for artifact in api.artifacts("dataset", "offline")],
             data=api.artifact("run-off-t:latest").get("t").data)
    """
    done = trainer.run(server, script, project=project, env={"WANDB_ENTITY": server.admin})
    assert done.exit_code == 0, done.terminal
    assert done.journal() == [{"content": "from afar", "versions": ["offline:v0"], "data": [[1], [2]]}]


def the_older_client_logs_uses_and_reads_artifacts_too(server, old_trainer, project):
    script = """
        run = wandb.init(id="r")
        with open("f.txt", "w") as file:
            file.write("old")
        artifact = wandb.Artifact("old", "dataset", metadata={"k": 1})
        artifact.add_file("f.txt")
        run.log_artifact(artifact).wait()
        run.log({"t": wandb.Table(columns=["a"], data=[[1], [2]])})
        run.finish()
        run = wandb.init(id="user")
        used = run.use_artifact("old:latest")
        note(content=open(used.get_entry("f.txt").download()).read(), metadata=used.metadata, version=used.version)
        run.finish()
        api = wandb.Api()
        note(used=[artifact.name for artifact in api.run("user").used_artifacts()],
             logged=sorted(artifact.type for artifact in api.run("r").logged_artifacts()),
             data=api.artifact("run-r-t:latest").get("t").data)
    """
    done = old_trainer.run(server, script, project=project, env={"WANDB_ENTITY": server.admin})
    assert done.exit_code == 0, done.terminal
    first, second = done.journal()
    assert first == {"content": "old", "metadata": {"k": 1}, "version": "v0"}
    assert second == {"used": ["old:v0"], "logged": ["dataset", "run_table"], "data": [[1], [2]]}


def another_team_neither_sees_nor_fetches_an_artifact(server, trainer, project):
    key = server.wbq("user", "add", "mallory").stdout.split()[1]
    script = """
        run = wandb.init(id="r")
        with open("f.txt", "w") as file:
            file.write("secret")
        artifact = wandb.Artifact("own", "dataset")
        artifact.add_file("f.txt")
        run.log_artifact(artifact).wait()
        run.finish()
    """
    logged = trainer.run(server, script, project=project)
    assert logged.exit_code == 0, logged.terminal
    read = f"""
        try:
            note(found=wandb.Api().artifact("{server.admin}/{project}/own:latest").name)
        except Exception as refusal:
            note(refused=str(refusal))
    """
    asked = trainer.run(server, read, key=key)
    assert asked.exit_code == 0, asked.terminal
    assert "refused" in asked.journal()[0], asked.journal()
    query = json.dumps(f'{{ project(name: "{project}", entityName: "{server.admin}") {{ artifact(name: "own:v0") {{ id }} }} }}')
    status, body = server.request("/graphql", {"query": json.loads(query)}, key=key)
    assert (status, json.loads(body)) == (200, {"data": {"project": None}})
    until(lambda: server.request("/graphql", {"query": json.loads(query)})[0] == 200, "the owner's answer")
