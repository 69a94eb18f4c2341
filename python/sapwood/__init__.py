"""Lists, dicts, sorted dicts, sets and records in one crash-safe file.

    import sapwood

    with sapwood.open("lab.sapwood") as db:
        frames = db.list("frames", str)
        frames.append("water")
        with db.transaction() as txn:
            txn.dict("mass", str, float)["H"] = 1.008
"""

from . import _errors, codecs
from ._collection import Change
from ._database import Database, Snapshot, Transaction, open, restore
from ._dict import Dict, SortedDict
from ._errors import *  # noqa: F403
from ._list import List
from ._records import Column, Records
from ._set import Set, SortedSet
from ._types import Nested

__version__ = "0.1.0"
__all__ = [
    "Change",
    "Column",
    "Database",
    "Dict",
    "List",
    "Nested",
    "Records",
    "Set",
    "Snapshot",
    "SortedDict",
    "SortedSet",
    "Transaction",
    "codecs",
    "open",
    "restore",
    *(name for name in vars(_errors) if name.endswith("Error")),
]
