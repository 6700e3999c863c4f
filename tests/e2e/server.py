"""The server under test: the real binary, on a folder of its own and a port of the system's choice."""

import base64
import json
import os
import selectors
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

ADMIN = "ada"
START_SECONDS = 60
STOP_SECONDS = 30


def clean_environment(home, **more):
    """This process's environment without a word about other servers, keys or folders."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("WANDB_", "WBQ_"))}
    return {**kept, "HOME": str(home), "NO_PROXY": "127.0.0.1", **more}


class Server:
    """`wbq serve` and what a test asks of it."""

    def __init__(self, binary, folder, *options):
        self.binary = str(binary)
        self.home = Path(folder)
        self.home.mkdir(parents=True, exist_ok=True)
        self.dir = self.home / "store"
        self.log = self.home / "server.log"
        self.options = options
        self.admin = ADMIN
        self.address = "127.0.0.1:0"
        self.key = None
        self.process = None

    @property
    def url(self):
        return f"http://{self.address}"

    def start(self):
        """Starts on the same folder and, from the second time on, the same port."""
        command = [self.binary, "serve", "--dir", str(self.dir), "--listen", self.address]
        command += ["--ready-json", "--admin", ADMIN, *self.options]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                env=clean_environment(self.home),
                bufsize=0,
            )
        ready = json.loads(self._first_line())
        self.address = ready["url"].removeprefix("http://")
        self.key = ready.get("key", self.key)
        return self

    def _first_line(self):
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            if not selector.select(START_SECONDS):
                raise AssertionError(f"no ready line within {START_SECONDS} s\n{self.log.read_text()}")
        line = self.process.stdout.readline()
        assert line, f"the server ended before it was ready\n{self.log.read_text()}"
        return line

    def kill9(self):
        """The power cord, as far as a process can feel it."""
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def restart(self):
        """Starts again after `kill9` or `stop`."""
        assert self.process.poll() is not None, "it still runs"
        return self.start()

    def stop(self):
        """Asks it to end. A server that had to be killed, failed or chattered on stdout is a failure."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            code = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill9()
            raise AssertionError(f"did not end within {STOP_SECONDS} s of SIGTERM\n{self.log.read_text()}") from None
        rest = self.process.stdout.read()
        self.process.stdout.close()
        assert rest == b"", f"stdout holds more than the ready line: {rest!r}"
        assert code == 0, f"ended with {code} after SIGTERM\n{self.log.read_text()}"

    def wbq(self, *words, stdin=None, folder=None):
        """Runs the command line on this server's folder, or another, as a person beside it would."""
        return subprocess.run(
            [self.binary, "--dir", str(folder or self.dir), *words],
            input=stdin,
            stdin=None if stdin is not None else subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            env=clean_environment(self.home),
        )

    def sql(self, text, *options):
        """The rows of one statement. NaN and the infinities arrive as strings."""
        done = self.wbq("--format", "json", *options, text)
        assert done.returncode == 0, f"exit code {done.returncode} for {text}\n{done.stderr}"
        return json.loads(done.stdout)

    def row(self, text, *options):
        """The only row of a statement that must have just one."""
        rows = self.sql(text, *options)
        assert len(rows) == 1, f"{len(rows)} rows for {text}: {rows}"
        return rows[0]

    def state(self, project, run_id):
        """The state that SQL shows for a run, or None before there is such a run."""
        rows = self.sql(f"SELECT state FROM runs WHERE project = '{project}' AND run_id = '{run_id}'")
        return rows[0]["state"] if rows else None

    def request(self, path, body=None, key=None):
        """One HTTP request: status and body. `key=""` goes without credentials."""
        url = path if path.startswith("http") else self.url + path
        request = urllib.request.Request(url, None if body is None else json.dumps(body).encode())
        key = self.key if key is None else key
        if key:
            credentials = base64.b64encode(f"api:{key}".encode()).decode()
            request.add_header("Authorization", f"Basic {credentials}")
        if body is not None:
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                return reply.status, reply.read()
        except urllib.error.HTTPError as refusal:
            return refusal.code, refusal.read()
