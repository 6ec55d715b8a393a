"""`python -m custom_components.emucs.port`, or `python …/emucs/port` from anywhere, without Home Assistant."""

from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
import sys

_NAME = "emucs_port"


def _load_by_path() -> str:
    """Load the package that this file is in, as Python knows of none where it is run by its path."""
    folder = Path(__file__).resolve().parent
    # Where it was put so that modules of the package would be found in place of others.
    sys.path[:] = [path for path in sys.path if Path(path).resolve() != folder]
    spec = spec_from_file_location(_NAME, folder / "__init__.py", submodule_search_locations=[str(folder)])
    assert spec is not None  # noqa: S101 -- a file of Python's has one
    assert spec.loader is not None  # noqa: S101
    package = sys.modules[_NAME] = module_from_spec(spec)
    spec.loader.exec_module(package)
    return _NAME


if __name__ == "__main__":
    try:
        command = import_module(f"{__package__ or _load_by_path()}.command")
    except ModuleNotFoundError as error:
        sys.exit(f"{error.name} is not installed here: python -m pip install serialx fastcrc")
    command.main()
