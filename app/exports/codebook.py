"""The codebook: for every column of every table its label, values and what an empty cell means."""

from collections.abc import Iterable, Iterator, Sequence

from app.contract.study import Construct, StudyDefinition
from app.exports.base import Cell, Source, Table
from app.exports.columns import COLUMNS, QUESTIONNAIRE, kind_of

CODEBOOK_COLUMNS = ("table", "column", "label", "type", "values", "missing")
Line = tuple[str, str, str, str]  # label, type, values, missing


def codebook(source: Source, tables: Sequence[tuple[str, Table]]) -> Table:
    """One row per column of each table, in their order."""
    words = Words(source.definitions)

    def lines() -> Iterator[tuple[Cell, ...]]:
        for name, content in tables:
            for column in content.columns:
                yield (name, column, *words.of(column, content))

    return Table(CODEBOOK_COLUMNS, lines())


class Words:
    """What a study's own words make of its columns; of several versions the newest that has them."""

    def __init__(self, definitions: Sequence[StudyDefinition]) -> None:
        constructs: dict[str, str] = {}
        conditions: dict[str, str] = {}
        scales: dict[str, str] = {}
        self.constructs: dict[str, Line] = {}
        self.questions: dict[str, Line] = {}
        for one in definitions:
            for construct in one.constructs:
                constructs[construct.key] = construct.statement
                scales[construct.key] = labels(one, construct)
            conditions |= {condition.key: condition.label for condition in one.conditions}
            for question in one.questionnaire:
                values = " | ".join(question.options)
                self.questions[QUESTIONNAIRE + question.key] = (question.text, "text", values, "not answered")
        for key, statement in constructs.items():
            self.constructs[key] = (statement, "integer", scales[key], "not asked in this version")
        alike = set(scales.values())
        self.values = {
            "condition": joined(conditions.items()),
            "construct": joined(constructs.items()),
            "value": alike.pop() if len(alike) == 1 else "by construct; see the table wide",
        }

    def of(self, name: str, content: Table) -> Line:
        if name in content.ratings:
            return self.constructs[name]
        if name in self.questions:
            return self.questions[name]
        column, kind = COLUMNS[name], kind_of(name, content.ratings)
        values = "true, false" if kind == "boolean" else self.values.get(name, "")
        return column.meaning, kind, values, column.missing


def labels(definition: StudyDefinition, construct: Construct) -> str:
    """The labels of a construct's scale, each with its number."""
    return joined((str(number), label) for number, label in enumerate(definition.scales[construct.scale], 1))


def joined(pairs: Iterable[tuple[str, str]]) -> str:
    return "; ".join(f"{key} = {label}" for key, label in pairs)
