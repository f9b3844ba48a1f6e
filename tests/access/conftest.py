"""One world for all tests of a module; what a request writes is undone before the next."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.access.asking import Asking, inhabited
from tests.access.world import World


@pytest.fixture(scope="module")
def world(migrated_app: Flask) -> Iterator[World]:
    """The neighbourhood, in a database that is empty again afterwards."""
    with inhabited(migrated_app) as found, pytest.MonkeyPatch.context() as patch:
        # A fault is an answer to be counted with the others, not the end of the walk.
        patch.setitem(migrated_app.config, "PROPAGATE_EXCEPTIONS", False)
        yield found


@pytest.fixture
def asking(world: World) -> Iterator[Asking]:
    """What asks as anybody, notes what is written, and undoes it."""
    with Asking(world.app) as begun:
        yield begun
