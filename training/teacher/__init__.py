"""The teacher stage, and what it asks with: endpoints, local models, prompts, replies, the files it writes."""
