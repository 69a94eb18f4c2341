"""Random work on every kind of collection beside list, dict and set: alone, in batches, transactions and savepoints,
with what is undone, reopened, and seen by snapshots. A failure prints a blob that replays it."""

import os
import pathlib
import tempfile

import hypothesis
import hypothesis.stateful
import pytest

from state_base import Base
from state_floats import FloatRules
from state_keys import KeyRules
from state_nested import NestedRules
from state_positions import PositionRules


class Work(PositionRules, KeyRules, Base):
    pass


class FloatWork(FloatRules, Base):
    pass


class NestedWork(NestedRules, Base):
    pass


@pytest.mark.parametrize(("work", "examples"), [(Work, 120), (FloatWork, 50), (NestedWork, 100)])
def test_collections_agree_with_their_models(work, examples):
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:  # in memory: see conftest.py
        work.folder = pathlib.Path(folder)
        settings = hypothesis.settings(max_examples=examples, stateful_step_count=60)
        hypothesis.stateful.run_state_machine_as_test(work, settings=settings)
