"""The test set, for evaluation alone: nothing that trains may import this (import-linter checks it).

Training is given fingerprints of the test questions, to refuse data that hold one of them, and nothing else.
"""

from collections.abc import Sequence
from pathlib import Path

from training.data import DataFormat, Example, read_examples


def read_test_set(paths: Sequence[Path], data_format: DataFormat) -> list[Example]:
    """Raises: InvalidFile."""
    return [example for path in paths for example in read_examples(path, data_format)]


def fingerprints(paths: Sequence[Path], data_format: DataFormat) -> frozenset[str]:
    """Ids and hashes of the words, from which no question can be read. Raises: InvalidFile."""
    examples = read_test_set(paths, data_format)
    return frozenset(mark for one in examples for mark in (one.id, one.fingerprint))
