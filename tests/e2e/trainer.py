"""A training script under the real client, in a process of its own."""

import json
import re
import signal
import subprocess
import textwrap
from pathlib import Path

from server import clean_environment
from waiting import until

# The client cuts this setting to whole seconds, so 1 is the shortest; 0 means its default of 15.
TRANSMIT_SECONDS = "1"
# What the client itself logs above INFO in a healthy run outside a git checkout.
EXPECTED_NOISE = ("git repo not found", "server does not expand metric globs")


class Training:
    """One started script: its process, its terminal, its debug logs."""

    def __init__(self, process, folder):
        self.process = process
        self.folder = folder

    @property
    def terminal(self):
        """All that stdout and stderr showed so far."""
        return (self.folder / "terminal.txt").read_text(errors="replace")

    @property
    def exit_code(self):
        return self.process.returncode

    def says(self, text, seconds=60):
        """Waits until the terminal shows `text`."""
        until(lambda: text in self.terminal or self._over(text), f"{text!r} in the terminal", seconds)

    def _over(self, text):
        if self.process.poll() is not None and text not in self.terminal:
            raise AssertionError(f"ended with {self.exit_code} without {text!r}\n{self.terminal}")

    def send(self, number):
        self.process.send_signal(number)

    def wait(self, seconds=120):
        """Waits for the end and returns the exit code."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still runs after {seconds} s\n{self.terminal}") from None

    def journal(self):
        """What the script wrote with `note(...)`, in order."""
        lines = (self.folder / "journal.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]

    def complaints(self):
        """Lines of the client's debug logs that speak of retries, refused calls or errors."""
        found = []
        for path in sorted(self.folder.glob("wandb/run-*/logs/*.log")):
            for line in path.read_text(errors="replace").splitlines():
                if _complains(line) and not any(noise in line for noise in EXPECTED_NOISE):
                    found.append(f"{path.name}: {line}")
        return found


def _complains(line):
    if line.startswith("{"):
        record = json.loads(line)
        return record["level"] in ("WARN", "ERROR") or "retrying" in record["msg"]
    return re.search(r" (WARNING|ERROR|CRITICAL) |Traceback|retrying", line) is not None


class Trainer:
    """Runs scripts with one version of the client against one server."""

    PREAMBLE = """
        import json, os, sys, time
        import wandb

        def note(**what):
            with open("journal.jsonl", "a") as journal:
                journal.write(json.dumps(what) + "\\n")
    """

    def __init__(self, python, folder):
        self.python = str(python)
        self.folder = Path(folder)
        self.started = []

    def start(self, server, script, *, project=None, key=None, env=None, command=None):
        """Starts `script`, which finds `wandb` and `note` ready. `project` is its default project."""
        folder = self.folder / f"training-{len(self.started)}"
        folder.mkdir(parents=True)
        (folder / "train.py").write_text(textwrap.dedent(self.PREAMBLE) + textwrap.dedent(script))
        with (folder / "terminal.txt").open("wb") as terminal:
            process = _popen_that_hears_ctrl_c(
                command or [self.python, "train.py"],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=terminal,
                stderr=subprocess.STDOUT,
                env=self.environment(server, folder, project, key, env),
            )
        training = Training(process, folder)
        self.started.append(training)
        return training

    def run(self, server, script, **how):
        """Starts `script` and waits for its end."""
        training = self.start(server, script, **how)
        training.wait()
        return training

    def environment(self, server, folder, project=None, key=None, env=None):
        settings = {
            "WANDB_BASE_URL": server.url,
            "WANDB_API_KEY": key or server.key,
            "WANDB_DIR": str(folder),
            "WANDB_DISABLE_GIT": "true",
            "WANDB_X_FILE_STREAM_TRANSMIT_INTERVAL": TRANSMIT_SECONDS,
            "WANDB_X_DISABLE_STATS": "true",
            "PYTHONUNBUFFERED": "1",
        }
        named = {"WANDB_PROJECT": project} if project else {}
        return clean_environment(folder, **{**settings, **named, **(env or {})})

    def end_all(self):
        """Ends what a failed test left behind."""
        for training in self.started:
            if training.process.poll() is None:
                training.process.kill()
                training.process.wait()


def _popen_that_hears_ctrl_c(*words, **options):
    """A child inherits an ignored SIGINT (test workers and CI ignore it), but no handler of ours."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(*words, **options)
    finally:
        signal.signal(signal.SIGINT, before)
