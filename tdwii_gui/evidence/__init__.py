"""Evidence packs: a run as a report with its messages, packets and objects; their comparison."""
