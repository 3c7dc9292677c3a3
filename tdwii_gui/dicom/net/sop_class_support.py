"""Which SOP classes services and sessions have, with syntaxes, roles and messages (PS3.7 D.3.3).

It is read from the objects that negotiate, so that a conformance statement says what they do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pydicom.uid import UID

from tdwii_gui.dicom.net.dispatch import Dispatcher
from tdwii_gui.dicom.net.event_kind import COMMITMENT_EVENTS, MPPS_EVENTS, UPS_EVENTS
from tdwii_gui.dicom.net.event_scu import EventScu
from tdwii_gui.dicom.net.exchange import ignore
from tdwii_gui.dicom.net.local_ae import LocalAe, Timeouts, make_ae
from tdwii_gui.dicom.net.mpps_scp import CLASS_OF_SERVICE
from tdwii_gui.dicom.net.scp_host import offered_context
from tdwii_gui.dicom.net.storage_scp import storage_sop_classes
from tdwii_gui.dicom.net.ups_scope import SERVICES
from tdwii_gui.dicom.uids import STORAGE_COMMITMENT, VERIFICATION, uid_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tdwii_gui.config.ae_directory import ApplicationEntity
    from tdwii_gui.dicom.net.dispatch import Service
    from tdwii_gui.dicom.net.session import Session

_EVENT_KINDS: Final = (UPS_EVENTS, MPPS_EVENTS, COMMITMENT_EVENTS)
_STORAGE: Final = frozenset(storage_sop_classes())
_OTHERS: Final = {VERIFICATION: ("C-ECHO",), STORAGE_COMMITMENT: ("N-ACTION",)}
_QUERY_RETRIEVE: Final = frozenset({"FIND", "MOVE", "GET"})


@dataclass(frozen=True, slots=True)
class SupportedClass:
    """A SOP class as an AE accepts or proposes it.

    Parameters
    ----------
    transfer_syntaxes : tuple[str, ...]
        UIDs; of an accepted class the first that the peer proposes too is taken.
    received, sent : tuple[str, ...]
        The requests that the AE answers and those that it sends, e.g. ``"C-STORE"``.
    requestor_roles : tuple[str, ...]
        ``"SCU"``, ``"SCP"``: the roles that who requests the association may have.
    """

    sop_class_uid: str
    transfer_syntaxes: tuple[str, ...]
    received: tuple[str, ...]
    sent: tuple[str, ...]
    requestor_roles: tuple[str, ...]

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles of the AE in its messages: an event report goes from the SCP to the SCU."""
        scu = "N-EVENT-REPORT" in self.received or set(self.sent) - {"N-EVENT-REPORT"}
        scp = "N-EVENT-REPORT" in self.sent or set(self.received) - {"N-EVENT-REPORT"}
        return (*(["SCU"] if scu else []), *(["SCP"] if scp else []))


def accepted_classes(services: Sequence[Service]) -> tuple[SupportedClass, ...]:
    """Return the SOP classes that a listening AE with these services accepts."""
    classes = [
        (service, {str(context.abstract_syntax) for context in service.contexts})
        for service in services
    ]
    found = []
    for context in map(offered_context, Dispatcher("", services, ignore).contexts):
        uid = str(context.abstract_syntax)
        having = [service for service, uids in classes if uid in uids]
        both = context.scu_role is not None
        found.append(
            SupportedClass(
                sop_class_uid=uid,
                transfer_syntaxes=tuple(map(str, context.transfer_syntax or ())),
                received=_sorted(m for one in having for m in _answered(one, uid)),
                sent=_sorted(m for one in having for m in _sub_operations(one, uid)),
                requestor_roles=("SCU", "SCP") if both and context.scp_role else ("SCU",),
            )
        )
    return tuple(found)


def proposed_classes(session: Session) -> tuple[SupportedClass, ...]:
    """Return the SOP classes that a session proposes, each with all its transfer syntaxes."""
    as_scp = {str(role.sop_class_uid) for role in session.roles if role.scp_role}
    syntaxes: dict[str, list[str]] = {}
    for context in session.contexts:
        known = syntaxes.setdefault(str(context.abstract_syntax), [])
        known += [str(one) for one in context.transfer_syntax or () if one not in known]
    found = []
    for uid, offered in syntaxes.items():
        messages = _messages_of(uid)
        sent = ("N-EVENT-REPORT",) if isinstance(session, EventScu) else messages
        receives = uid in as_scp and not isinstance(session, EventScu)
        found.append(
            SupportedClass(
                sop_class_uid=uid,
                transfer_syntaxes=tuple(offered),
                received=messages if receives else (),
                sent=() if receives else sent,
                requestor_roles=("SCP",) if uid in as_scp else ("SCU",),
            )
        )
    return tuple(found)


def event_session(local: LocalAe, peer: ApplicationEntity, sop_class_uid: str) -> EventScu:
    """Return the session that reports the events of a SOP class."""
    kind = next(one for one in _EVENT_KINDS if one.context_uid == sop_class_uid)
    return EventScu(local, peer, kind)


def implementation() -> tuple[str, str]:
    """Return the Implementation Class UID and Version Name (PS3.7 D.3.3.2)."""
    ae = make_ae("AE", Timeouts())
    return str(ae.implementation_class_uid), str(ae.implementation_version_name)


def _requests(service: Service) -> frozenset[str]:
    names = (event.name for event in service.handlers)
    return frozenset(_message(name) for name in names if name.startswith(("EVT_C_", "EVT_N_")))


def _message(event_name: str) -> str:
    return event_name.removeprefix("EVT_").replace("_", "-")


def _answered(service: Service, uid: str) -> frozenset[str]:
    requests = _requests(service)
    if requests == {"N-EVENT-REPORT"}:
        return requests
    return requests & frozenset(_messages_of(uid))


def _sub_operations(service: Service, uid: str) -> frozenset[str]:
    """Return what is sent on an association that a peer has requested: objects, by C-GET."""
    is_object = "C-STORE" in _messages_of(uid)
    return frozenset({"C-STORE"}) if is_object and "C-GET" in _requests(service) else frozenset()


def _messages_of(uid: str) -> tuple[str, ...]:
    """Return the requests that an SCU of a SOP class may send."""
    steps = SERVICES.get(UID(uid))
    if steps is not None:
        return _sorted(steps)
    performed = {_message(event) for event, one in CLASS_OF_SERVICE.items() if one == uid}
    if performed:
        return _sorted(performed)
    model = uid_name(uid).rpartition(" - ")[2]
    if model in _QUERY_RETRIEVE:
        return (f"C-{model}",)
    if uid in _STORAGE:
        return ("C-STORE",)
    return _OTHERS.get(UID(uid), ())


def _sorted(messages: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(messages)))
