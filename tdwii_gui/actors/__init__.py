"""The actors of the profile: one class each, one method per transaction."""
