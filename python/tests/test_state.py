"""Random work on every kind of collection beside list, dict and set: alone, in batches, transactions and savepoints,
with what is undone, reopened, and seen by snapshots. A failure prints a blob that replays it."""

import hypothesis
import hypothesis.stateful

from state_base import Base
from state_keys import KeyRules
from state_positions import PositionRules


class Work(PositionRules, KeyRules, Base):
    pass


def test_collections_agree_with_their_models(tmp_path):
    Work.folder = tmp_path
    settings = hypothesis.settings(max_examples=120, stateful_step_count=60)
    hypothesis.stateful.run_state_machine_as_test(Work, settings=settings)
