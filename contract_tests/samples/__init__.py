"""Recorded deliveries: reading them, masking what is personal, and choosing what may be delivered."""
