"""What the benchmarks ask of DuckDB, each in a process of its own; prints one line of JSON.

    duckdb_peer.py make DB CSV COLUMNS             a table `runs` of a file with a heading
    duckdb_peer.py ask DB SQL                      opens the database and answers
    duckdb_peer.py time ROUNDS STATEMENTS           each in a warm connection: the middle and the least of so many
    duckdb_peer.py layout SQL OUT                   the rows of a statement as Parquet, as DuckDB lays it out
    duckdb_peer.py parquet CSV COLUMNS OUT VERSION  a table as Parquet, packed by zstd

COLUMNS is JSON: [[name, type], …], STATEMENTS is JSON: [sql, …]. Needs `pip install duckdb`.
"""

import json
import os
import sys
import time

import duckdb


def connect(*arguments, **options):
    connection = duckdb.connect(*arguments, **options)
    # It would be drawn where the answer is told.
    connection.execute("SET enable_progress_bar = false")
    return connection


def table(connection, name, csv, columns):
    columns = dict(json.loads(columns))
    rows = f"read_csv(?, header = true, columns = {columns!r})"
    connection.execute(f"CREATE TABLE {name} AS SELECT * FROM {rows}", [csv])


def make(database, csv, columns):
    connection = connect(database)
    table(connection, "runs", csv, columns)
    connection.close()
    return {"bytes": os.path.getsize(database)}


def ask(database, sql):
    began = time.perf_counter()
    connection = connect(database, read_only=True)
    rows = connection.execute(sql).fetchall()
    seconds = time.perf_counter() - began
    status = open("/proc/self/status").read()
    anonymous = next(line for line in status.splitlines() if line.startswith("RssAnon:"))
    return {"seconds": seconds, "anonymous": int(anonymous.split()[1]) * 1024, "rows": len(rows), "first": rows[0][0]}


def parquet(csv, columns, out, version):
    connection = connect()
    connection.execute("SET threads = 1")
    table(connection, "history", csv, columns)
    began = time.process_time()
    connection.execute(f"COPY history TO '{out}' (FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION {version})")
    return {"seconds": time.process_time() - began, "bytes": os.path.getsize(out), "duckdb": duckdb.__version__}


def timed(rounds, statements):
    connection = connect()
    told = []
    for sql in json.loads(statements):
        took = []
        for _ in range(int(rounds) + 2):
            began = time.perf_counter()
            # What an engineer goes on with: columns, as ours are.
            table = connection.sql(sql).to_arrow_table()
            took.append(time.perf_counter() - began)
        took = sorted(took[2:])
        told.append({"middle": took[len(took) // 2], "least": took[0], "rows": table.num_rows})
    return {"version": duckdb.__version__, "told": told}


def layout(sql, out):
    connection = connect()
    began = time.perf_counter()
    connection.execute(f"COPY ({sql}) TO '{out}' (FORMAT parquet)")
    return {"seconds": time.perf_counter() - began, "bytes": os.path.getsize(out)}


print(json.dumps({"time": timed, "layout": layout, "make": make, "ask": ask, "parquet": parquet}[sys.argv[1]](*sys.argv[2:])))
