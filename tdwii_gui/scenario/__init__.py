"""Scenarios: TOML files that say what actors do, what is expected, and what goes wrong."""
