"""Reading a scenario from TOML: what cannot be is refused, with file, line and reason."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from tdwii_gui.actors.suite import Role
from tdwii_gui.config.ae_directory import check_ae_title, parse_entity
from tdwii_gui.config.settings import Settings, with_values
from tdwii_gui.dicom.errors import ConfigError
from tdwii_gui.dicom.iod.attribute_path import AttributePath
from tdwii_gui.scenario.assertions import Assertion, Operator
from tdwii_gui.scenario.document import SECONDS, Scenario, ScenarioActor, ScenarioStep
from tdwii_gui.scenario.lines import Lines
from tdwii_gui.scenario.operations import OPERATIONS
from tdwii_gui.scenario.placeholders import FIXED_NAMES, names_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from tdwii_gui.config.ae_directory import ApplicationEntity
    from tdwii_gui.scenario.operation import Operation

PLANS: Final = ("photon", "ion", "electron")
"""The plans of the demo patient."""

_KEYS: Final = ("title", "purpose", "clauses", "plan", "actors", "step")
_STEP_KEYS: Final = ("title", "do", "with", "transaction", "status", "fails", "within", "assert")
_TWICE: Final = (Role.TDD, Role.PPVS)
"""Of what there may be more than one."""
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
_STATUS: Final = re.compile(r"[0-9A-Fa-f]{4}H?")
_AT: Final = re.compile(r"(?P<reason>.*) \(at line (?P<line>[0-9]+), column [0-9]+\)", re.DOTALL)
_LONGEST: Final = 2**20


def read_scenario(path: Path) -> Scenario:
    """Read a scenario from a file.

    Raises
    ------
    ConfigError
        If it cannot be read or played; the message names file, line and reason.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    if len(data) > _LONGEST:
        raise ConfigError(f"{path}: is no scenario: it is longer than {_LONGEST} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is no UTF-8 text") from error
    return scenario_of(text, path.stem, str(path))


def scenario_of(text: str, name: str, source: str) -> Scenario:
    """Return the scenario that the text of a TOML file says.

    Raises
    ------
    ConfigError
        If it cannot be played; the message names file, line and reason.
    """
    import tomllib

    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _AT.fullmatch(str(error))
        line = found["line"] if found else max(len(text.splitlines()), 1)
        reason = found["reason"] if found else error
        raise ConfigError(f"{source}, line {line}: is no TOML: {reason}") from error
    return _Reader(text, name, source).scenario(table)


class _Refused(Exception):
    """What is wrong, and the word of the file by which its line is found."""

    def __init__(self, reason: str, word: str = "") -> None:
        super().__init__(reason)
        self.word = word


class _Reader:
    def __init__(self, text: str, name: str, source: str) -> None:
        self._text, self._name, self._source = text, name, source
        self._lines = Lines(text)
        self._actors: dict[str, ScenarioActor] = {}
        self._steps: set[str] = set()

    def scenario(self, table: Mapping[str, Any]) -> Scenario:
        try:
            _require_known(table, _KEYS)
            title, purpose = _text(table, "title"), _text(table, "purpose")
            clauses = _texts(table, "clauses")
            plan = _text(table, "plan", "photon")
            is_plan = plan in PLANS or plan.endswith(".dcm")
            _require(is_plan, f"plan {plan!r} is none of {', '.join(PLANS)}, nor a .dcm", "plan")
            actors = _table(table.get("actors", {}), "actors must be tables: [actors.tdd]")
            steps = _tables(table, "step")
            _require(bool(steps), "there is no [[step]]", "step")
        except _Refused as error:
            raise self._error(error, "") from error
        self._actors = {role.value: ScenarioActor(role.value, role) for role in Role}
        for name, given in actors.items():
            self._actors[name] = self._actor(name, given)
        self._require_unique_titles()
        return Scenario(
            name=self._name,
            title=title,
            purpose=" ".join(purpose.split()),
            clauses=clauses,
            plan=plan,
            actors=tuple(self._actors.values()),
            steps=tuple(self._step(number, step) for number, step in enumerate(steps)),
            source=self._source,
            text=self._text,
        )

    def _error(self, error: Exception, table: str, index: int = 0) -> ConfigError:
        word = getattr(error, "word", "")
        line = self._lines.of(table, index, word)
        return ConfigError(f"{self._source}, line {line}: {error}")

    def _actor(self, name: str, given: object) -> ScenarioActor:
        try:
            settings = dict(_table(given, f"{name} must be a table of settings"))
            role = self._role(name, settings.pop("role", name))
            external = _external(name, role, settings.pop("external", None))
            if name != role:
                settings.setdefault("ae_title", name.upper()[:16])
            with_values(getattr(Settings(), role.value), settings)
            if "ae_title" in settings:
                settings["ae_title"] = check_ae_title(settings["ae_title"])
        except (_Refused, ConfigError) as error:
            refused = error if isinstance(error, _Refused) else _Refused(str(error), _quoted(error))
            raise self._error(refused, f"actors.{name}") from error
        return ScenarioActor(name, role, settings, external)

    def _role(self, name: str, role: object) -> Role:
        known = ", ".join(Role)
        if not isinstance(role, str) or role not in set(Role):
            raise _Refused(f"{name!r} is no actor: role is one of {known}", "role")
        if name in set(Role) and name != role:
            raise _Refused(f"{name} cannot be a {role}", "role")
        if name != role and (Role(role) not in _TWICE or not _NAME.fullmatch(name)):
            raise _Refused(f"there cannot be another {role} {name!r}", "role")
        return Role(role)

    def _require_unique_titles(self) -> None:
        seen: dict[str, str] = {}
        for actor in self._actors.values():
            title = actor.settings.get("ae_title")
            if title in seen:
                reason = _Refused(f"{seen[title]} and {actor.name} have one AE title", "ae_title")
                raise self._error(reason, f"actors.{actor.name}")
            if title:
                seen[title] = actor.name

    def _step(self, index: int, given: object) -> ScenarioStep:
        try:
            return self._read_step(_table(given, "a step must be a table: [[step]]"), index)
        except _Refused as error:
            raise self._error(error, "step", index) from error

    def _read_step(self, given: Mapping[str, Any], index: int) -> ScenarioStep:
        _require_known(given, _STEP_KEYS)
        actor, operation = self._operation(_text(given, "do"))
        self._check_names(given.get("fails"))
        return ScenarioStep(
            title=_text(given, "title"),
            actor=actor,
            operation=operation,
            arguments=self._arguments(operation, given.get("with", {})),
            transactions=_texts(given, "transaction", ()),
            statuses=_statuses(given),
            fails=_text(given, "fails", ""),
            seconds=_seconds(given),
            assertions=tuple(map(self._assertion, _tables(given, "assert"))),
            line=self._lines.of("step", index),
        )

    def _operation(self, name: str) -> tuple[str, Operation]:
        actor, _, verb = name.rpartition(".")
        known = [one for one in OPERATIONS if one.verb == verb]
        if not known:
            raise _Refused(f"unknown step {name!r}", name)
        if actor and actor not in self._actors:
            raise _Refused(f"{name!r}: there is no actor {actor!r}", name)
        for operation in known:
            if not actor and not operation.roles:
                return "", operation
            if actor and self._actors[actor].role in operation.roles:
                return actor, operation
        roles = sorted({role for one in known for role in one.roles})
        who = " or ".join(roles) if roles else "nobody in particular"
        raise _Refused(f"{name!r}: {verb} is done by {who}", name)

    def _arguments(self, operation: Operation, given: object) -> dict[str, Any]:
        named = _table(given, "with must be a table of arguments", "with")
        try:
            arguments = operation.complete(named)
        except ConfigError as error:
            first = str(error).split()[0]
            raise _Refused(str(error), first if first in named else "with") from error
        for value in arguments.values():
            self._check_names(value)
        step = arguments.get("step")
        if step and step not in self._steps:
            raise _Refused(f"no step before this one has made the procedure step {step!r}", step)
        for name in (*(arguments.get("actors") or ()), arguments.get("at")):
            _require(name in (None, *self._actors), f"there is no actor {name!r}", name or "")
        self._steps.update(operation.makes(arguments))
        return arguments

    def _check_names(self, value: object) -> None:
        values = value if isinstance(value, list) else [value]
        for text in (each for each in values if isinstance(each, str)):
            for name in names_in(text):
                if name not in {*FIXED_NAMES, *self._actors, *self._steps}:
                    raise _Refused(f"{text!r}: nothing is called {{{name}}}", name)

    def _assertion(self, entry: object) -> Assertion:
        given = _table(entry, "an assertion must be a table: { of = ..., path = ... }", "assert")
        operators = [operator for operator in Operator if operator.value in given]
        _require_known(given, ("of", "path", *(operator.value for operator in Operator)))
        path = _text(given, "path")
        if len(operators) != 1:
            known = ", ".join(Operator)
            raise _Refused(f"{path}: an assertion has one of {known}", path)
        expected = given[operators[0].value]
        self._check_names(expected)
        try:
            return Assertion(_text(given, "of"), AttributePath.parse(path), operators[0], expected)
        except ConfigError as error:
            raise _Refused(str(error), path) from error


def _require(is_so: bool, reason: str, word: str = "") -> None:
    if not is_so:
        raise _Refused(reason, word)


def _table(value: object, reason: str, word: str = "") -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _Refused(reason, word)
    return value


def _require_known(table: Mapping[str, Any], known: Iterable[str]) -> None:
    for key in table:
        if key not in known:
            raise _Refused(f"unknown key {key!r} (known: {', '.join(known)})", key)


def _text(table: Mapping[str, Any], key: str, default: str | None = None) -> str:
    value = table.get(key, default)
    if value is None:
        raise _Refused(f"{key} is missing")
    if not isinstance(value, str) or (default is None and not value.strip()):
        raise _Refused(f"{key} must be a text, not {value!r}", key)
    return value


def _texts(
    table: Mapping[str, Any], key: str, default: tuple[str, ...] | None = None
) -> tuple[str, ...]:
    value = table.get(key, default)
    if value is None:
        raise _Refused(f"{key} is missing")
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list | tuple) or not all(isinstance(each, str) for each in values):
        raise _Refused(f"{key} must be a list of texts, not {value!r}", key)
    return tuple(values)


def _tables(table: Mapping[str, Any], key: str) -> list[Any]:
    value = table.get(key, [])
    if not isinstance(value, list):
        raise _Refused(f"{key} must be a list", key)
    return value


def _external(name: str, role: Role, address: object) -> ApplicationEntity | None:
    if address is None:
        return None
    _require(name == role, f"{name} is the second {role}: only the first may be external", "role")
    entity = parse_entity(address) if isinstance(address, str) else None
    _require(entity is not None, f"external {address!r} is no AE@host:port", "external")
    return entity


def _statuses(table: Mapping[str, Any]) -> frozenset[int]:
    texts = _texts(table, "status", ())
    for text in texts:
        if not _STATUS.fullmatch(text):
            raise _Refused(f"status {text!r} has not four hexadecimal digits", "status")
    return frozenset(int(text[:4], 16) for text in texts) - {0}


def _seconds(table: Mapping[str, Any]) -> float:
    value = table.get("within", SECONDS)
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < 1e6:
        raise _Refused(f"within must be a number of seconds, not {value!r}", "within")
    return float(value)


def _quoted(error: Exception) -> str:
    """Return the name that an error of the settings is about."""
    found = re.search(r"unknown key '([^']+)'|^(\w+) must", str(error))
    return (found[1] or found[2]) if found else ""
