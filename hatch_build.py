"""Compiles what reads the usual mail, when Mailroom is installed. Without a C compiler all of it is Python."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_MODULE = "mailroom.mail.parse._fast"
_SOURCES = Path("mailroom/mail/parse/fast")


class Compile(BuildHookInterface[Any]):
    """Puts the compiled module beside the Python it speeds up, in the checkout too: it is imported from there."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, or say why not: nothing here may keep anybody from installing."""
        root = Path(self.root)
        try:
            _compile(root)
        except Exception as error:  # noqa: BLE001 - whatever a compiler may do
            self.app.display_warning(f"{_MODULE} was not compiled, mail is read in Python alone: {error}")
            return
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        build_data["artifacts"] += [str(file.relative_to(root)) for file in _made(root)]


def _made(root: Path) -> list[Path]:
    return [file for ending in ("so", "pyd") for file in root.glob(f"{_MODULE.replace('.', '/')}.*{ending}")]


def _compile(root: Path) -> None:
    from setuptools import Distribution, Extension
    from setuptools.command.build_ext import build_ext

    extension = Extension(
        _MODULE,
        sources=sorted(str(file.relative_to(root)) for file in (root / _SOURCES).glob("*.c")),
        depends=[str(_SOURCES / "fast.h")],
        extra_compile_args=["-O3"],
    )
    with tempfile.TemporaryDirectory() as folder:
        command = build_ext(Distribution({"name": "mailroom", "ext_modules": [extension]}))
        command.build_lib, command.build_temp, command.force = str(root), folder, True
        command.ensure_finalized()
        command.run()
