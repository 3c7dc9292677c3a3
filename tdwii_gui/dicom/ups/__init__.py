"""The rules of the Unified Procedure Step service (PS3.4 Annex CC). No sockets."""
