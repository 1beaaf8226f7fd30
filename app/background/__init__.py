"""The process that does staff's heavy work, so that no participant waits for it."""
