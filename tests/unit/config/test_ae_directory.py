from __future__ import annotations

import json
from pathlib import Path

import pytest

from tdwii_gui.config.ae_directory import (
    AeDirectory,
    ApplicationEntity,
    find_ae_directory,
    load_ae_directory,
)
from tdwii_gui.config.resources import default_ae_directory_path
from tdwii_gui.dicom.errors import ConfigError

OST = {"AETitle": "OST", "IPAddr": "127.0.0.1", "Port": 11112}


def write(folder: Path, content: object) -> Path:
    path = folder / "ApplicationEntities.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_the_packaged_directory_has_the_actors_and_the_aliases_of_existing_users() -> None:
    directory = load_ae_directory(default_ae_directory_path())
    ports = {entity.ae_title: entity.port for entity in directory}
    assert ports["OST"] == ports["QRSCP"] == 11112
    assert ports["TDD"] == 11113
    assert ports["TMS"] == ports["UPSSCP"] == 11114
    assert ports["PPVS_SCP"] == ports["NEVENT_RECEIVER"] == 11115
    assert {entity.host for entity in directory} == {"127.0.0.1"}


def test_optional_keys_are_read_and_foreign_ones_passed_over(tmp_path: Path) -> None:
    path = write(tmp_path, [OST | {"TLS": True, "Machine": "FX1", "Comment": "ours"}])
    entity = load_ae_directory(path).lookup("OST")
    assert entity == ApplicationEntity("OST", "127.0.0.1", 11112, tls=True, machine="FX1")


def test_a_byte_order_mark_does_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "aes.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps([OST]).encode())
    assert "OST" in load_ae_directory(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "is no JSON"),
        ({}, "must be a JSON list"),
        ([], "at least one"),
        (["OST"], "entry 1: is not an object"),
        ([OST, {"AETitle": "TDD"}], "entry 2: IPAddr is missing"),
        ([OST, OST], "entry 2: AE title OST stands twice"),
        ([OST | {"AETitle": ""}], "must have 1 to 16 characters"),
        ([OST | {"AETitle": "A" * 17}], "must have 1 to 16 characters"),
        ([OST | {"AETitle": "A\\B"}], "without backslash"),
        ([OST | {"AETitle": "A\nB"}], "control characters"),
        ([OST | {"AETitle": "ÄE"}], "ASCII"),
        ([OST | {"AETitle": 7}], "AETitle must be a str"),
        ([OST | {"Port": "11112"}], "Port must be a int"),
        ([OST | {"Port": True}], "Port must be a int"),
        ([OST | {"Port": 0}], "Port 0 is not in 1 to 65535"),
        ([OST | {"Port": 65536}], "Port 65536 is not in 1 to 65535"),
        ([OST | {"IPAddr": " "}], "the address is empty"),
    ],
)
def test_an_unusable_file_is_refused_with_file_and_entry(
    tmp_path: Path, content: object, words: str
) -> None:
    path = write(tmp_path, content)
    with pytest.raises(ConfigError, match=words) as caught:
        load_ae_directory(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.json: cannot be read"):
        load_ae_directory(tmp_path / "nowhere.json")


def test_search_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    user = tmp_path / "user"
    here = tmp_path / "here"
    for folder in (user, here):
        folder.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.delenv("TDWII_AE_CONFIG", raising=False)
    monkeypatch.setattr("tdwii_gui.config.ae_directory.user_config_folder", lambda: user)

    assert find_ae_directory() == default_ae_directory_path()
    in_user = write(user, [OST])
    assert find_ae_directory() == in_user
    in_here = write(here, [OST])
    assert find_ae_directory().resolve() == in_here
    monkeypatch.setenv("TDWII_AE_CONFIG", "/named/by/environment.json")
    assert find_ae_directory() == Path("/named/by/environment.json")
    assert find_ae_directory(Path("explicit.json")) == Path("explicit.json")


def test_lookup_names_the_known_titles() -> None:
    directory = AeDirectory([ApplicationEntity("OST", "127.0.0.1", 11112)], source="aes.json")
    with pytest.raises(ConfigError, match=r"'PACS' is not in aes.json \(known: OST\)"):
        directory.lookup("PACS")
    assert directory.lookup(" OST ").port == 11112
    assert " OST " in directory
    assert 7 not in directory


def test_an_entry_is_replaced_at_run_time() -> None:
    directory = AeDirectory([ApplicationEntity("OST", "127.0.0.1", 11112)])
    directory.register(ApplicationEntity("OST", "10.0.0.1", 104))
    directory.register(ApplicationEntity("TMS", "10.0.0.2", 104))
    assert [str(entity) for entity in directory] == ["OST (10.0.0.1:104)", "TMS (10.0.0.2:104)"]
