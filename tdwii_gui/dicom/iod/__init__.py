"""Data sets: views that read them, builders that make them. No files kept, no sockets."""
