"""Recordings: what travelled on the associations, as messages, packets and objects."""
