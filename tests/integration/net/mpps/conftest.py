"""One service per module, on a database of its own."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from tests.integration.net.mpps.wire import Service

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def no_thread_is_left() -> None:
    """The service outlives a test; `no_thread_is_left_by_module` looks after its end."""


@pytest.fixture(scope="module", autouse=True)
def no_thread_is_left_by_module() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=10)
    left = [each.name for each in set(threading.enumerate()) - before if each.is_alive()]
    assert not left, f"threads left alive: {left}"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    service = Service(tmp_path_factory.mktemp("mpps"))
    yield service
    service.close()
