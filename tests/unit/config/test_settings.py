from __future__ import annotations

from pathlib import Path

import pytest

from tdwii_gui.config.settings import (
    OstSettings,
    Settings,
    TmsSettings,
    ae_titles,
    find_settings,
    load_settings,
    settings_toml,
)
from tdwii_gui.dicom.errors import ConfigError


def write(folder: Path, text: str) -> Path:
    path = folder / "settings.toml"
    path.write_text(text)
    return path


def test_without_a_file_the_defaults_hold() -> None:
    settings = load_settings(None)
    assert settings == Settings()
    assert settings.tdd.ae_title == "TDD"
    assert settings.tdd.bind_address == "127.0.0.1"
    assert settings.network.connect_timeout == 3.0


def test_what_the_file_does_not_name_keeps_its_default(tmp_path: Path) -> None:
    path = write(tmp_path, '[tdd]\nmachine = "FX1"\nport = 0\n[network]\ndimse_timeout = 3\n')
    settings = load_settings(path)
    assert settings.tdd.machine == "FX1"
    assert settings.tdd.port == 0
    assert settings.tdd.tms_ae_title == "TMS"
    assert settings.network.dimse_timeout == 3.0
    assert settings.source == str(path)


def test_the_fields_sample_files_are_accepted(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        '[DEFAULT]\n  ups_ae_title = "UPSSCP"\n  qr_ae_title = "QRSCP"\n  ae_title = "PPVS"\n'
        '  import_staging_directory = "~/ppvs_staging"\n  machine = "FX1"\n'
        '  plan_path = "~/plans"\n  export_staging_directory = "/tmp/export"\n',
    )
    settings = load_settings(path)
    assert settings.ppvs.tms_ae_title == "UPSSCP"
    assert settings.ppvs.ost_ae_title == "QRSCP"
    assert settings.ppvs.ae_title == "PPVS"
    assert settings.ppvs.machine == "FX1"
    assert settings.ppvs.import_staging_directory == str(Path.home() / "ppvs_staging")
    assert settings.creator.plan_path == str(Path.home() / "plans")
    assert settings.creator.export_staging_directory == "/tmp/export"


def test_an_actors_own_table_wins_over_the_common_one(tmp_path: Path) -> None:
    path = write(tmp_path, '[DEFAULT]\nups_scp_ae_title = "A"\n[tdd]\nups_ae_title = "B"\n')
    settings = load_settings(path)
    assert settings.tdd.tms_ae_title == "B"
    assert settings.creator.tms_ae_title == "A"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x", "is no TOML"),
        ("[pacs]\n", "unknown table 'pacs'"),
        ("tdd = 3\n", r"\[tdd\]: must be a table"),
        ('[tdd]\nmachin = "FX1"\n', r"\[tdd\]: unknown key 'machin' \(known: ae_title"),
        ("[tdd]\nmachine = 3\n", r"\[tdd\]: machine must be a str"),
        ('[tdd]\nport = "x"\n', r"\[tdd\]: port must be a int"),
        ("[tdd]\nport = 70000\n", "port 70000 is not in 0 to 65535"),
        ('[tms]\nae_title = "A\\\\B"\n', r"\[tms\]: AE title .* without backslash"),
        ("[network]\nacse_timeout = 0\n", "acse_timeout must be more than 0"),
        (
            "[network]\nmaximum_message_megabytes = 0\n",
            "maximum_message_megabytes must be more than 0",
        ),
        ("[network]\ntls_certificate = 1\n", "tls_certificate must be a str"),
        ("[ppvs]\nsubscribe = 1\n", "subscribe must be a bool"),
        ('[ppvs]\nsubscription = "some"\n', "subscription 'some' is none of global, filtered"),
    ],
)
def test_an_unusable_file_is_refused_with_file_table_and_key(
    tmp_path: Path, text: str, words: str
) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError, match=words) as caught:
        load_settings(path)
    assert str(path) in str(caught.value)


def test_settings_survive_being_written(tmp_path: Path) -> None:
    first = load_settings(write(tmp_path, '[ppvs]\nsubscribe = true\nmachine = "FX1"\nport = 4\n'))
    again = load_settings(write(tmp_path, settings_toml(first)))
    assert again == first


def test_search_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TDWII_CONFIG", raising=False)
    monkeypatch.setattr("tdwii_gui.config.settings.user_config_folder", lambda: tmp_path)
    assert find_settings() is None
    in_user = write(tmp_path, "")
    assert find_settings() == in_user
    monkeypatch.setenv("TDWII_CONFIG", "named.toml")
    assert find_settings() == Path("named.toml")
    assert find_settings(Path("explicit.toml")) == Path("explicit.toml")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: cannot be read"):
        load_settings(tmp_path / "none.toml")


def test_tls_is_off_until_there_is_a_certificate(tmp_path: Path) -> None:
    """Then it is for listening too, and clients need a certificate."""
    assert load_settings(None).network.tls_certificate == ""
    path = write(tmp_path, '[network]\ntls_certificate = "own.pem"\ntls_key = "own.key"\n')
    network = load_settings(path).network
    assert (network.tls_certificate, network.tls_key) == ("own.pem", "own.key")
    assert network.tls_listen
    assert not network.tls_anonymous_clients


def test_ae_titles_are_divided_by_commas() -> None:
    assert ae_titles("") == ()
    assert ae_titles("TDD, MY PPVS ,") == ("TDD", "MY PPVS")


@pytest.mark.parametrize("kind", [OstSettings, TmsSettings])
def test_a_receiver_that_is_no_ae_title_is_refused(kind: type) -> None:
    assert kind(mpps_receivers="TDD,PPVS_SCP").mpps_receivers == "TDD,PPVS_SCP"
    with pytest.raises(ConfigError):
        kind(mpps_receivers="TDD,A\\B")


def test_the_days_of_a_course_have_limits(tmp_path: Path) -> None:
    text = (
        '[creator]\nholidays_path = "~/h.txt"\nfractions_per_day = 2\nminimum_interval_hours = 8\n'
    )
    creator = load_settings(write(tmp_path, text)).creator
    assert creator.holidays_path == str(Path.home() / "h.txt")
    assert (creator.fractions_per_day, creator.minimum_interval_hours) == (2, 8.0)
    for wrong in ("fractions_per_day = 0", "minimum_interval_hours = -1.0"):
        with pytest.raises(ConfigError, match=r"\[creator\]: .* must be"):
            load_settings(write(tmp_path, f"[creator]\n{wrong}\n"))


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ('warn_only_checks = "approval, aproval"', "'aproval' is no check"),
        ("tms_wait_seconds = -1", "tms_wait_seconds must be 0 or more"),
        ("delivery_noise = 0.2", "delivery_noise must be from 0 to 0.1"),
    ],
)
def test_settings_of_a_delivery_that_make_no_sense_are_refused(
    tmp_path: Path, setting: str, words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        load_settings(write(tmp_path, f"[tdd]\n{setting}\n"))
