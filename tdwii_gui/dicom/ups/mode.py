"""How strictly the UPS service takes the standard."""

from __future__ import annotations

from enum import StrEnum


class ServiceMode(StrEnum):
    """What the service does with requests that the standard does not allow.

    ``LENIENT``
        Accepts what the field's sample code sends: elements of the command and of file meta
        information and the SOP UIDs within data sets (PS3.4 5.4.2.3), which are left out, and
        the UID of any UPS SOP Class in a message. The log tells of it.
    ``STANDARD``
        Refuses these. Each context serves all services of UPS, and the SOP Class in a message is
        UPS Push (PS3.4 CC.3.1.1) or that of the context.
    ``STRICT``
        Also refuses services that the SOP Class of the context does not have, any SOP Class but
        UPS Push, a CANCELED without a Discontinuation Reason Code (PS3.4 CC.2.5.1.1, code X), an
        N-CREATE without the Issuer of Patient ID Qualifiers that the field leaves out, N-SET of
        attributes that the step does not have, and what TDW-II does not allow.
    """

    LENIENT = "lenient"
    STANDARD = "standard"
    STRICT = "strict"
