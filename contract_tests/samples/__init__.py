"""Recorded deliveries: reading, masking and selection of recordings for a run."""
