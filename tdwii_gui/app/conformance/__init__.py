"""The DICOM conformance statement and the IHE integration statement, made of what the suite has."""
