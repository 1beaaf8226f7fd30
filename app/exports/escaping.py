"""How texts that people wrote go into files that programs run: one way for each kind of file."""

from datetime import datetime

from app.exports.base import Cell

# What a spreadsheet would run as a formula when it opens the file; the last four are full-width signs.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
LATEX = {
    "\\": r"\textbackslash{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "`": r"\textasciigrave{}",
    "<": r"$<$",
    ">": r"$>$",
    "|": r"$|$",
    # A row that began with one of these would be read as an argument of the line break before it.
    "[": "{[}",
    "]": "{]}",
    "*": "{*}",
    "×": r"$\times$",
    "–": "--",
    "²": r"$^2$",
    "α": r"$\alpha$",
    "δ": r"$\delta$",
    "ε": r"$\varepsilon$",
    "η": r"$\eta$",
    "ρ": r"$\rho$",
    "χ": r"$\chi$",
}


def one_line(text: str) -> str:
    """A text without line breaks and control characters: what stands in a comment stays in it."""
    return "".join(letter for letter in " ".join(text.split()) if letter.isprintable())


def latex(text: str) -> str:
    return "".join(LATEX.get(letter, letter) for letter in one_line(text))


def r_string(text: str) -> str:
    """An R string in ASCII, which R reads alike in every locale."""
    return '"' + "".join(map(r_letter, text)) + '"'


def r_letter(letter: str) -> str:
    if letter.isascii() and letter.isprintable() and letter not in '"\\':
        return letter
    return f"\\U{ord(letter):08x}"


def defused(text: str) -> str:
    """A text for a CSV cell; what a spreadsheet would run gets an apostrophe in front."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def cell_text(cell: Cell) -> str | int | float:
    """A CSV cell as it is written: times in ISO 8601 UTC, true and false in lower case, no formulas."""
    match cell:
        case None:
            return ""
        case bool():
            return "true" if cell else "false"
        case datetime():
            return iso(cell)
        case str():
            return defused(cell)
        case _:
            return cell


def iso(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
