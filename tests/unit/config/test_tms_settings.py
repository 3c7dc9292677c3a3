"""Settings of the TMS."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tdwii_gui.config.settings import TMS_MODES, Settings, TmsSettings, load_settings, settings_toml
from tdwii_gui.dicom.errors import ConfigError
from tdwii_gui.dicom.ups.mode import ServiceMode

if TYPE_CHECKING:
    from pathlib import Path


def tms(folder: Path, text: str) -> TmsSettings:
    path = folder / "settings.toml"
    path.write_text(f"[tms]\n{text}\n")
    return load_settings(path).tms


def test_the_modes_are_those_of_the_service() -> None:
    assert set(TMS_MODES) == set(ServiceMode)


def test_all_keys_are_read_and_written(tmp_path: Path) -> None:
    given = TmsSettings(
        mode="lenient",
        database="postgresql://host/tms",
        known_aes_only=True,
        announce_going_down=True,
        event_maximum_age_hours=1.5,
    )
    path = tmp_path / "all.toml"
    path.write_text(settings_toml(Settings(tms=given)))
    assert load_settings(path).tms == given


@pytest.mark.parametrize(("text", "mode"), [("true", "strict"), ("false", "standard")])
def test_the_former_key_strict_is_still_read(tmp_path: Path, text: str, mode: str) -> None:
    assert tms(tmp_path, f"strict = {text}").mode == mode
    assert tms(tmp_path, "").mode == "standard"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('mode = "lax"', "mode 'lax' is none of lenient, standard, strict"),
        ('strict = "yes"', "strict must be a bool"),
        ("event_maximum_age_hours = 0", "event_maximum_age_hours must be more than 0"),
        ("known_aes_only = 1", "known_aes_only must be a bool"),
    ],
)
def test_a_wrong_value_is_refused_by_name(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        tms(tmp_path, text)


def test_the_worklist_is_in_the_data_folder_or_where_the_url_says(tmp_path: Path) -> None:
    assert TmsSettings().worklist_in(tmp_path) == tmp_path / "tms" / "ups.sqlite"
    url = "postgresql://host/tms"
    assert TmsSettings(database=url).worklist_in(tmp_path) == url
