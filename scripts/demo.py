"""The whole job once: a server, five trainings with the real wandb client, and SQL over them.

`make demo` calls it. It starts `wbq serve` on a fresh folder and a free port of this machine, trains
with three learning rates, lets one training fail and stops one with Ctrl+C, asks the flagship
question, and then leaves the server running until Ctrl+C (or ends at once with --once).
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
FOLDER = CHECKOUT / ".demo" / time.strftime("%Y%m%d-%H%M%S")
FLAGSHIP = "SELECT name, summary.loss FROM runs WHERE state='Finished'"
STATES = "SELECT name, state, exit_code, config.learning_rate, history_rows FROM runs ORDER BY created_at"


def main():
    # Programs started in the background by a script ignore Ctrl+C, and so would the trainings.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    args = arguments()
    FOLDER.mkdir(parents=True)
    server, url, key = serve(args.bin)
    try:
        show(args.bin, url, key)
        if not args.once:
            wait_for_ctrl_c(server)
    finally:
        end(server)


def wait_for_ctrl_c(server):
    say("The server runs until Ctrl+C.")
    try:
        server.wait()
    except KeyboardInterrupt:
        return say("Ending the server.")
    sys.exit("the demo failed: the server ended by itself")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=Path, required=True, help="the wbq binary")
    parser.add_argument("--once", action="store_true", help="end after the answers")
    return parser.parse_args()


def serve(binary):
    """Starts the server; its first line on stdout tells address and key."""
    with (FOLDER / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [binary, "serve", "--dir", FOLDER / "store", "--listen", "127.0.0.1:0", "--ready-json"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,  # Ctrl+C is for the demo, which then ends the server itself
        )
    line = server.stdout.readline()
    if not line:
        sys.exit(f"the server did not start:\n{(FOLDER / 'server.log').read_text()}")
    ready = json.loads(line)
    return server, ready["url"], ready["key"]


def end(server):
    """Asks the server to drain and sync; a server that fails at that fails the demo."""
    server.terminate()
    code = server.wait(30)
    expect(code == 0, f"the server ended with {code}")


def show(binary, url, key):
    train(url, key)
    ask(binary, STATES)
    rows = ask(binary, FLAGSHIP)
    expect(len(rows) == 3 and all(row["summary.loss"] > 0 for row in rows), "three finished runs with a loss")
    states = sorted(row["state"] for row in sql(binary, STATES))
    expect(states == ["Failed", "Finished", "Finished", "Finished", "Killed"], f"other states: {states}")
    say("Look at it:", url)
    say("To log your own training here:", f"export WANDB_BASE_URL={url}", f"export WANDB_API_KEY={key}")
    say("To ask it yourself:", f'{binary} --dir {FOLDER / "store"} "{FLAGSHIP}"')


def train(url, key):
    """Five trainings, one after the other; the last one is stopped in the middle."""
    for lr in ("0.1", "0.01", "0.001"):
        run_training(url, key, 0, "--lr", lr)
    run_training(url, key, 1, "--lr", "10", "--fail")
    run_training(url, key, None, "--lr", "0.0001", "--delay", "0.5", stop_after_epoch=3)


def run_training(url, key, expected_code, *words, stop_after_epoch=None):
    """Runs examples/train.py, passes its lines on, and presses Ctrl+C after the epoch named."""
    say(f"python examples/train.py {' '.join(words)}")
    own = {name: value for name, value in os.environ.items() if not name.startswith("WANDB_")}
    training = subprocess.Popen(
        [sys.executable, CHECKOUT / "examples" / "train.py", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**own, "WANDB_BASE_URL": url, "WANDB_API_KEY": key, "WANDB_DIR": str(FOLDER)},
    )
    try:
        for line in training.stdout:
            print(line, end="", flush=True)
            if stop_after_epoch and re.match(rf"epoch={stop_after_epoch},", line):
                training.send_signal(signal.SIGINT)
        code = training.wait()
    finally:
        training.kill()  # nothing is left to kill unless the demo itself was interrupted
    expect(expected_code in (code, None), f"the training ended with {code}, not {expected_code}")


def ask(binary, statement):
    """Shows a statement and its answer as a person sees them, and returns the rows."""
    say(f'wbq "{statement}"')
    subprocess.run([binary, "--dir", FOLDER / "store", "--format", "table", statement], check=True)
    return sql(binary, statement)


def sql(binary, statement):
    command = [binary, "--dir", FOLDER / "store", "--format", "json", statement]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def expect(holds, what):
    if not holds:
        sys.exit(f"the demo failed: {what}; the server's log is {FOLDER / 'server.log'}")


def say(*lines):
    print("", *lines, sep="\n", flush=True)


if __name__ == "__main__":
    main()
