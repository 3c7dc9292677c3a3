"""Persistence: databases and Part 10 files. No sockets."""
