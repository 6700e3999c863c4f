"""How a training ends is what its run's state says: each with the evidence that was there."""

import os
import pty
import select
import signal
import time

from waiting import until

RUN = "r1"

LOOP = """
    run = wandb.init(id="r1")
    step = 0
    while not os.path.exists("enough"):
        run.log({"loss": 1 / (step + 1)})
        print("step", step)
        step += 1
        time.sleep(0.2)
"""


def _start(trainer, server, project, script=LOOP, env=None):
    """Starts a training and waits until the server has seen rows of it."""
    training = trainer.start(server, script, project=project, env=env)
    training.says("step 1")
    seen = f"SELECT _step FROM history WHERE project = '{project}'"
    until(lambda: server.sql(seen), "rows of the run")
    return training


def _ends_as(server, project, state, exit_code, seconds=30):
    until(lambda: server.state(project, RUN) == state, f"state {state}", seconds)
    row = server.row(f"SELECT exit_code, state_reason FROM runs WHERE project = '{project}'")
    assert row["exit_code"] == exit_code
    assert row["state_reason"], "a state names its reason"
    events = server.sql(
        "SELECT cause, body FROM events "
        f"WHERE project = '{project}' AND kind = 'StateChanged' ORDER BY lsn"
    )
    assert events, "a transition is an event"
    assert state.lower() in str(events[-1]["body"]).lower(), events
    return row["state_reason"]


def a_run_that_logs_is_running(server, trainer, project):
    training = _start(trainer, server, project)
    assert server.state(project, RUN) == "Running"
    assert server.row(f"SELECT finished_at FROM runs WHERE project = '{project}'")["finished_at"] is None
    (training.folder / "enough").touch()
    training.wait()
    assert server.state(project, RUN) == "Finished"


def an_exit_code_of_zero_is_finished(server, trainer, project):
    training = trainer.run(server, f'wandb.init(id="{RUN}").log({{"loss": 1}})', project=project)
    assert training.exit_code == 0, training.terminal
    _ends_as(server, project, "Finished", 0)


def an_uncaught_exception_is_failed(server, trainer, project):
    script = f'run = wandb.init(id="{RUN}")\nrun.log({{"loss": 1}})\nraise ValueError("out of ideas")'
    training = trainer.run(server, script, project=project)
    assert training.exit_code == 1, training.terminal
    _ends_as(server, project, "Failed", 1)
    lines = server.sql(f"SELECT text FROM console WHERE project = '{project}' AND stream = 'stderr'")
    assert "ValueError: out of ideas" in [line["text"] for line in lines]


def sys_exit_with_three_is_failed_with_three(server, trainer, project):
    script = f'wandb.init(id="{RUN}").log({{"loss": 1}})\nsys.exit(3)'
    training = trainer.run(server, script, project=project)
    assert training.exit_code == 3, training.terminal
    _ends_as(server, project, "Failed", 3)


def finish_with_seven_is_failed_with_seven(server, trainer, project):
    trainer.run(server, f'wandb.init(id="{RUN}").finish(exit_code=7)', project=project)
    _ends_as(server, project, "Failed", 7)


def ctrl_c_is_killed(server, trainer, project):
    training = _start(trainer, server, project)
    training.send(signal.SIGINT)
    training.wait()
    assert "KeyboardInterrupt" in training.terminal
    _ends_as(server, project, "Killed", 255)


def ctrl_c_inside_a_with_block_is_killed(server, trainer, project):
    """There the client reports exit code 1, as for any exception; the console names the interrupt."""
    script = """
        with wandb.init(id="r1") as run:
            for step in range(1000):
                run.log({"loss": step})
                print("step", step)
                time.sleep(0.2)
    """
    training = _start(trainer, server, project, script)
    training.send(signal.SIGINT)
    training.wait()
    _ends_as(server, project, "Killed", 1)


def ctrl_d_in_an_interactive_python_is_killed(server, trainer, project, client_python, tmp_path):
    """There the client reports exit code 0; what tells is a session without a script or a `finish`."""
    code = _type_into_python(
        client_python,
        trainer.environment(server, tmp_path, project),
        tmp_path,
        "import wandb",
        f"run = wandb.init(id='{RUN}')",
        "run.log({'loss': 1})",
    )
    assert code == 0
    _ends_as(server, project, "Killed", 0)


def finish_in_an_interactive_python_is_finished(server, trainer, project, client_python, tmp_path):
    code = _type_into_python(
        client_python,
        trainer.environment(server, tmp_path, project),
        tmp_path,
        "import wandb",
        f"run = wandb.init(id='{RUN}')",
        "run.log({'loss': 1})",
        "run.finish()",
    )
    assert code == 0
    _ends_as(server, project, "Finished", 0)


def a_stop_asked_from_the_server_is_killed(server, trainer, project):
    """The client looks for the request every 15 s and then interrupts its script."""
    training = _start(trainer, server, project)
    asked = server.wbq("stop", f"{server.admin}/{project}/{RUN}")
    assert asked.returncode == 0, asked.stderr
    training.wait(60)
    assert "KeyboardInterrupt" in training.terminal
    _ends_as(server, project, "Killed", 255)


def a_stopped_run_started_again_is_not_stopped_again(server, trainer, project):
    training = _start(trainer, server, project)
    server.wbq("stop", f"{server.admin}/{project}/{RUN}")
    training.wait(60)
    until(lambda: server.state(project, RUN) == "Killed", "state Killed")
    again = """
        run = wandb.init(id="r1", resume="must")
        until = time.monotonic() + 18
        while time.monotonic() < until:
            run.log({"loss": 2})
            time.sleep(0.5)
    """
    training = trainer.run(server, again, project=project)
    assert training.exit_code == 0, training.terminal
    assert server.state(project, RUN) == "Finished"


def a_trainer_that_vanishes_is_crashed(impatient_server, trainer, project):
    training = _start(trainer, impatient_server, project)
    training.send(signal.SIGKILL)
    training.wait()
    _ends_as(impatient_server, project, "Crashed", None)


def a_crashed_run_that_is_resumed_runs_again(impatient_server, trainer, project):
    training = _start(trainer, impatient_server, project)
    training.send(signal.SIGKILL)
    training.wait()
    until(lambda: impatient_server.state(project, RUN) == "Crashed", "state Crashed")
    training = trainer.start(impatient_server, LOOP.replace('"r1"', '"r1", resume="must"'), project=project)
    until(lambda: impatient_server.state(project, RUN) == "Running", "state Running")
    (training.folder / "enough").touch()
    training.wait()
    _ends_as(impatient_server, project, "Finished", 0)


def a_silent_run_is_crashed_and_running_again_when_it_speaks(impatient_server, trainer, project):
    training = _start(trainer, impatient_server, project)
    training.send(signal.SIGSTOP)
    until(lambda: impatient_server.state(project, RUN) == "Crashed", "state Crashed")
    training.send(signal.SIGCONT)
    until(lambda: impatient_server.state(project, RUN) == "Running", "state Running")
    (training.folder / "enough").touch()
    assert training.wait() == 0
    _ends_as(impatient_server, project, "Finished", 0)


def time_without_the_server_crashes_nobody(serve, trainer, project):
    """The clock of silence counts only while the server is up."""
    own_server = serve("--crash-after", "6s")
    impatient = {f"WANDB_X_FILE_STREAM_RETRY_WAIT_{bound}_SECONDS": "1" for bound in ("MIN", "MAX")}
    training = _start(trainer, own_server, project, env=impatient)
    own_server.kill9()
    silent_until = time.monotonic() + 8
    until(lambda: time.monotonic() > silent_until, "more than the grace time", 20)
    own_server.restart()
    assert own_server.state(project, RUN) == "Running"
    (training.folder / "enough").touch()
    training.wait()
    until(lambda: own_server.state(project, RUN) == "Finished", "state Finished", 60)
    kinds = own_server.sql(f"SELECT body FROM events WHERE project = '{project}' AND kind = 'StateChanged'")
    assert not any("crashed" in str(kind["body"]).lower() for kind in kinds), kinds


def _type_into_python(python, environment, folder, *lines):
    """Types `lines` into an interactive Python at a terminal, then Ctrl+D; returns its exit code."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        os.execve(python, [str(python), "-q"], {**environment, "TERM": "dumb"})
    shown = b""

    def _prompted():
        nonlocal shown
        if select.select([terminal], [], [], 0)[0]:
            shown += os.read(terminal, 65536)
        return shown.endswith(b">>> ")

    try:
        for line in [*lines, None]:
            until(_prompted, "a prompt", 60)
            shown = b""
            os.write(terminal, b"\x04" if line is None else line.encode() + b"\n")
        return os.waitstatus_to_exitcode(until(lambda: _ended(child, terminal), "the end of Python", 60)[1])
    finally:
        os.close(terminal)


def _ended(child, terminal):
    """Keeps reading, so that the child never waits for a full terminal."""
    if select.select([terminal], [], [], 0)[0]:
        try:
            os.read(terminal, 65536)
        except OSError:
            pass  # the other side is closed: it ends now
    pid, status = os.waitpid(child, os.WNOHANG)
    return (pid, status) if pid else None
