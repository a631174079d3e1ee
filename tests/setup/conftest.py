"""Data folders that go with the test, whatever it did to their servers."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config import embedded


@pytest.fixture
def make_folder() -> Iterator[Callable[[], Path]]:
    """Makes data folders. Not below tmp_path, which is closed to the account that root lends to the servers."""
    made: list[Path] = []

    def make() -> Path:
        made.append(Path(tempfile.mkdtemp(prefix="tuodi-setup-")))
        made[-1].chmod(0o711 if os.geteuid() == 0 else 0o700)
        return made[-1]

    yield make
    for folder in made:
        embedded.remove(folder)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def folder(make_folder: Callable[[], Path]) -> Path:
    return make_folder()


@pytest.fixture
def quick_folder(folder: Path) -> Path:
    """A folder whose servers run, without regard to a crash of the machine."""
    embedded.start(folder, durable=False)
    return folder
