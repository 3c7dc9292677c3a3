"""The worklist on PostgreSQL: one store, two stores, and two TMS processes on one database."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from tdwii_gui.dicom.errors import DimseStatusError
from tdwii_gui.dicom.iod.mpps import (
    MppsStatus,
    PerformedSeries,
    imaging_ended,
    imaging_started,
)
from tdwii_gui.dicom.store.database import write
from tdwii_gui.dicom.store.mpps_store import OUTBOX as MPPS_OUTBOX
from tdwii_gui.dicom.store.mpps_store import MppsStore
from tdwii_gui.dicom.store.ups_store import UpsStore
from tdwii_gui.dicom.uids import UPS_GLOBAL_SUBSCRIPTION
from tdwii_gui.dicom.ups.outbox import Outbox
from tests.command_line import free_ports
from tests.interop.postgresql import cluster
from tests.soak.lengths import rounds
from tests.soak.race import race
from tests.soak.raw_scu import RawScu
from tests.soak.watcher import Watcher
from tests.unit.dicom.store import test_ups_store as on_sqlite
from tests.unit.dicom.ups.conftest import new_step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.interop.postgresql import Cluster

pytestmark = [pytest.mark.interop, pytest.mark.filterwarnings("ignore::UserWarning")]

SECONDS = 60

step, dataset = on_sqlite.step, on_sqlite.dataset


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    with cluster() as running:
        yield running


@pytest.fixture
def url(server: Cluster) -> str:
    """Return the URL of a database that is empty."""
    store = UpsStore(server.url)
    with write(store.engine) as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    store.close()
    return server.url


@pytest.fixture
def make_store(url: str) -> Iterator[Callable[[], UpsStore]]:
    made: list[UpsStore] = []

    def make() -> UpsStore:
        made.append(UpsStore(url))
        return made[-1]

    yield make
    for store in made:
        store.close()


@pytest.fixture
def store(make_store: Callable[[], UpsStore]) -> UpsStore:
    return make_store()


filled = on_sqlite.filled

# What the store promises on SQLite it promises here too.
test_select_agrees_with_matching = on_sqlite.test_select_agrees_with_matching
test_steps_come_by_start_time_in_batches = on_sqlite.test_steps_come_by_start_time_in_batches
test_hostile_text_is_only_text = on_sqlite.test_hostile_text_is_only_text
test_changes_are_numbered = on_sqlite.test_changes_are_numbered
test_a_taken_uid_is_not_inserted = on_sqlite.test_a_taken_uid_is_not_inserted
test_deletion_takes_all_that_belongs_to_a_step = (
    on_sqlite.test_deletion_takes_all_that_belongs_to_a_step
)
test_an_exception_undoes_only_its_own_transaction = (
    on_sqlite.test_an_exception_undoes_only_its_own_transaction
)


def test_the_server_may_restart(server: Cluster, store: UpsStore) -> None:
    with store.transaction() as transaction:
        transaction.insert(step("1.2.1"))
    server.stop()
    server.start()
    with store.transaction() as transaction:
        transaction.insert(step("1.2.2"))
    assert len(list(store.select(dataset()))) == 2


def test_writers_of_two_processes_lose_nothing(make_store: Callable[[], UpsStore]) -> None:
    """Each change has a number of its own, in the order of the commits."""
    stores = [make_store(), make_store()]

    def add(number: int) -> None:
        for count in range(20):
            with stores[number % 2].transaction() as transaction:
                transaction.insert(step(f"1.2.{number}.{count}"))

    threads = [threading.Thread(target=add, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    numbers = [modification for modification, _ in stores[0].changed_since(0)]
    assert numbers == list(range(1, 161))


def test_one_process_has_a_line_until_it_gives_it_back(
    make_store: Callable[[], UpsStore],
) -> None:
    first, second = (Outbox(make_store()) for _ in range(2))
    assert first.take("WATCHER")
    assert first.take("WATCHER")
    assert not second.take("WATCHER")
    assert second.take("OTHER")
    first.give_back("WATCHER")
    assert second.take("WATCHER")
    second.close()
    assert first.take("WATCHER")
    assert first.take("OTHER")
    first.close()


def test_performed_steps_are_shared_too(make_store: Callable[[], UpsStore]) -> None:
    first, second = (MppsStore(make_store().engine, ["WATCHER"]) for _ in range(2))
    begun = imaging_started(None, station_ae_title="PPVS")
    first.create("1.2.3", begun)
    with pytest.raises(DimseStatusError):
        second.create("1.2.3", begun)
    second.set("1.2.3", imaging_ended(MppsStatus.COMPLETED, [PerformedSeries("1.2", "kV")]))
    assert first.get("1.2.3").status is MppsStatus.COMPLETED
    outbox, steps = Outbox(first, MPPS_OUTBOX), Outbox(first)
    assert [event.event_type for event in outbox.due()] == [1, 2]
    # The lines of the worklist's events are others.
    assert outbox.take("WATCHER")
    assert steps.take("WATCHER")
    outbox.close()
    steps.close()


@pytest.fixture
def watcher(tdwii: Any) -> Iterator[Watcher]:
    with Watcher("WATCHER") as listening:
        tdwii.add_entity("WATCHER", listening.port)
        yield listening


@pytest.fixture
def two_tms(tdwii: Any, watcher: Watcher, url: str) -> list[tuple[str, int]]:
    """Start two TMS processes on one database; return their AE titles and ports."""
    tdwii.add_entity("TMS2", *free_ports(1))
    for title in ("TMS", "TMS2"):
        tdwii.serve(
            *("tms", "--headless", "--ae-title", title, "--port", tdwii.ports[title]),
            *("--database", url),
        )
    return [(title, tdwii.ports[title]) for title in ("TMS", "TMS2")]


def create(server: tuple[str, int], uids: list[str]) -> set[tuple[str, str]]:
    """Create steps; return what subscribers hear of them."""
    title, port = server
    with RawScu(port, title, "CREATOR") as scu:
        for uid in uids:
            assert scu.n_create(uid, new_step()) == 0
    return {(uid, "SCHEDULED") for uid in uids}


def test_one_process_delivers_and_the_other_takes_over_when_it_dies(
    tdwii: Any, two_tms: list[tuple[str, int]], watcher: Watcher
) -> None:
    first, second = two_tms
    with RawScu(first[1], first[0], "WATCHER") as scu:
        assert scu.subscribe(UPS_GLOBAL_SUBSCRIPTION, "WATCHER") == 0
    told = create(first, [f"1.2.1.{number}" for number in range(5)])
    told |= create(second, [f"1.2.2.{number}" for number in range(5)])
    watcher.wait_for(told, SECONDS)
    assert len(watcher.heard) == len(told), "nothing came twice"
    tdwii.servers[0].stop(signal.SIGKILL)
    told |= create(second, [f"1.2.3.{number}" for number in range(5)])
    watcher.wait_for(told, SECONDS)
    assert len(watcher.heard) <= len(told) + 2, "only the last answers may have been lost"


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_one_of_32_devices_gets_the_step_from_either_process(
    two_tms: list[tuple[str, int]],
) -> None:
    race(two_tms, rounds(10, 200))
