"""What can be mutated, and the seeded sample of it.

Left out is what cannot change what the code does: annotations, protocols, descriptions and examples of keys (the
reference page is compared with them as a whole), what is no Python any more, `==` in place of `is` (or the other way
round), which mean the same for members of an enumeration and for None, `slots`, which only make things smaller,
`strict` of a zip, which only says that its arguments are never of different lengths, and whether and how much
`lru_cache` keeps of functions that answer the same every time.
"""

import ast
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import cosmic_ray.plugins
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code

_NEEDS_ARGUMENTS = frozenset({"core/VariableReplacer", "core/VariableInserter"})
_SAME = frozenset(
    {
        "core/ReplaceComparisonOperator_Eq_Is",
        "core/ReplaceComparisonOperator_Is_Eq",
        "core/ReplaceComparisonOperator_NotEq_IsNot",
        "core/ReplaceComparisonOperator_IsNot_NotEq",
    }
)
_NOT_DONE = frozenset({"description", "examples", "slots", "strict"})
"""Keyword arguments that only documents or the size of things show, or nothing at all."""


class Mutation(NamedTuple):
    """One change: the `occurrence`th place in the file where the operator applies, counted from 0."""

    file: str
    line: int
    operator: str
    occurrence: int

    def code(self, source: str) -> str | None:
        """The file's text with the change; None where it has no such place."""
        operator = cosmic_ray.plugins.get_operator(self.operator)()
        mutated: str | None = mutate_code(source, operator, self.occurrence)
        return mutated


def sample(root: Path, files: Sequence[str], size: int, seed: int) -> list[Mutation]:
    """So many mutations: of places drawn evenly over all files one operator each, so that no kind of place prevails."""
    chance = random.Random(seed)
    places = [place for file in files for place in _places(file, (root / file).read_text())]
    chance.shuffle(places)
    found: list[Mutation] = []
    for place in places:
        mutation = chance.choice(place)
        source = (root / mutation.file).read_text()
        mutated = mutation.code(source)
        if mutated is not None and _meaning(mutated) not in {None, _meaning(source)}:
            found.append(mutation)
        if len(found) == size:
            break
    return found


def _places(file: str, source: str) -> Iterator[list[Mutation]]:
    """What can be done at each place of a file; every place once."""
    names = sorted(set(cosmic_ray.plugins.operator_names()) - _NEEDS_ARGUMENTS - _SAME)
    alike: dict[str, list[str]] = {}
    for name in names:
        alike.setdefault(_what_it_replaces(name), []).append(name)
    asked = [(cosmic_ray.plugins.get_operator(each[0])(), each) for each in alike.values()]
    counted = dict.fromkeys(names, 0)
    places: dict[tuple[int, int], list[Mutation]] = {}
    for node in ast_nodes(get_ast(source)):
        for operator, all_of_them in asked:
            for position, _ in operator.mutation_positions(node):
                for name in all_of_them:
                    mutation = Mutation(file, position[0], name, counted[name])
                    places.setdefault(position, []).append(mutation)
                    counted[name] += 1
    yield from (places[position] for position in sorted(places))


def _what_it_replaces(operator: str) -> str:
    """Operators that put something else in place of the same arithmetic apply at the same places."""
    return operator.rpartition("_")[0] if "BinaryOperator" in operator else operator


class _WithoutWhatIsOnlyTold(ast.NodeTransformer):
    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        if any(ast.unparse(base).startswith("Protocol") for base in node.bases):
            node.body = [ast.Pass()]
        return self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        node.decorator_list = [
            each for each in node.decorator_list if not ast.unparse(each).startswith("lru_cache(")
        ]
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node.annotation = (
            ast.Constant(None) if not _has_bounds(node.annotation) else node.annotation
        )
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        node.keywords = [each for each in node.keywords if each.arg not in _NOT_DONE]
        return self.generic_visit(node)


def _has_bounds(annotation: ast.expr) -> bool:
    """Whether an annotation calls something, as `Annotated[Exact, Field(gt=0)]` does."""
    return any(isinstance(node, ast.Call) for node in ast.walk(annotation))


def _meaning(source: str) -> str | None:
    """What two texts that do the same have in common; None for what is no Python and would be noticed at once."""
    try:
        return ast.dump(_WithoutWhatIsOnlyTold().visit(ast.parse(source)))
    except SyntaxError:
        return None
