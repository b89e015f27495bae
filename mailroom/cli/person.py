"""Who sits at the terminal: the account that runs the command, not what its environment says."""

from __future__ import annotations

import os


def account() -> str:
    """Name of the account. LOGNAME and USER can be set to anything, and an approver must not be the proposer."""
    try:
        import pwd

        return pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError):
        return f"uid {os.getuid()}" if hasattr(os, "getuid") else os.environ.get("USERNAME", "somebody")
