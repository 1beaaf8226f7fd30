"""The mistakes: each is one node of a module's syntax tree, replaced by another."""

import ast
import copy
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

# The others are not turned round: a condition that never or always holds is the smaller mistake.
COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
}
CALCULATED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
EXCHANGED = {"min": "max", "max": "min", "any": "all", "all": "any"}
# Calls that give back what they were called on, a little changed: without them it stays as it was.
LEFT_OUT = {
    *("where", "order_by", "limit", "with_for_update"),
    *("strip", "lstrip", "casefold", "lower", "removeprefix", "removesuffix", "dropna"),
}
# What is written for readers and type checkers, and what only says how a thing is made.
UNTOUCHED_FIELDS = {"annotation", "returns", "decorator_list", "bases", "type_params"}
UNTOUCHED = (ast.Import, ast.ImportFrom, ast.JoinedStr)


@dataclass(frozen=True)
class Place:
    """Where a node hangs: a field of its parent, or an entry of one."""

    parent: ast.AST
    field: str
    index: int | None
    node: ast.AST
    within: str

    def put(self, node: ast.AST) -> None:
        if self.index is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.index] = node


@dataclass(frozen=True)
class Mutant:
    """A mistake, named by where it is and what it changes, so that its name outlives a moved line."""

    name: str
    line: int
    module: ast.Module
    place: Place
    replacement: ast.AST

    @property
    def tree(self) -> ast.Module:
        """A copy of the module with the mistake in it."""
        self.place.put(self.replacement)
        changed = copy.deepcopy(self.module)
        self.place.put(self.place.node)
        return ast.fix_missing_locations(changed)


def mutants(source: str) -> Iterator[Mutant]:
    tree = ast.parse(source)
    used: Counter[str] = Counter()
    for place in places(tree):
        for replacement in replacements(place.node):
            name = f"{place.within}: {change(place, replacement)}"
            used[name] += 1
            name += f" ({used[name]})" if used[name] > 1 else ""
            line = getattr(place.node, "lineno", 0)
            yield Mutant(name, line, tree, place, replacement)


def change(place: Place, replacement: ast.AST) -> str:
    """What stood there and what stands there now; a constant with what is around it."""
    is_bare = isinstance(place.node, ast.Constant) and isinstance(place.parent, ast.expr | ast.keyword)
    shown = place.parent if is_bare else place.node
    before = told(shown)
    place.put(replacement)
    after = told(shown if is_bare else replacement)
    place.put(place.node)
    return f"{before} → {after}"


def told(node: ast.AST) -> str:
    """A node in one line; of a statement with a body, its head."""
    head = copy.copy(node)
    if isinstance(head, ast.If | ast.While):
        head.body, head.orelse = [], []
    return " ".join(ast.unparse(head).split())


def places(parent: ast.AST, within: str = "module") -> Iterator[Place]:
    """Every node that is worth a mistake, from the top down."""
    if isinstance(parent, ast.FunctionDef | ast.ClassDef):
        within = parent.name if within == "module" else f"{within}.{parent.name}"
    for field, value in ast.iter_fields(parent):
        if field in UNTOUCHED_FIELDS:
            continue
        entries = list(enumerate(value)) if isinstance(value, list) else [(None, value)]
        for index, node in entries[1:] if field == "args" and names_a_type(parent) else entries:
            if isinstance(node, ast.AST) and not isinstance(node, UNTOUCHED) and not is_documentation(node):
                yield Place(parent, field, index, node, within)
                yield from places(node, within)


def names_a_type(node: ast.AST) -> bool:
    """A call whose first argument is a type's name."""
    return isinstance(node, ast.Call) and ast.unparse(node.func) in {"TypeVar", "cast"}


def is_documentation(node: ast.AST) -> bool:
    """A docstring, or a name for a type: Literal[…], Annotated[…] without its values, dict[…]."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    is_type = isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name)
    return is_type and ast.unparse(node)[:1].isupper() and not ast.unparse(node).startswith("Annotated")


def replacements(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Compare() | ast.BoolOp():
            yield from other_conditions(node)
        case ast.Constant(value=value):
            yield from other_constants(value)
        case ast.Call() | ast.IfExp() | ast.Name() | ast.BinOp():
            yield from other_expressions(node)
        case ast.stmt() | ast.comprehension():
            yield from other_statements(node)


def other_conditions(node: ast.Compare | ast.BoolOp) -> Iterator[ast.AST]:
    """A bound that moves by one, and each part of an `and` or `or` left out."""
    if isinstance(node, ast.Compare):
        for at, operator in enumerate(node.ops):
            if type(operator) in COMPARED:
                changed = [*node.ops[:at], COMPARED[type(operator)](), *node.ops[at + 1 :]]
                yield ast.Compare(left=node.left, ops=changed, comparators=node.comparators)
        return
    for at in range(len(node.values)):
        rest = [*node.values[:at], *node.values[at + 1 :]]
        yield rest[0] if len(rest) == 1 else ast.BoolOp(op=node.op, values=rest)


def other_constants(value: object) -> Iterator[ast.AST]:
    if isinstance(value, bool):
        yield ast.Constant(value=not value)
    elif isinstance(value, int | float):
        yield ast.Constant(value=value + 1)
    elif isinstance(value, str) and value and not any(map(str.isspace, value)):
        yield ast.Constant(value=f"{value}X")


def other_expressions(node: ast.expr) -> Iterator[ast.AST]:
    match node:
        case ast.IfExp(body=body, orelse=orelse):
            yield from (body, orelse)
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in CALCULATED:
            yield ast.BinOp(left=left, op=CALCULATED[type(operator)](), right=right)
        case ast.Name(id=name) if name in EXCHANGED:
            yield ast.Name(id=EXCHANGED[name], ctx=ast.Load())
        case ast.Call(func=ast.Attribute(value=value, attr=attribute)) if attribute in LEFT_OUT:
            yield value
            for at in range(len(node.args) if attribute == "where" and len(node.args) > 1 else 0):
                rest = [*node.args[:at], *node.args[at + 1 :]]
                yield ast.Call(func=node.func, args=rest, keywords=node.keywords)


def other_statements(node: ast.AST) -> Iterator[ast.AST]:
    """Conditions that always or never hold, and statements that are left out."""
    match node:
        case ast.If(body=body, orelse=orelse):
            for outcome in (True, False):
                yield ast.If(test=ast.Constant(value=outcome), body=body, orelse=orelse)
        case ast.While(body=body, orelse=orelse):
            yield ast.While(test=ast.Constant(value=False), body=body, orelse=orelse)
        case ast.comprehension(ifs=[_, *_]):
            yield ast.comprehension(target=node.target, iter=node.iter, ifs=[], is_async=node.is_async)
        case ast.Expr() | ast.Raise() | ast.AugAssign() | ast.Assert():
            yield ast.Pass()
        case ast.Break():
            yield ast.Continue()
        case ast.Continue():
            yield ast.Break()
