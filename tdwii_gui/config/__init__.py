"""AE directory, settings and paths: everything that a user configures."""
