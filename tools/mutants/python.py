"""Small changes of Python code: an operator, a constant, a condition, a statement.

Not changed: docstrings, annotations, decorators, code for type checkers only, and the words of an error.
"""

import ast
from collections.abc import Iterator
from typing import Any

from tools.mutants.mutant import Mutant

SWAPPED: dict[type[ast.AST], type[Any]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult, ast.Div: ast.Mult,
    ast.Mod: ast.FloorDiv, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr, ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}  # fmt: skip
REMOVED = (ast.AugAssign, ast.Raise, ast.Continue, ast.Break)
SHOWN = 110
"""Characters of a change that people are shown."""


def mutants(path: str, source: str) -> Iterator[Mutant]:
    """Every small change of a module, from its beginning to its end."""
    lines = source.encode().splitlines(keepends=True)  # the positions of `ast` are in bytes
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    whole = b"".join(lines)

    def changed(node: ast.expr | ast.stmt, written: str) -> Mutant:
        first = starts[node.lineno - 1] + node.col_offset
        last = starts[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)
        was = " ".join(whole[first:last].decode().split())
        text = (whole[:first] + written.encode() + whole[last:]).decode()
        line = lines[node.lineno - 1].decode().strip()
        column = node.col_offset - len(lines[node.lineno - 1]) + len(lines[node.lineno - 1].lstrip())
        says = f"{was[:SHOWN]} → {' '.join(written.split())[:SHOWN]} (byte {column} of: {line})"
        return Mutant(path, node.lineno, says, text)

    for node in _reached(ast.parse(source)):
        if isinstance(node, ast.expr | ast.stmt):
            yield from (changed(node, written) for written in _changes(node))


def _reached(node: ast.AST) -> Iterator[ast.AST]:
    """What may be changed, depth first."""
    yield node
    for name, field in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "type_params"):
            continue
        for child in field if isinstance(field, list) else [field]:
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id == "cast"
                and child is node.args[0]
            ):
                continue  # a type
            if not isinstance(child, ast.AST) or _is_docstring(child) or isinstance(child, ast.JoinedStr):
                continue
            if isinstance(child, ast.Raise):
                yield child  # not its words
                continue
            if isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING":
                continue
            yield from _reached(child)


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _changes(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Compare(left, ops, comparators):
            for place, operator in enumerate(ops):
                others = [*ops[:place], SWAPPED[type(operator)](), *ops[place + 1 :]]
                yield f"({ast.unparse(ast.Compare(left, others, comparators))})"
        case ast.BoolOp(operator, values):
            yield f"({ast.unparse(ast.BoolOp(SWAPPED[type(operator)](), values))})"
        case ast.BinOp(left, operator, right) if type(operator) in SWAPPED:
            yield f"({ast.unparse(ast.BinOp(left, SWAPPED[type(operator)](), right))})"
        case ast.UnaryOp(ast.Not() | ast.USub(), operand):
            yield f"({ast.unparse(operand)})"
        case ast.IfExp(test, body, orelse):
            yield f"({ast.unparse(ast.IfExp(ast.UnaryOp(ast.Not(), test), body, orelse))})"
        case ast.Constant(bool() as value):
            yield repr(not value)
        case ast.Constant(int() | float() as value):
            yield repr(value + 1)
        case ast.Constant(str() | bytes() as value):
            yield repr(value[:0] if value else ("x" if isinstance(value, str) else b"x"))
        case ast.Return(value) if value is not None and not isinstance(value, ast.Constant):
            yield "return None"
        case ast.Expr(ast.Call() | ast.Yield() | ast.YieldFrom()):
            yield "pass"
        case _ if isinstance(node, REMOVED):
            yield "pass"
