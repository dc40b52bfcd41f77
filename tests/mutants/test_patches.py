"""The mutants are about the tree as it is: every patch applies and names a test, every promise has one.

`make mutants` shows that the named tests fail; here is what can be told at once. A patch that no longer applies is made
again where the promise is kept now.
"""

import pytest

from tests.mutants.patches import PROMISES, ROOT, Mutant, applies, mutants

MUTANTS = mutants()


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda each: each.name)
def test_a_mutant_applies_and_names_a_test_that_there_is(mutant: Mutant) -> None:
    assert not applies(mutant, ROOT)
    file, _, name = mutant.test.partition("::")
    assert f"def {name.rpartition('::')[2]}(" in (ROOT / file).read_text(encoding="utf-8")


def test_every_promise_has_a_mutant() -> None:
    assert {each.promise for each in MUTANTS} == PROMISES.keys()
