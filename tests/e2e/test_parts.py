"""Files in parts, as any program may send them: `PUT` with `Content-Range`."""

import base64
import hashlib
import http.client
import json
import re
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from waiting import until

pytestmark = pytest.mark.xdist_group("parts")

MIB = 1 << 20
GIB = 1 << 30
PIECE = bytes(range(256)) * (MIB // 256)
# What the server may hold beside what it held before, however large the file is.
GROWTH_MAX = 64 * MIB


def a_gibibyte_in_parts_is_stored_whole_and_takes_no_memory(serve):
    server = serve()
    url = _address(server, "large.bin")
    before, watched, is_over = _anonymous(server), [], threading.Event()
    watching = threading.Thread(target=_watch, args=(server, watched, is_over))
    watching.start()
    try:
        half = GIB // 2
        assert _put(url, f"bytes 0-{half - 1}/{GIB}", _pieces(half), half) == (308, f"bytes=0-{half - 1}")
        digest = _md5(GIB)
        assert _put(url, f"bytes {half}-{GIB - 1}/{GIB}", _pieces(half), half, digest) == (200, None)
    finally:
        is_over.set()
        watching.join()
    assert server.row("SELECT name, size FROM files") == {"name": "large.bin", "size": GIB}
    assert len(watched) > 10 and max(watched) - before < GROWTH_MAX, (before, max(watched))


def a_file_goes_on_after_the_server_was_killed_in_the_middle_of_it(serve):
    server = serve()
    url = _address(server, "file.bin")
    size = 256 * MIB
    connection = _begin(url, f"bytes 0-{size - 1}/{size}", size)
    for piece in _pieces(200 * MIB):
        connection.send(piece)
    # Of a part that is on its way, what came is made to last every 64 MiB.
    noted = lambda: list((server.dir / "tmp").glob("held-*.note"))  # noqa: E731
    until(noted, "some of it is on the disk", 60)
    server.kill9()
    connection.close()
    server.restart()
    status, held = _put(url, f"bytes */{size}", (), 0)
    held = int(held.removeprefix("bytes=0-")) + 1
    assert status == 308 and 64 * MIB <= held <= 200 * MIB, held
    # What is held may end within a piece.
    rest = [*([PIECE[held % MIB :]] if held % MIB else []), *_pieces(size - held)]
    assert _put(url, f"bytes {held}-{size - 1}/{size}", rest, size - held, _md5(size)) == (200, None)
    assert server.row("SELECT size FROM files") == {"size": size}
    assert list((server.dir / "tmp").iterdir()) == []


def a_file_goes_on_where_its_connection_broke(serve):
    server = serve()
    url = _address(server, "file.bin")
    size = 32 * MIB
    connection = _begin(url, f"bytes 0-{size - 1}/{size}", size)
    for piece in _pieces(size // 2):
        connection.send(piece)
    connection.close()

    def held():
        status, held = _put(url, f"bytes */{size}", (), 0)
        assert status == 308
        return int(held.removeprefix("bytes=0-")) + 1 if held else None

    # The connection is closed, so that what was sent arrives whole.
    until(lambda: held() == size // 2, "the first half is held", 30)
    rest = _pieces(size // 2)
    assert _put(url, f"bytes {size // 2}-{size - 1}/{size}", rest, size // 2, _md5(size)) == (200, None)
    assert server.row("SELECT size FROM files") == {"size": size}


def _address(server, name):
    """Where a file of a new run is to be put."""
    upsert = """mutation U($name: String!) { upsertBucket(input: {name: $name, modelName: "parts", host: "h"}) {
        bucket { id } } }"""
    create = """mutation C($files: [String!]!) { createRunFiles(input: {
        entityName: "%s", projectName: "parts", runName: "r", files: $files}) { files { uploadUrl } } }"""
    for query, variables in ((upsert, {"name": "r"}), (create % server.admin, {"files": [name]})):
        status, body = server.request("/graphql", {"query": query, "variables": variables})
        assert status == 200 and "errors" not in json.loads(body), body
    return json.loads(body)["data"]["createRunFiles"]["files"][0]["uploadUrl"]


def _begin(url, content_range, size, md5=None):
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
    connection.putrequest("PUT", parts.path)
    connection.putheader("Content-Range", content_range)
    connection.putheader("Content-Length", str(size))
    if md5:
        connection.putheader("Content-MD5", md5)
    connection.endheaders()
    return connection


def _put(url, content_range, pieces, size, md5=None):
    connection = _begin(url, content_range, size, md5)
    for piece in pieces:
        connection.send(piece)
    reply = connection.getresponse()
    reply.read()
    connection.close()
    return reply.status, reply.headers.get("Range")


def _pieces(size):
    return (PIECE for _ in range(size // MIB))


def _md5(size):
    digest = hashlib.md5()
    for piece in _pieces(size):
        digest.update(piece)
    return base64.b64encode(digest.digest()).decode()


def _anonymous(server):
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(re.search(r"RssAnon:\s+(\d+) kB", status)[1]) << 10


def _watch(server, watched, is_over):
    while not is_over.wait(0.05):
        watched.append(_anonymous(server))
