"""A student's manifest without any model, for tests that need no PyTorch."""

import json


def make_manifest(**changes: object) -> str:
    step = {
        "name": "both",
        "input": "{question} {choices}",
        "max_new_tokens": 8,
        "read": {"answer": {}, "explanation": {}},
    }
    fields = {
        "schema_version": 1,
        "name": "student",
        "architecture": "decoder-only",
        "base": {"source": "hub", "id": "a/b"},
        "ask": {"default": "one", "ways": {"one": {"steps": [step]}}},
    }
    return json.dumps(fields | changes)
