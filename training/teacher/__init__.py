"""The teacher stage, and what it asks with: endpoints, local models, prompts, replies and its files."""
