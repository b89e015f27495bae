"""One report from beginning to end. Killed anywhere, the next attempt goes on; nothing happens twice."""

from __future__ import annotations

from datetime import timedelta

from mailroom.cases.campaign import MailParts, campaign_of, telling_files
from mailroom.connectors.mailbox import CONNECTOR as MAILBOX
from mailroom.connectors.reported import Original, Reporter, content_of, originals, reporter_of
from mailroom.connectors.stored_mail import mail_of_alert
from mailroom.effects.mail_outcome import SEND_MAIL
from mailroom.errors import InvalidInputError, NotFoundError
from mailroom.faults import faultpoint
from mailroom.mail.model import Mail
from mailroom.mail.parse import parse_safely
from mailroom.mail.replies import base_address
from mailroom.playbooks.reported.casework import open_for
from mailroom.playbooks.reported.finding import Known, copies_of, find_similar, look_up
from mailroom.playbooks.reported.judging import Judged, count_reporters, judge, judge_dry, stand_in
from mailroom.playbooks.reported.model import NEEDS_A_PERSON, WHO, Handled, ReportDesk, ReportResult, worst_of
from mailroom.playbooks.reported.outcomes import answer_report, result_of
from mailroom.playbooks.reported.proposing import ask_for_approval, propose
from mailroom.playbooks.reported.telling import tell
from mailroom.playbooks.reported.words import language_of
from mailroom.store.alerts import Alert
from mailroom.store.user_reports import NO_REPORT, OPEN, REFUSED, SETTLED, WAITING, UserReport
from mailroom.triage.context import Context

_BACK = timedelta(days=28)


def handle_report(here: ReportDesk, alert: str | int, *, dry_run: bool = False) -> ReportResult:
    """Handle one report: thank, find the original, judge it, look for mail like it, open a case, propose, tell.

    Effect: reads tenant and mailbox, writes the store, sends at most two mails to the reporter. The tenant is not
    changed: what is to be done stands in the ledger as proposals. Twice is harmless; a report that waits for a person
    is answered as soon as that person has decided.

    Args:
        here: Tenant, store, policy and mailbox.
        alert: The alert of the reporting mail.
        dry_run: Only look and judge; write nothing, send nothing.

    Raises:
        NotFoundError: There is no such alert, or its mail was deleted.
        InvalidInputError: The alert is not of a mail in a mailbox.
        TransientError, AccessError: Tenant or mailbox cannot be read now; try again.
    """
    found = here.desk.store.alerts.find(str(alert))
    if found.connector != MAILBOX:
        raise InvalidInputError(
            f"alert {found.id} is not of a mail in a mailbox: name the alert of the mail that somebody sent to report"
        )
    known = here.desk.store.user_reports.of_alert(found.id)
    if known is not None and known.state in (SETTLED, REFUSED):
        return result_of(known)
    if known is not None and known.state == WAITING and not dry_run:
        return answer_report(here, known)
    raw = mail_of_alert(here.desk.store, here.account, found)
    mail = parse_safely(raw, internal_date=found.received_at)
    return _Handling(here, found, mail, dry_run=dry_run).run()


class _Handling:
    def __init__(self, here: ReportDesk, alert: Alert, mail: Mail, *, dry_run: bool) -> None:
        self.here, self.alert, self.mail, self.dry_run = here, alert, mail, dry_run
        self.store, self.client = here.desk.store, here.desk.client
        self.context: Context = here.desk.policy().ruleset(here.clock.now().date()).context
        self.reporter: Reporter = reporter_of(mail, here.account, self.context.own_domains)
        self.originals = originals(mail, own_domains=self.context.own_domains)

    def run(self) -> ReportResult:
        if self.reporter.refused:
            return self._closed(REFUSED, self.reporter.sentence)
        if not self.originals:
            return self._nothing_found()
        if self.dry_run:
            return self._dry()
        report = self._begin()
        thanked = tell(self.here, report, self.alert, "thanks") == "sent"
        faultpoint("reported.thanked")
        mails = [self._one(report, original, first=not number) for number, original in enumerate(self.originals)]
        return self._finish(report, [one for one in mails if one is not None], thanked=thanked)

    # -- what does not count ------------------------------------------------------------------------------------------

    def _closed(self, state: str, why: str) -> ReportResult:
        if self.dry_run:
            return ReportResult(self.alert.id, state=state, why=why)
        report = self.store.user_reports.begin(
            self.alert.id, tenant=self.here.tenant, reporter=self.reporter.address or self.alert.sender, state=state,
            why=why, detail={"why": why},
        )  # fmt: skip
        return result_of(report)

    def _nothing_found(self) -> ReportResult:
        """Somebody says that this is a report, and there is no mail in it: the reporter is asked to attach it."""
        result = self._closed(NO_REPORT, "no forwarded mail was found in it")
        if not self.dry_run:
            report = self.store.user_reports.get(result.report_id)
            result.thanked = tell(self.here, report, self.alert, "nothing found") == "sent"
        return result

    def _dry(self) -> ReportResult:
        result = ReportResult(self.alert.id, state="dry run")
        for original in self.originals:
            known = look_up(self.client, self.store, original, self.reporter.address, tenant=self.here.tenant)
            if original.carrier and not _from_outside(known):
                continue
            decision = judge_dry(self.here, original, known, self.reporter)
            handled = Handled(decision.verdict, decision.risk, original.how, notes=known.notes)
            handled.alert_id = known.alerts[0].id if known.alerts else None
            if self._is_ours(original):
                handled.verdict = "ours"
            result.mails.append(handled)
        result.verdict = worst_of(result.mails)
        return result

    # -- what counts --------------------------------------------------------------------------------------------------

    def _begin(self) -> UserReport:
        first = self.originals[0]
        detail = {
            "key": first.key, "how": first.how, "originals": len(self.originals), "proven": self.reporter.proven,
            "language": language_of(self.mail.subject),
        }  # fmt: skip
        wanted = {
            "message_id": first.message_id[:1_000], "sender": first.sender.address[:320],
            "subject": first.subject[:500],
        }  # fmt: skip
        report = self.store.user_reports.begin(
            self.alert.id, tenant=self.here.tenant, reporter=self.reporter.address, detail=detail, **wanted
        )
        if report.state == NO_REPORT:  # looked at before, and now somebody says that it is one
            report = self.store.user_reports.change(
                report.id, who=WHO, only_if=(NO_REPORT,), state=OPEN, detail=detail, **wanted
            )
        return report

    def _one(self, report: UserReport, original: Original, *, first: bool) -> Handled | None:
        handled = Handled(how=original.how)
        if self._is_ours(original):
            handled.verdict = "ours"
            return handled
        known = look_up(self.client, self.store, original, self.reporter.address, tenant=self.here.tenant)
        if original.carrier and not _from_outside(known):
            return None
        handled.notes += known.notes
        alert = stand_in(self.here, original, known, self.reporter.address, self.alert.received_at)
        campaign = self._campaign(original, alert)
        handled.alert_id = alert.id
        if first:
            self.store.user_reports.change(report.id, who=WHO, original_alert_id=alert.id, campaign_key=campaign)
            faultpoint("reported.original_noted")
        alerts = known.alerts or [alert]
        if self.reporter.proven:
            handled.reporters = count_reporters(self.here, alerts, alert)
        judged = judge(self.here, alert, alerts)
        handled.verdict, handled.risk = judged.verdict, judged.risk
        if judged.verdict in NEEDS_A_PERSON:
            self._work_on(handled, original, alert, alerts, judged, known.message_id, campaign)
        return handled

    def _work_on(
        self, handled: Handled, original: Original, alert: Alert, alerts: list[Alert], judged: Judged, message_id: str,
        campaign: str,
    ) -> None:  # fmt: skip
        """Who else got it, mail like it, a case, and what could be done."""
        since = self.client.now() - _BACK
        copies = copies_of(self.client, message_id, since=since).counts() if message_id else {}
        links = [str(one["url"]) for one in content_of(original)["links"]]
        similar = find_similar(self.client, original, links, self.context)
        handled.notes += similar.notes
        names = ("copies", "delivered", "people", "held", "clicks")
        handled.counts = {name: int(copies.get(name, 0)) for name in names}
        handled.counts |= {"similar": similar.messages, "similar_people": similar.people}
        case = open_for(
            self.here, campaign or str(alert.id), subject=original.subject, verdict=judged.verdict, risk=judged.risk,
            reporters=max(1, handled.reporters), alert_ids=[self.alert.id, *(one.id for one in alerts)],
        )  # fmt: skip
        handled.case_id = case.id
        ids = [message_id, *(one for one in similar.message_ids if one != message_id)]
        handled.proposed, notes = propose(
            self.here, alert, judged.verdict, judged.facts, ids, case=str(case.id),
            similar=judged.verdict == "malicious",
        )  # fmt: skip
        handled.notes += notes
        ask_for_approval(self.here)

    def _finish(self, report: UserReport, mails: list[Handled], *, thanked: bool) -> ReportResult:
        worst = worst_of(mails)
        chosen = next((one for one in mails if one.verdict == worst), mails[0])
        report = self.store.user_reports.change(
            report.id, who=WHO, why=f"verdict {worst}", only_if=(OPEN,), state=WAITING, verdict=worst,
            case_id=chosen.case_id, detail={"mails": [one.row() for one in mails], "thanked": thanked},
        )  # fmt: skip
        faultpoint("reported.handled")
        return answer_report(self.here, report)

    def _is_ours(self, original: Original) -> bool:
        """A mail that we sent ourselves: the ledger knows its Message-ID. Whoever only uses our name does not."""
        own = {base_address(one) for one in self.here.account.own_addresses}
        if not original.message_id or base_address(original.sender.address) not in own:
            return False
        states = ("applied", "sending", "unknown")
        return any(
            self.store.ledger.find(tenant, kinds=(SEND_MAIL,), states=states, target=original.message_id, limit=1)
            for tenant in dict.fromkeys((self.here.tenant, ""))
        )

    def _campaign(self, original: Original, alert: Alert) -> str:
        """Where the mail belongs: as it was first seen, so that all reports of one mail share a case."""
        found = campaign_of(self._parts(original, alert))
        if found is not None:
            self.store.campaigns.write({alert.id: (found.key, found.parts)})
        return self.store.campaigns.of([alert.id]).get(alert.id, ("", {}))[0]

    def _parts(self, original: Original, alert: Alert) -> MailParts:
        files = original.mail.attachments if original.mail else ()
        return MailParts(
            sender=original.sender.address, sender_ip=str(alert.event.get("sender_ip") or ""),
            envelope=str(alert.event.get("envelope_from") or ""), subject=original.subject,
            urls=tuple(str(one["url"]) for one in content_of(original)["links"]),
            files=telling_files(
                {"name": one.name, "sha256": one.sha256, "size": one.size, "inline": one.is_inline,
                 "mime_type": one.mime_type, "real_type": one.real_type} for one in files
            ),
        )  # fmt: skip


def _from_outside(known: Known) -> bool:
    """A mail in our name that came through the gateway was not written by a colleague at his desk."""
    return known.record is not None and known.record.route == "inbound"


def gone(here: ReportDesk, alert: Alert, error: NotFoundError) -> ReportResult:
    """A report whose mail was deleted before anybody handled it. Effect: writes the store; harmless twice."""
    report = here.desk.store.user_reports.begin(
        alert.id, tenant=here.tenant, reporter=alert.sender, state=REFUSED, why="its mail was deleted",
        detail={"why": str(error)[:300]},
    )  # fmt: skip
    return result_of(report)
