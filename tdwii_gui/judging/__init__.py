"""Judging: which requirements of the profile a system has met, by the recorded messages."""
