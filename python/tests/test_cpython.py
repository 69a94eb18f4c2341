"""CPython's own tests of list, dict and set, run against ours. What deviates is listed, with the reason."""

import importlib.util
import unittest

import pytest

import sapwood

list_tests = pytest.importorskip("test.list_tests", reason="this Python comes without its tests")
from test import mapping_tests  # noqa: E402


class TemporaryList(sapwood.List):
    """A list as the tests make them: of an iterable."""

    __slots__ = ()

    def __init__(self, items=()):
        super().__init__()
        self.extend(items)


class TemporaryDict(sapwood.Dict):
    __slots__ = ()

    def __init__(self, *args, **kwargs):
        super().__init__()
        self.update(*args, **kwargs)


class TemporarySet(sapwood.Set):
    __slots__ = ()

    def __init__(self, items=()):
        super().__init__()
        self.update(items)


class TestList(list_tests.CommonTest):
    type2test = TemporaryList


class TestDict(mapping_tests.TestHashMappingProtocol):
    type2test = TemporaryDict


def tests_of_sets():
    """A copy of test.test_set in which `set` is ours."""
    spec = importlib.util.find_spec("test.test_set")
    module = importlib.util.module_from_spec(spec)
    module.set = TemporarySet
    spec.loader.exec_module(module)
    return module


set_tests = tests_of_sets()
for _name, _class in list(vars(set_tests).items()):
    if isinstance(_class, type) and issubclass(_class, unittest.TestCase) and "Frozen" not in _name:
        globals()[_name] = type(_name, (_class,), {"__module__": __name__})

def deviates(cls, reason, *names):
    """Leaves out tests that ask for what a list in a file cannot, or should not, do."""
    for name in names:
        assert hasattr(cls, name), f"{cls.__name__} has no {name}"
        setattr(cls, name, unittest.skip(reason)(lambda self: None))
