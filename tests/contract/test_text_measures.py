"""What is counted in texts, against values known by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.contract import text_measures
from app.contract.answers import answer_key
from app.contract.text_measures import (
    agrees_with,
    count_words,
    distractors_mentioned,
    is_repetitive,
    measure,
    mentioned,
    own_answer,
    wilson_interval,
    words_of,
)
from app.runs.planning import Asked, plan_batches

CHOICES = ["ice cream", "ice", "fire"]
BANK = ("river bank", "river", "St. Paul, Mn.", "bank", "bank")


@pytest.mark.parametrize(
    "text,words",
    [
        ("", []),
        (" – … ! ", []),
        ("The bank’s vault isn't ‘Open’.", ["the", "bank", "vault", "isn't", "open"]),
        (
            "It's 3.5 km, or 1,000 well-known steps.2",
            ["it", "3.5", "km", "or", "1,000", "well", "known", "steps", "2"],
        ),
        ("e\u0301te\u0301", ["e\u0301te\u0301"]),  # accents that are characters of their own
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("می\u200cخواهم بروم", ["می\u200cخواهم", "بروم"]),
        ("这是一个句子。", ["这是一个句子"]),  # white space would divide nothing either
    ],
)
def test_words_are_counted_as_a_reader_would_in_any_script(text: str, words: list[str]) -> None:
    assert words_of(text) == words
    assert count_words(text) == len(words)


def test_all_that_is_stored_is_measured() -> None:
    text = "The answer is fire. It is hot here. It is hot here."
    found = measure(text, " Ice ", CHOICES, "ice")
    assert found == text_measures.Measures(
        is_answer_correct=True,
        answer_key=answer_key("ice"),
        word_count=12,
        character_count=51,
        distractors_mentioned=1,
        is_empty=False,
        is_repetitive=True,
        is_contradicting=True,
    )
    empty = measure(" ", None, CHOICES, "ice")
    assert (empty.is_empty, empty.is_answer_correct, empty.is_contradicting) == (True, False, False)
    fine = measure("The answer is ice cream, because it is cold and sweet.", "ice cream", CHOICES, "ice")
    assert (fine.is_repetitive, fine.is_contradicting, fine.distractors_mentioned) == (False, False, 0)


def test_answers_have_the_same_key_exactly_if_they_are_the_same_answer() -> None:
    assert answer_key(" Straße ") == answer_key("STRASSE")
    assert answer_key(None) == answer_key("")
    assert len({answer_key(one) for one in ("ice", "ice cream", "i ce", None)}) == 4
    assert all(-(2**63) <= answer_key(str(number)) < 2**63 for number in range(100))


def test_a_loop_without_full_stops_is_repetitive() -> None:
    assert is_repetitive("one two three four five six " * 3)
    assert not is_repetitive("Yes. Yes. A long day, a long night.")


@pytest.mark.parametrize(
    "text,is_so",
    [
        ("It rains. It rains.", False),  # of two words
        ("It rains now. It RAINS, now! So what?", True),
        ("It rains now\nit rains now", True),
        ("It rains now. It rains then.", False),
        ("one two three four five six " * 2, False),
        ("one two three four five six and " * 3, True),
        (
            "one two three four five and more: one two three four five and less; one two three four five",
            False,
        ),
        ("", False),
    ],
)
def test_repetitive_is_a_sentence_of_three_words_twice_or_six_words_three_times(
    text: str, *, is_so: bool
) -> None:
    assert is_repetitive(text) == is_so


def test_a_choice_is_mentioned_where_its_words_stand_in_a_row() -> None:
    assert mentioned("By the RIVER\nbank's side; bank or river!", BANK) == ["river bank", "river", "bank"]
    assert mentioned("The banker's rivers", BANK) == []
    assert mentioned("anything?", ["?", ""]) == []
    assert mentioned("Saint or St Paul (Mn), whichever", BANK) == ["St. Paul, Mn."]


def test_a_choice_within_a_longer_one_is_not_mentioned() -> None:
    assert mentioned("Ice cream ice cream", CHOICES) == ["ice cream"]
    assert mentioned("Ice cream is ice.", CHOICES) == ["ice cream", "ice"]


def test_distractors_are_the_choices_other_than_the_answer_that_is_explained() -> None:
    """Else who answers wrongly and speaks of the own answer alone would seem to weigh the others."""
    assert distractors_mentioned("It is fire, so hot.", " Fire", CHOICES) == 0
    assert distractors_mentioned("It is fire, no ice.", "ice", CHOICES) == 1
    assert distractors_mentioned("It is fire, no ice.", None, CHOICES) == 2
    assert distractors_mentioned("A river, St Paul Mn, a bank; a river.", "bank", BANK) == 2
    assert distractors_mentioned("", "bank", BANK) == 0
    assert distractors_mentioned("fire, fire and ice", "ice", [*CHOICES, " FIRE"]) == 1


@pytest.mark.parametrize(
    "text,sentences,negations",
    [
        ("", 0, 0),
        ("no end", 1, 1),
        ("It isn't so. It can’t be “so.” Nobody cannot know! Really?", 4, 4),
        ("About 3.5 knots, another note. Nothing (at all.)", 2, 1),
    ],
)
def test_sentences_and_negations_are_counted(text: str, sentences: int, negations: int) -> None:
    assert text_measures.count_sentences(text) == sentences
    assert text_measures.count_negations(text) == negations


def test_repetition_is_the_share_of_four_word_runs_that_were_there_before() -> None:
    assert text_measures.repetition("one two three") == 0
    assert text_measures.repetition("one two three four five") == 0
    # Runs: abca, bcab, cabc, abca again, bcab again.
    assert text_measures.repetition("a b c a b c a b") == pytest.approx(2 / 5)
    assert text_measures.repetition("so so so so so so so so so so so so so") == pytest.approx(0.9)


@pytest.mark.parametrize(
    "text,own",
    [
        ("The answer is bank.", "bank"),
        ("The answer is river. No, the correct answer would be: (D) Bank because of money.", "bank"),
        ("So the answer is “river bank”.", "river bank"),
        ("Answer: b) river", "river"),
        ("The answer is St. Paul, Mn. It lies there.", "St. Paul, Mn."),
        ("The answer is river. The answer is clear.", "river"),
        ("The answer is not the river but elsewhere.", None),
        ("The answer is banks.", None),
        ("The answer is a river.", "river"),
        ("The answer is the river bank.", "river bank"),
        ("The correct answer would be: an “bank”", "bank"),
        ("The answer is another bank.", None),
        ("The answer is the the bank.", None),
        ("It is the bank.", None),
    ],
)
def test_an_explanations_own_answer_is_the_last_choice_it_says_is_the_answer(
    text: str, own: str | None
) -> None:
    assert own_answer(text, BANK) == own


def test_a_choice_that_begins_with_an_article_is_itself() -> None:
    assert own_answer("The answer is the cold.", ["cold", "the cold", "heat"]) == "the cold"
    assert own_answer("The answer is A.", ["A", "B"]) == "A"


@pytest.mark.parametrize(
    "choices,answer,text,others",
    [
        (("-3", "3", "5"), "3", "The answer is 3.", 0),
        (("-3", "3", "5"), "-3", "The answer is -3, not 5.", 1),
        (("10", "10%", "20"), "10", "The answer is 10.", 0),
        (("10", "10 %", "20"), "10 %", "The answer is 10 %, half of 20.", 1),
        (("C", "C++", "Rust"), "C", "The answer is C.", 0),
        (("C", "C++", "Rust"), "C++", "The answer is C++.", 0),
    ],
)
def test_choices_that_differ_only_in_signs_are_not_taken_for_each_other(
    choices: tuple[str, ...], answer: str, text: str, others: int
) -> None:
    found = measure(text, answer, choices, choices[0])
    assert (found.is_contradicting, found.distractors_mentioned) == (False, others)
    assert measure(text, choices[2], choices, choices[0]).is_contradicting


@pytest.mark.parametrize(
    "text,answer,is_so",
    [
        ("The answer is fire.", "ice", True),
        ("The answer is a fire.", "ice", True),
        ("The answer is fire.", " FIRE ", False),
        ("The answer is fire.", "water", False),  # is no choice itself
        ("The answer is fire.", None, False),
        ("The answer is water.", "ice", False),
        ("The answer is ice cream, not fire.", "ice", True),  # the longest of those that begin there
        ("The answer is fire. No: the answer is ice.", "ice", False),  # the last one counts
        ("Answer: fire", "ice", True),
        ("THE CORRECT ANSWER IS fire", "ice", True),
        ("Fire, because it is hot.", "ice", False),
    ],
)
def test_contradicting_is_naming_another_choice_as_the_answer(
    text: str, answer: str | None, *, is_so: bool
) -> None:
    assert measure(text, answer, CHOICES, "fire").is_contradicting == is_so


def test_what_is_longer_than_three_hundred_letters_is_no_answer_that_somebody_names() -> None:
    assert own_answer(f"Answer: {'b' * 300}", ["b" * 300]) == "b" * 300
    assert own_answer(f"Answer: {'b' * 301}", ["b" * 301]) is None


def test_a_text_agrees_with_an_answer_only_if_both_name_a_choice() -> None:
    assert agrees_with("The answer is bank.", "BANK ", BANK) is True
    assert agrees_with("The answer is bank.", "river", BANK) is False
    for text, answer in (
        ("It is so.", "bank"),
        ("The answer is bank.", None),
        ("The answer is bank.", "a safe"),
    ):
        assert agrees_with(text, answer, BANK) is None


def test_the_interval_is_wilsons() -> None:
    assert wilson_interval(8, 10) == pytest.approx((0.4901625, 0.9433178), abs=1e-6)


@given(st.integers(1, 10**6), st.data())
def test_the_interval_holds_the_share_and_turns_round_with_it(total: int, data: st.DataObject) -> None:
    right = data.draw(st.integers(0, total))
    low, high = wilson_interval(right, total)
    assert 0 <= low <= right / total + 1e-12
    assert right / total - 1e-12 <= high <= 1
    assert wilson_interval(total - right, total) == pytest.approx((1 - high, 1 - low), abs=1e-12)


@pytest.mark.parametrize("right,total", [(0, 0), (-1, 5), (6, 5)])
def test_no_share_has_no_interval(right: int, total: int) -> None:
    with pytest.raises(ValueError, match="right"):
        wilson_interval(right, total)


def test_batches_are_planned_longest_first_within_both_limits() -> None:
    asked = [Asked(number, 35 * number) for number in range(1, 8)]
    assert plan_batches(asked, 10, most_questions=3) == [[7, 6, 5], [4, 3, 2], [1]]
    assert [len(batch) for batch in plan_batches(asked, 10, most_tokens=140)] == [1, 2, 4]
