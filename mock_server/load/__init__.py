"""Load beyond one process: one campaign over many workers; the engine is Locust, an optional extra."""
