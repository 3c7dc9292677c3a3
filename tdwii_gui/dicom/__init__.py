"""The DICOM service layer that all actors share. No Qt."""
