"""The repositories of a store, one per aggregate.

What every cycle needs is made with the store. The others are imported when they are first asked for: a cycle with
nothing new is hardly longer than its start. None of them keeps anything but its connections, so two are as good as one.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from mailroom.store.alerts import Alerts
from mailroom.store.blobs import Blobs
from mailroom.store.database import Database
from mailroom.store.events import Events
from mailroom.store.intake import Intake
from mailroom.store.items import Items
from mailroom.store.labels import Labels
from mailroom.store.leases import Leases
from mailroom.store.ledger import Ledger
from mailroom.store.runs import Runs
from mailroom.store.sources import Cursors, Sources
from mailroom.store.verdicts import Verdicts

if TYPE_CHECKING:
    from mailroom.store.approvals import Approvals
    from mailroom.store.automatic import AutomaticActions
    from mailroom.store.campaigns import Campaigns
    from mailroom.store.case_files import CaseFiles
    from mailroom.store.case_tasks import CaseTasks
    from mailroom.store.cases import Cases
    from mailroom.store.custom_fields import CustomFields
    from mailroom.store.dossier import Dossiers
    from mailroom.store.evidence import EvidenceOfPeople
    from mailroom.store.inquiries import Inquiries
    from mailroom.store.listed_again import ListedAgain
    from mailroom.store.logins import Logins
    from mailroom.store.mail_rules import MailRuleBook
    from mailroom.store.playbook_runs import PlaybookRuns
    from mailroom.store.recipients import Recipients
    from mailroom.store.reporting import Reporting
    from mailroom.store.stats import Stats
    from mailroom.store.user_reports import UserReports
    from mailroom.store.waits import Waits


class Repositories:
    """All repositories over one database and one place for blobs."""

    def __init__(self, db: Database, blobs: Blobs) -> None:
        self.db = db
        self.blobs = blobs
        self.sources = Sources(db)
        self.cursors = Cursors(db)
        self.leases = Leases(db)
        self.runs = Runs(db)
        self.events = Events(db)
        self.items = Items(db, self.leases, self.cursors, blobs)
        self.intake = Intake(db, self.leases, self.cursors)
        self.alerts = Alerts(db, self.events)
        self.verdicts = Verdicts(db)
        self.labels = Labels(db, self.events)
        self.ledger = Ledger(db, self.events, self.alerts, self.labels)

    @cached_property
    def listed_again(self) -> ListedAgain:
        """What a queue shows again after it was taken for gone."""
        from mailroom.store.listed_again import ListedAgain

        return ListedAgain(self.db, self.leases, self.events, self.alerts)

    @cached_property
    def logins(self) -> Logins:
        """Refused logins, remembered across processes."""
        from mailroom.store.logins import Logins

        return Logins(self.db)

    @cached_property
    def evidence(self) -> EvidenceOfPeople:
        """What people said about alerts."""
        from mailroom.store.evidence import EvidenceOfPeople

        return EvidenceOfPeople(self.db, self.events)

    @cached_property
    def stats(self) -> Stats:
        """Counts over all tables."""
        from mailroom.store.stats import Stats

        return Stats(self.db)

    @cached_property
    def reporting(self) -> Reporting:
        """What reports count."""
        from mailroom.store.reporting import Reporting

        return Reporting(self.db)

    @cached_property
    def dossiers(self) -> Dossiers:
        """Everything around one alert."""
        from mailroom.store.dossier import Dossiers

        return Dossiers(self.db)

    @cached_property
    def inquiries(self) -> Inquiries:
        """What is known about a sender, a domain, a subject or a link."""
        from mailroom.store.inquiries import Inquiries

        return Inquiries(self.db)

    @cached_property
    def approvals(self) -> Approvals:
        """Approvals: asked, given, used."""
        from mailroom.store.approvals import Approvals

        return Approvals(self.db, self.events)

    @cached_property
    def user_reports(self) -> UserReports:
        """Mail with which users reported phishing."""
        from mailroom.store.user_reports import UserReports

        return UserReports(self.db, self.events, self.sources)

    @cached_property
    def recipients(self) -> Recipients:
        """Held messages whose recipient is to be asked."""
        from mailroom.store.recipients import Recipients

        return Recipients(self.db)

    @cached_property
    def waits(self) -> Waits:
        """Questions that wait for an answer."""
        from mailroom.store.waits import Waits

        return Waits(self.db, self.events, self.leases, self.cursors)

    @cached_property
    def cases(self) -> Cases:
        """Cases."""
        from mailroom.store.cases import Cases

        return Cases(self.db, self.events)

    @cached_property
    def case_files(self) -> CaseFiles:
        """Files of cases."""
        from mailroom.store.case_files import CaseFiles

        return CaseFiles(self.db, self.events, self.blobs)

    @cached_property
    def case_tasks(self) -> CaseTasks:
        """Tasks of cases."""
        from mailroom.store.case_tasks import CaseTasks

        return CaseTasks(self.db, self.events)

    @cached_property
    def fields(self) -> CustomFields:
        """Custom fields of cases and alerts."""
        from mailroom.store.custom_fields import CustomFields

        return CustomFields(self.db, self.events)

    @cached_property
    def playbook_runs(self) -> PlaybookRuns:
        """Playbooks that are wanted or were started."""
        from mailroom.store.playbook_runs import PlaybookRuns

        return PlaybookRuns(self.db, self.events, self.leases)

    @cached_property
    def mail_rules(self) -> MailRuleBook:
        """What rules on mail did."""
        from mailroom.store.mail_rules import MailRuleBook

        return MailRuleBook(self.db, self.events)

    @cached_property
    def automatic(self) -> AutomaticActions:
        """What was done without a person."""
        from mailroom.store.automatic import AutomaticActions

        return AutomaticActions(self.db)

    @cached_property
    def campaigns(self) -> Campaigns:
        """Campaigns of alerts."""
        from mailroom.store.campaigns import Campaigns

        return Campaigns(self.db)
