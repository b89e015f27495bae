"""The mailbox connector: every new mail of a mailbox becomes one alert, none is lost, none is taken twice.

`ingest_mailbox` is one cycle; `preview_mailbox` shows what it would do and changes nothing. One cycle, per folder:

1. open the folder; its UIDVALIDITY is the generation of the source, which has a lease and a mark (the highest UID);
2. search above the mark (and, where only unread mail is wanted, for mail that became unread below it);
3. fetch, parse, decide, batch by batch; items, alerts and mark go into the store in one transaction. What the cycle has
   no room or time for is written down: from then on it is ours, whoever reads or moves it;
4. only then are the mails marked as read. What a killed cycle did not mark, the next one does.
"""

from mailroom.connectors.mailbox.cycle import MailboxReport, ingest_mailbox
from mailroom.connectors.mailbox.preview import Preview, preview_mailbox
from mailroom.connectors.mailbox.settings import CONNECTOR, MailboxSettings

__all__ = ["CONNECTOR", "MailboxReport", "MailboxSettings", "Preview", "ingest_mailbox", "preview_mailbox"]
