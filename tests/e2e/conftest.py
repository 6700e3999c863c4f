"""Fixtures: a server, a trainer, a project that no other test uses."""

import inspect
import os
import re
import uuid
from pathlib import Path

import pytest
from server import Server
from trainer import Trainer

CHECKOUT = Path(__file__).resolve().parents[2]


def pytest_pycollect_makeitem(collector, obj):
    """A test is a function that its module defines: neither an imported one nor a mark."""
    is_own = inspect.isfunction(obj) and obj.__module__ == collector.obj.__name__
    return None if is_own else []


@pytest.fixture(scope="session")
def binary():
    path = os.environ.get("WBQ_BIN")
    assert path, "WBQ_BIN names the wbq binary under test; `make e2e` sets it"
    return Path(path).resolve(strict=True)


@pytest.fixture(scope="session")
def server(binary, tmp_path_factory):
    """A server for tests that neither stop it nor change its settings."""
    yield from _serving(binary, tmp_path_factory.mktemp("server"))


@pytest.fixture
def serve(binary, tmp_path):
    """Starts a server, with options of the test's choice, that the test may stop and kill."""
    started = []

    def start(*options):
        started.append(Server(binary, tmp_path / f"server-{len(started)}", *options))
        return started[-1].start()

    yield start
    for server in started:
        server.stop()


@pytest.fixture(scope="session")
def impatient_server(binary, tmp_path_factory):
    """A server that calls a run crashed after three silent seconds."""
    yield from _serving(binary, tmp_path_factory.mktemp("impatient"), "--crash-after", "3s")


def _serving(binary, folder, *options):
    server = Server(binary, folder, *options).start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def client_python():
    return _python(".venv")


@pytest.fixture(scope="session")
def old_client_python():
    return _python(".venv-old")


def _python(venv):
    path = CHECKOUT / venv / "bin" / "python"
    assert path.exists(), f"{path} is missing; `make venvs` makes it"
    return path


@pytest.fixture
def trainer(client_python, tmp_path):
    yield from _training(client_python, tmp_path / "trainings")


@pytest.fixture(scope="module")
def module_trainer(client_python, tmp_path_factory):
    """For a training whose results a whole module reads."""
    yield from _training(client_python, tmp_path_factory.mktemp("trainings"))


@pytest.fixture
def old_trainer(old_client_python, tmp_path):
    yield from _training(old_client_python, tmp_path / "trainings")


def _training(python, folder):
    trainer = Trainer(python, folder)
    try:
        yield trainer
    finally:
        trainer.end_all()


@pytest.fixture
def project(request):
    """A project name of this test's own, so that tests can share a server."""
    sentence = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower())[:60]
    return f"{sentence}-{uuid.uuid4().hex[:6]}"
