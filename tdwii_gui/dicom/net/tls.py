"""TLS for both sides of an association (PS3.15 B.12, "BCP 195 RFC 8996, 9325 TLS Profile").

TLS 1.2 or later, each side with a certificate that the other one checks against its own list of
authorities. There is no falling back to a connection without TLS.
"""

from __future__ import annotations

import os
import ssl
import stat
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom.errors import ConfigError

if TYPE_CHECKING:
    from tdwii_gui.config.ae_directory import ApplicationEntity


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Files in PEM format; empty where there is none.

    Parameters
    ----------
    certificate, key : str
        The own certificate, with those that it builds on, and its private key.
    authorities : str
        The certificates by which those of peers are checked.
    """

    certificate: str = ""
    key: str = ""
    authorities: str = ""


NO_FILES: Final = TlsFiles()


def server_context(files: TlsFiles, *, anonymous_clients: bool = False) -> ssl.SSLContext:
    """Return the TLS settings of a listening AE.

    Parameters
    ----------
    anonymous_clients : bool
        Lets peers without a certificate connect.

    Raises
    ------
    ConfigError
        If a file is missing, not usable, or is a private key that others can read; the message
        names the setting and the file.
    """
    if not files.certificate:
        raise ConfigError("TLS needs a certificate: tls_certificate is empty")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _set_up(context, files)
    if anonymous_clients:
        return context
    if not files.authorities:
        raise ConfigError("TLS checks the certificates of clients: tls_ca is empty")
    context.verify_mode = ssl.CERT_REQUIRED
    return context


@lru_cache(maxsize=8)
def client_context(files: TlsFiles) -> ssl.SSLContext:
    """Return the TLS settings for associations with peers whose entry has "TLS".

    Raises
    ------
    ConfigError
        As of `server_context`; a certificate is not needed, but most peers demand one.
    """
    if not files.authorities:
        raise ConfigError("TLS checks the certificates of peers: tls_ca is empty")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # An AE directory names addresses, which are not in certificates; trust comes from tls_ca,
    # which is no public list.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED
    _set_up(context, files)
    return context


def tls_arguments(files: TlsFiles, peer: ApplicationEntity) -> tuple[ssl.SSLContext, str] | None:
    """Return what `AE.associate` needs for a peer; None for one without TLS.

    Raises
    ------
    ConfigError
        As of `client_context`; the message names the peer.
    """
    if not peer.tls:
        return None
    try:
        return client_context(files), peer.host
    except ConfigError as error:
        raise ConfigError(f"{peer}: {error}") from error


def _set_up(context: ssl.SSLContext, files: TlsFiles) -> None:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if files.certificate:
        certificate = _existing("tls_certificate", files.certificate)
        key = _existing("tls_key", files.key or files.certificate)
        _check_private(key)
        try:
            context.load_cert_chain(certificate, key, password="")
        except (OSError, ValueError) as error:
            raise ConfigError(f"{certificate} and {key} are no certificate and its key") from error
    if files.authorities:
        authorities = _existing("tls_ca", files.authorities)
        try:
            context.load_verify_locations(authorities)
        except (OSError, ValueError) as error:
            raise ConfigError(f"{authorities} holds no certificates") from error


def _existing(setting: str, name: str) -> Path:
    path = Path(name).expanduser()
    if not path.is_file():
        raise ConfigError(f"{setting}: there is no file {path}")
    return path


def _check_private(key: Path) -> None:
    if os.name == "posix" and key.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigError(f"{key}: others can read this private key (chmod 600)")
