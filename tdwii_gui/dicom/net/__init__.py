"""The network: the only package that imports pynetdicom."""
