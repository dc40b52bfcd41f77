"""The baseline over HTTP: the least that a Flask handler can do which takes a basket and keeps it durably.

It parses the JSON (into no models), writes one row with the body, commits with the same durability as the ledger,
and answers a constant. No token, no checks, no points, no receipt, no chain.
"""

import logging
import sys
import threading
from typing import Any

from flask import Flask, Response, request
from pysqlite3 import dbapi2 as sqlite3
from waitress.server import create_server


def bare_app(path: str) -> Flask:
    """The app, with its database at `path`."""
    database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE sales (sale_id TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT")
    lock = threading.Lock()
    app = Flask(__name__)

    @app.get("/")
    def ready() -> Response:
        return Response("ready")

    @app.post("/sales")
    def sale() -> Response:
        basket = request.get_json()
        with lock:
            database.execute(
                "INSERT INTO sales VALUES (?, ?)", (basket["sale_id"], request.get_data())
            )
        return Response('{"ok":true}', 201, content_type="application/json")

    return app


def main() -> None:
    """Serve on a free port, which is printed."""
    path, threads = sys.argv[1], int(sys.argv[2])
    logging.basicConfig(level=logging.ERROR)
    server: Any = create_server(bare_app(path), host="127.0.0.1", port=0, threads=threads)
    print(f"127.0.0.1:{server.effective_port}", flush=True)
    server.run()


if __name__ == "__main__":
    main()
