"""The tracking connector: messages of chosen domains, in any status, become alerts, each message once.

`ingest_tracked` is one cycle; `preview_tracked` shows what it would do and changes nothing. One cycle:

1. lease on the source, so that two workers never write it (a second one is told it is busy);
2. list [cursor - overlap, now by the server's clock] for every domain, to it and from it, window by window, and write
   every record down by its tracking id. The cursor says how far everything is written down; it moves with the last
   rows of a window. From then on a message is ours, however many cycles it waits for its turn;
3. settle what is written down, oldest first: filters of the list, one detail call each, filters of the details, the
   same message under another id, alerts; each slice in one transaction.

Killed anywhere, the next cycle goes on; nothing that is stored is fetched again.
"""

from mailroom.connectors.tracked.cycle import TrackedReport, ingest_tracked
from mailroom.connectors.tracked.documented import as_documented
from mailroom.connectors.tracked.preview import Preview, preview_tracked
from mailroom.connectors.tracked.settings import CONNECTOR, TrackedSettings

__all__ = [
    "CONNECTOR",
    "Preview",
    "TrackedReport",
    "TrackedSettings",
    "as_documented",
    "ingest_tracked",
    "preview_tracked",
]
