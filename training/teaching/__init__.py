"""What the teacher stage asks with: endpoints, local models, prompts, replies, and the files it writes."""
