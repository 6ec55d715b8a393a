"""What the demo stores from one start to the next."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
import json
from pathlib import Path
import secrets
import shutil
from typing import Self

from harness.errors import HarnessError


@dataclass
class State:
    """The file `state.json` of a state folder; times are UTC."""

    folder: Path
    password: str = ""
    token: str = ""
    meter_port: int = 0
    born: datetime | None = None
    """When the virtual meter was first read."""
    looked: list[tuple[datetime, datetime]] = field(default_factory=list)
    """From when to when, by its own clock, it was live."""
    seen: list[float] = field(default_factory=list)
    """What its registers were at the last of these moments."""

    @classmethod
    def begin(cls, folder: Path) -> Self:
        """Create a state folder, replacing what was there."""
        shutil.rmtree(folder, ignore_errors=True)
        state = cls(folder, password=secrets.token_hex(4))
        state.save()
        return state

    @classmethod
    def load(cls, folder: Path) -> Self | None:
        """Read a state folder; None when there is none."""
        state = cls(folder)
        try:
            content = json.loads(state._file.read_text())
            state.password, state.token = content["password"], content["token"]
            state.meter_port, state.seen = content["meter_port"], content["seen"]
            state.born = datetime.fromisoformat(content["born"]) if content["born"] else None
            state.looked = [
                (datetime.fromisoformat(begin), datetime.fromisoformat(end)) for begin, end in content["looked"]
            ]
        except FileNotFoundError:
            return None
        except (KeyError, ValueError) as error:
            raise HarnessError(f"{state._file} is not of this version of the demo: start anew with --fresh.") from error
        return state

    @property
    def config(self) -> Path:
        """The configuration folder of Home Assistant."""
        return self.folder / "config"

    @property
    def _file(self) -> Path:
        return self.folder / "state.json"

    def save(self) -> None:
        """Write the file; it holds a password, so nobody else may read it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        content = {name: value for name, value in asdict(self).items() if name != "folder"}
        self._file.touch(mode=0o600)
        self._file.write_text(json.dumps(content, default=datetime.isoformat, indent=2))
