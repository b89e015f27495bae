"""`mailroom demo`: the main job on a sandbox tenant, with a Prefect server and worker of its own."""

from mailroom.cli.demo.command import demo

__all__ = ["demo"]
