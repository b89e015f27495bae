"""The refresh token that Microsoft renews, kept in the home folder for the next process, for its owner alone."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path

from mailroom.errors import InvalidInputError

FILE = "refresh-token.json"


class KeptRefreshToken:
    """What became of one refresh token of `mailroom.toml`. Another token there makes a new beginning."""

    def __init__(self, home: Path, given: str) -> None:
        self._file, self._given = home / FILE, given
        self._given_digest = hashlib.sha256(given.encode()).hexdigest()

    def current(self) -> str:
        """The latest renewal of the token in the settings, or that token itself.

        Raises:
            InvalidInputError: the file cannot be read.
        """
        try:
            kept = json.loads(self._file.read_text("utf-8"))
            renewed, given_digest = str(kept["token"]), str(kept["renews"])
        except FileNotFoundError:
            return self._given
        except OSError as error:
            msg = f"{self._file} cannot be read ({error.strerror}): check its owner and mode."
            raise InvalidInputError(msg) from error
        except (ValueError, KeyError, TypeError) as error:
            msg = (
                f"{self._file} is damaged: delete it, and sign in again if the refresh token in the settings has ended."
            )
            raise InvalidInputError(msg) from error
        return renewed if given_digest == self._given_digest else self._given

    def keep(self, renewed: str) -> None:
        """Write a renewed token down: whole or not at all, readable by nobody else. Effect: writes the file.

        Raises:
            OSError: it cannot be written.
        """
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{FILE}-", dir=self._file.parent)  # mode 0600
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as new:
                json.dump({"renews": self._given_digest, "token": renewed}, new)
                new.flush()
                os.fsync(new.fileno())
            Path(name).replace(self._file)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
