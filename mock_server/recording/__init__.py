"""What the mock keeps of the deliveries that came: written by one thread, bounded, and read by whoever looks."""
