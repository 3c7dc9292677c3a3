"""What a bare SCU needs to get each of its responses.

pynetdicom's own thread of an association takes one response in a thousand for a request, under
load, and drops it: the SCU then waits until its time limit.
"""

from __future__ import annotations

from typing import Final

from pynetdicom import evt

from tdwii_gui.dicom.net.reactor_checkpoint import install_checkpoint

KEEPS_RESPONSES: Final = (evt.EVT_CONN_OPEN, lambda event: install_checkpoint(event.assoc))
