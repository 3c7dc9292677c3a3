"""One service per module and mode, on a worklist of its own."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tdwii_gui.dicom.ups.mode import ServiceMode
from tests.integration.net.ups.wire import Tms

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def no_thread_is_left() -> None:
    """The services outlive a test; `no_thread_is_left_by_module` looks after their end."""


@pytest.fixture(scope="module", autouse=True)
def no_thread_is_left_by_module() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=10)
    left = [each.name for each in set(threading.enumerate()) - before if each.is_alive()]
    assert not left, f"threads left alive: {left}"


@pytest.fixture(scope="module")
def resources() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def _service(mode: ServiceMode):
    @pytest.fixture(scope="module")
    def service(tmp_path_factory: pytest.TempPathFactory, resources: ExitStack) -> Tms:
        return Tms(tmp_path_factory.mktemp(mode), mode, resources)

    return service


_standard = _service(ServiceMode.STANDARD)
_strict = _service(ServiceMode.STRICT)
_lenient = _service(ServiceMode.LENIENT)


@pytest.fixture
def tms(_standard: Tms) -> Iterator[Tms]:
    """Return the service as the standard has it."""
    yield _standard
    _standard.forget()


@pytest.fixture
def strict(_strict: Tms) -> Iterator[Tms]:
    yield _strict
    _strict.forget()


@pytest.fixture
def lenient(_lenient: Tms) -> Iterator[Tms]:
    yield _lenient
    _lenient.forget()
