"""The other process: loads students and lets them answer. Nothing the web process loads may import it."""
