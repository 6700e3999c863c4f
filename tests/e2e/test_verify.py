"""`wandb verify`, the vendor's own check of a server."""

import re
from pathlib import Path

# What the check prints, and whether it passes here. A server on loopback speaks plain HTTP, which is a warning.
PASSES = (
    "Checking if logged in",
    "Checking signed URL upload",
    "Checking ability to send large payloads through proxy",
    "Checking CORs configuration of the bucket",
    "Checking wandb package version is up to date",
    "Checking logged metrics, saving and downloading a file",
    "Checking artifact save and download workflows",
)
HTTPS = ("Checking requests to base url", "Checking requests made over signed URLs")
OTHERS = ("Checking sweep creation and agent execution",)


def wandb_verify_passes_all_but_sweeps_and_https(server, trainer, client_python):
    command = [str(Path(client_python).with_name("wandb")), "verify", "--host", server.url]
    training = trainer.run(server, "", command=command)
    lines = dict(re.findall(r"^(Checking .*?)\.{2,}(.)", training.terminal, re.MULTILINE))
    assert set(lines) == {*PASSES, *HTTPS, *OTHERS}, training.terminal
    assert {line: lines[line] for line in PASSES} == dict.fromkeys(PASSES, "\u2705"), training.terminal
    assert "Traceback" not in training.terminal, training.terminal
