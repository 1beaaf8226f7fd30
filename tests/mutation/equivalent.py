"""Mistakes that change nothing anybody could notice, and why; they are not tried."""

CHOSEN = "a number that was chosen; tests take it from here"

# Module → what the mistake is called → why it is none.
EQUIVALENT: dict[str, dict[str, str]] = {
    "app/access.py": {
        "module: hours=12 → hours=13": CHOSEN,
        "study_for: study is None or granted is None → granted is None": "without a study nothing is granted",
    },
    "app/participation/order.py": {
        "williams_square: size > 1 → size > 2": "asked of odd sizes alone, and neither 1 nor 3 changes sides",
    },
}
