"""What anybody would try first is no password; what nobody would is one."""

import pytest

from app.accounts.guessing import is_easy, known_words, walks_of

ADA = "ada@example.org"


@pytest.mark.parametrize(
    "password",
    [
        *(
            "minecraft1234567",
            "Fortnite-Roblox-99",
            "ilovemetallica666",
            "R0naldo+Messi2026",
            "LegoStarWars2024",
        ),
        *("Adidas.Nike.Puma", "soleilmotdepasse"),
    ],
)
def test_games_brands_and_names_are_found_with_whatever_digits_stand_around_them(password: str) -> None:
    assert is_easy(password, ADA)


@pytest.mark.parametrize(
    "password",
    [
        *("zaq12wsxcde34rfv", "1qaz2wsx3edc4rfv", "1qazxsw23edcvfr4", "zaq1xsw2cde3vfr4", "qazwsxedcrfvtgb"),
        *("qazxswedcvfrtgb", "vfr45tgbnhy67ujm", "!QAZ2wsx#EDC4rfv", "yaq12wsxcde34rfv", "1aqw2zsx3edc4rfv"),
        *("1q2w3e4r5t6y7u8i", "qwertyuiop123456", "8ik9ol0p7ujm6yhn"),
    ],
)
def test_walks_over_the_keyboard_are_found_in_rows_and_columns_of_three_layouts(password: str) -> None:
    assert is_easy(password, ADA)


def test_columns_are_walked_down_up_and_in_turn_with_and_without_digits() -> None:
    assert set(walks_of(["1qa", "2ws"])) == {
        *("1qa2ws", "aq1sw2", "1qasw2", "aq12ws"),
        *("qaws", "aqsw", "qasw", "aqws"),
    }


@pytest.mark.parametrize(
    "password",
    [
        *("seven bees in a jar", "nine cups of tea", "a long enough one", "correct zebra nails kettle"),
        *("minecraft kettle zebra", "zaq12wsx kettles rust", "vB7#kqLw9!xTz2pR"),
    ],
)
def test_words_that_do_not_belong_together_and_chance_letters_are_passwords(password: str) -> None:
    assert not is_easy(password, ADA)


def test_the_bundled_list_is_read_whole_and_in_small_letters() -> None:
    assert {"minecraft", "correcthorsebattery", "qwertyuiop", "poiuytrewq", "zaq12wsx"} <= known_words()
    assert all(word == word.casefold() and " " not in word for word in known_words())
