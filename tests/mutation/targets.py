"""Which modules get mistakes, and which tests have to notice: the narrow ones, the fast ones first."""

CONTRACT = "tests/contract"
HOSTILE = f"{CONTRACT}/test_hostile_files.py"
STUDY = (f"{CONTRACT}/test_study_bounds.py", f"{CONTRACT}/test_study.py", "tests/studies/test_definition.py")

TARGETS: dict[str, tuple[str, ...]] = {
    "app/access.py": ("tests/test_access.py",),
    "app/analysis/exclusions.py": ("tests/analysis/test_exclusions.py",),
    "app/participants/service.py": ("tests/participants/test_routes.py", "tests/participation/test_ids.py"),
    "app/participation/assignment.py": ("tests/participation/test_assignment.py",),
    "app/participation/order.py": ("tests/participation/test_order.py",),
    "app/participation/dealing.py": (
        "tests/participation/test_reservations.py",
        "tests/participation/test_misbehaviour.py",
        "tests/participants/test_routes.py",
    ),
    "app/contract/accuracies.py": (f"{CONTRACT}/test_accuracies.py", "tests/analysis/accuracy/test_runs.py"),
    "app/contract/answers.py": (f"{CONTRACT}/test_answers.py",),
    "app/contract/base.py": (f"{CONTRACT}/test_base.py",),
    "app/contract/bundle.py": (f"{CONTRACT}/test_bundle.py", HOSTILE),
    "app/contract/cleaning.py": (f"{CONTRACT}/test_cleaning.py",),
    "app/contract/complaints.py": (f"{CONTRACT}/test_complaints.py", f"{CONTRACT}/test_study.py"),
    "app/contract/described.py": (f"{CONTRACT}/test_described.py",),
    "app/contract/files.py": (f"{CONTRACT}/test_files.py",),
    "app/contract/json_lines.py": (f"{CONTRACT}/test_json_lines.py", f"{CONTRACT}/test_bundle.py", HOSTILE),
    "app/contract/lesson.py": (f"{CONTRACT}/test_lesson.py",),
    "app/contract/plan.py": STUDY,
    "app/contract/question.py": (f"{CONTRACT}/test_question_set.py", f"{CONTRACT}/test_question_formats.py"),
    "app/contract/question_formats.py": (f"{CONTRACT}/test_question_formats.py",),
    "app/contract/question_set.py": (f"{CONTRACT}/test_question_set.py",),
    "app/contract/recruitment.py": (f"{CONTRACT}/test_recruitment.py", f"{CONTRACT}/test_study.py"),
    "app/contract/redaction.py": (f"{CONTRACT}/test_redaction.py",),
    "app/contract/student.py": (f"{CONTRACT}/test_student.py",),
    "app/contract/study.py": STUDY,
    "app/contract/text_measures.py": (f"{CONTRACT}/test_text_measures.py",),
    "app/contract/weights.py": (f"{CONTRACT}/test_weights.py",),
    "app/contract/words.py": STUDY,
}
