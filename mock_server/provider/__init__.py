"""Provider: sends whole lives of messages, with retries, duplicates and reordered states on request."""
