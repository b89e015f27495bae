"""Where the mail server listens when it is started by hand."""

from __future__ import annotations

import argparse

PORTS = {"imap": 8143, "imaps": 8993, "smtp": 8587, "smtps": 8465, "relay": 8125}
"""Where it listens when nobody says otherwise."""


def add_ports(parser: argparse.ArgumentParser) -> None:
    """The options that say where the mail server listens."""
    for name, number in PORTS.items():
        parser.add_argument(f"--{name}-port", type=int, default=number, help=f"default {number}; 0 takes a free port")


def ports(given: argparse.Namespace) -> dict[str, int]:
    """What `MailServer.serve` takes, from the parsed options."""
    return {f"{name}_port": getattr(given, f"{name}_port") for name in PORTS}
