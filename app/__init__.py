"""Honeyglass: find out how well people understand small language models."""

import os

# NumPy's threads wait by spinning, and our matrices are small: with two threads the analysis of the published
# study takes five times as long as with one. Read when NumPy is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
