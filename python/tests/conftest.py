"""Settings of all tests."""

import os
import tempfile

import hypothesis
import pytest

import sapwood

for helper in ("state_base", "state_floats", "state_keys", "state_nested", "state_positions", "type_cases"):
    pytest.register_assert_rewrite(helper)

# Databases without a path lie in memory, if the machine has such a folder: tests make a thousand of them.
tempfile.gettempdir()  # those of Python stay where they are
if os.access("/dev/shm", os.W_OK):
    os.environ["TMPDIR"] = "/dev/shm"

hypothesis.settings.register_profile(
    "sapwood", deadline=None, print_blob=True, suppress_health_check=list(hypothesis.HealthCheck), database=None
)
hypothesis.settings.load_profile("sapwood")


@pytest.fixture
def path(tmp_path):
    """Where a file can be made."""
    return tmp_path / "test.sapwood"


@pytest.fixture
def db():
    """A temporary database."""
    with sapwood.open() as database:
        yield database


@pytest.fixture
def on_disk(path):
    """A database with a name."""
    with sapwood.open(path) as database:
        yield database
