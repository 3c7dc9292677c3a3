"""One module per family of `tdwii` commands."""
