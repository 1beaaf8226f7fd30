"""Mistakes that change nothing anybody could notice, and why; they are not tried."""

CHOSEN = "a number that was chosen; tests take it from here"
STEPS = "(step for step in (*range(1, size), 0) if square[half][-1] != square[half + step][0])"

# Module → what the mistake is called → why it is none.
EQUIVALENT: dict[str, dict[str, str]] = {
    "app/access.py": {
        "module: hours=12 → hours=13": CHOSEN,
        "study_for: study is None or granted is None → granted is None": "without a study nothing is granted",
    },
    "app/contract/student.py": {"write_student: indent=2 → indent=3": "layout"},
    "app/participation/assignment.py": {
        "module: 2 ** 8 → 2 * 8": CHOSEN,
        "module: LOAD_UNIT * LOADS * 2 → LOAD_UNIT * LOADS + 2": "above every cost, too",
        "plan_assignments: LOOK_AHEAD_MATCHINGS // ways → LOOK_AHEAD_MATCHINGS * ways": "a budget of time",
    },
    "app/participation/order.py": {
        "williams_square: size > 1 → size > 2": "asked of odd sizes alone, and neither 1 nor 3 changes sides",
        "block_rows: first_row - half → first_row + half": "the same modulo the size, which divides both",
        f"block_rows: next({STEPS}, 0) → next({STEPS}, 1)": "one condition has one row, whatever the step",
    },
}
