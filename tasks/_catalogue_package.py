"""A package of tasks whose files are imported when one of them is first asked for.

A flow run is a process of its own that needs a handful of tasks, and making a task takes longer than most imports.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib import import_module
from types import ModuleType
from typing import Any


class _CataloguePackage(ModuleType):
    """`package.name` is the task in `package/name.py`, never that file's module."""

    __all__: list[str]

    def __getattr__(self, name: str) -> Any:
        if name not in self.__all__:
            msg = f"module {self.__name__!r} has no attribute {name!r}"
            raise AttributeError(msg)
        import_module(f"{self.__name__}.{name}")
        return self.__dict__[name]

    def __setattr__(self, name: str, value: Any) -> None:
        # The import system puts each file's module into its package under the file's name.
        if isinstance(value, ModuleType) and name in self.__all__:
            value = getattr(value, name)
        super().__setattr__(name, value)

    def __dir__(self) -> Iterable[str]:
        return sorted({*super().__dir__(), *self.__all__})


def import_when_asked(package: str) -> None:
    """Make a package import its `__all__` file by file, on demand; called at the end of its `__init__.py`.

    Args:
        package: `__name__` of the package; its `__all__` names the tasks, each in a file of the same name.
    """
    sys.modules[package].__class__ = _CataloguePackage
