"""Emulators of the actors of the IHE-RO Treatment Delivery Workflow II profile.

Not for clinical use.
"""

__version__ = "0.1.0"
