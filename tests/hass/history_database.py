"""The database of a test: a file, or a new database on the server that scripts/databases has started."""

from collections.abc import Generator
import logging
import os
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, make_url, text

SERVER = os.environ.get("EMUCS_DATABASE")


@pytest.fixture
def recorder_db_url(tmp_path: Path, socket_enabled: None) -> Generator[str]:
    """Return the URL of the database, with logging of SQL off, as that takes longer than the SQL."""
    logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)
    if SERVER is None:
        yield f"sqlite:///{tmp_path / 'home.db'}"
        return
    name = f"emucs_{uuid4().hex}"
    server = create_engine(SERVER, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(SERVER).set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name}"))
    server.dispose()
