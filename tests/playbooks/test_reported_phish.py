"""Reported phish: the original is found and judged, a case and proposals are made, the reporter is thanked and told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from email import message_from_bytes
from email import policy as email_policy
from email.message import EmailMessage
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from mailroom_tests_small_tenant import Workbench, add, empty_tenant

from mailroom.connectors.careful_login import remember_ping
from mailroom.connectors.mailbox import MailboxSettings, ingest_mailbox
from mailroom.errors import InvalidInputError, NotFoundError
from mailroom.mail.actions.ping import ping
from mailroom.playbooks.approvals.deciding import approve
from mailroom.playbooks.approvals.doing import carry_out_approved
from mailroom.playbooks.approvals.requesting import void_changed
from mailroom.playbooks.ask import PostDesk, ask
from mailroom.playbooks.cases import set_fields, set_state
from mailroom.playbooks.known_playbooks import Workplace, known
from mailroom.playbooks.policy import Policy
from mailroom.playbooks.question import Question
from mailroom.playbooks.reported import ReportDesk, ReportResult, handle_report, handle_reports
from mailroom.triage.packaged import demo_lists
from sandbox import Fault
from sandbox.data import Component
from sandbox.mail import Habit, MailFault

PHISH = "phish@northwind.example"
AMY, BEN, EVE = (f"{name}@northwind.example" for name in ("clara.lindqvist", "tomasz.nowak", "grace.whitfield"))
EVIL = "billing@parcel-desk.example"
URL = "https://login.parcel-check.example/verify/0af1"


@dataclass
class World:
    """A tenant, a reporting mailbox with people around it, and one store."""

    bench: Workbench
    office: Any
    desk: ReportDesk

    def attack(self, *people: str, **fields: Any) -> str:
        """A phishing mail that reached these people; returns its Message-ID."""
        plain = {
            "from_addr": EVIL, "from_env": EVIL, "from_name": "DHL Express", "dkim_domain": "parcel-desk.example",
            "category": "phish", "url": URL, "components": [Component("HTML", "", "text/html", 900, "t", False)],
        }  # fmt: skip
        subject = fields.pop("subject", "Your parcel: confirm your password within 24 hours")
        for hold_id in add(self.bench.tenant, subject, to=people or (AMY, BEN), **plain | fields):
            assert self.bench.tenant.admin_release(hold_id)
        return next(one["messageId"] for one in self.bench.tenant.archived() if one["subject"] == subject)

    def report(self, message_id: str, person: str = AMY, how: str = "attached") -> int:
        """A person reports a mail; the number of the report's alert."""
        self.bench.tenant.report(message_id, person=person, how=how)
        return self.take()

    def write(self, raw: bytes, sender: str = AMY, **origin: str) -> int:
        self.office.mail.deliver(raw, PHISH, sender=sender, **{"user": sender} | origin)
        return self.take()

    def take(self) -> int:
        ingest_mailbox(self.desk.account, self.bench.store, MailboxSettings(offset_days=3_000))
        return self.bench.store.alerts.list(limit=1, connector="mailbox")[0].id

    def handle(self, alert_id: int, **options: Any) -> ReportResult:
        return handle_report(self.desk, alert_id, **options)

    def mails_to(self, person: str) -> list[Any]:
        return [
            message_from_bytes(one.raw, policy=email_policy.default)
            for one in self.office.mail.sent
            if person in one.recipients
        ]

    def proposals(self) -> list[tuple[str, str]]:
        actions = self.bench.store.ledger.list(limit=1_000)
        return sorted((one.kind, one.state) for one in actions if one.kind != "send_mail")


@pytest.fixture
def world(bench_for: Callable[..., Workbench], mail_helper: ModuleType, tmp_path: Path) -> Iterator[World]:
    tenant = empty_tenant()
    people = {one: Habit("answers") for one in (AMY, BEN, EVE)}
    with mail_helper.mail_world("phish", tmp_path / "mail", people, clock=tenant.clock) as office:
        tenant.mail = office.mail.back_door
        bench = bench_for(tenant)
        bench.policy = Policy.build(lists=(demo_lists(),))
        account = office.account(
            address=PHISH, password=office.mail.passwords[PHISH], trusted_authserv_ids=("mx.northwind.example",)
        )
        yield World(bench, office, ReportDesk(bench.desk, account, "nw", clock=tenant.clock))


def mail(**headers: str) -> EmailMessage:
    made = EmailMessage()
    for name, value in ({"From": AMY, "To": PHISH, "Subject": "Fwd: x", "Message-ID": "<r1@northwind.example>"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }).items():  # fmt: skip
        made[name] = value
    made.set_content("Please look at this.\n")
    return made


def wire(made: EmailMessage, inner: bytes = b"") -> bytes:
    """As it goes over the wire; `inner` is attached byte for byte."""
    mark = b"b%d" % len(inner)
    raw = made.as_bytes().replace(b"\r\n", b"\n")
    if inner:
        head, _, body = raw.partition(b"\n\n")
        keep = [line for line in head.split(b"\n") if not line.lower().startswith((b"content-", b"mime-"))]
        top = b"\n".join(
            [*keep, b"MIME-Version: 1.0", b'Content-Type: multipart/mixed; boundary="%s"' % mark, b"", b""]
        )
        raw = top + b"--%s\nContent-Type: text/plain\n\n" % mark + body
        raw += b"\n--%s\nContent-Type: message/rfc822\n\n" % mark
        raw += inner.replace(b"\r\n", b"\n") + b"\n--%s--\n" % mark
    return raw.replace(b"\n", b"\r\n")


def strange(subject: str = "Hello", sender: str = "Sam <sam@stranger.example>", **headers: str) -> bytes:
    """A mail that the tenant does not know."""
    made = mail(**{"From": sender, "To": AMY, "Subject": subject, "Message_ID": "<s1@stranger.example>"} | headers)
    return wire(made)


@pytest.mark.parametrize("how", ["attached", "inline"])
def test_a_phish_that_was_delivered_is_judged_and_pulling_it_back_and_blocking_are_proposed(
    world: World, how: str
) -> None:
    message_id = world.attack(AMY, BEN)
    result = world.handle(world.report(message_id, how=how))

    assert (result.state, result.verdict) == ("settled", "malicious"), result.as_json()
    (one,) = result.mails
    assert (one.how, one.counts["delivered"], one.counts["people"], one.reporters) == (how, 2, 2, 1)
    original = world.bench.store.alerts.get(one.alert_id or 0)
    assert (original.connector, original.level, original.message_id) == ("reported", "T3", message_id)
    assert world.proposals() == [
        ("create_block_sender_policy", "proposed"),
        ("create_remediation_incident", "proposed"),
    ]
    assert world.bench.tenant.incidents() == []
    case = world.bench.store.cases.get(one.case_id or 0)
    assert case.priority == 80
    assert set(world.bench.store.cases.alert_ids(case.id)) == {result.alert_id, original.id}


def test_the_reporter_is_thanked_and_told_once_and_nothing_of_the_mail_is_quoted(world: World) -> None:
    message_id = world.attack(AMY, subject="Kanarienvogel: confirm your password within 24 hours")
    alert = world.report(message_id)
    first = world.handle(alert)
    again = world.handle(alert)

    assert (first.thanked, first.told) == (True, True)
    assert again.as_json() == first.as_json()
    thanks, result = world.mails_to(AMY)
    assert (thanks["Subject"], result["Subject"]) == ("Thank you for your report", "The result of your report")
    for sent in (thanks, result):
        text = sent.as_string()
        assert sent["Auto-Submitted"] == "auto-replied"
        assert sent["In-Reply-To"] == world.bench.store.alerts.get(alert).message_id
        assert not any(word in text for word in ("Kanarienvogel", "parcel", "http", "DHL"))
    assert "was an attack" in result.get_content()
    assert len(world.bench.store.ledger.list(limit=100)) == 4


def test_a_wrong_password_for_sending_is_tried_once_and_every_reporter_is_told_the_result_later(world: World) -> None:
    message_id = world.attack(AMY, BEN)
    alerts = [world.report(message_id, AMY), world.report(message_id, BEN)]
    account, tries = world.desk.account, MailFault("slow", "AUTH", times=None)
    world.office.mail.faults.add(tries)
    wrong = replace(account, smtp=replace(account.need_smtp(), password="kanari-wrong"))
    world.desk = replace(world.desk, account=wrong)
    assert [world.handle(one).told for one in (*alerts, *alerts)] == [False] * 4
    assert tries.hits == 1
    assert world.bench.store.ledger.list(state="unknown") == []

    world.desk = replace(world.desk, account=account)
    remember_ping(account, world.bench.store, ping(account))  # whoever mends it, tests it
    assert [world.handle(one).told for one in alerts] == [True, True]
    assert [len(world.mails_to(one)) for one in (AMY, BEN)] == [1, 1]


def test_two_people_who_report_one_mail_are_one_case_and_count_together(world: World) -> None:
    message_id = world.attack(AMY, BEN)
    one = world.handle(world.report(message_id, AMY, "attached"))
    two = world.handle(world.report(message_id, BEN, "inline"))

    assert (one.mails[0].reporters, two.mails[0].reporters) == (1, 2)
    assert one.mails[0].alert_id == two.mails[0].alert_id
    assert one.mails[0].case_id == two.mails[0].case_id
    [said] = world.bench.store.evidence.of(one.mails[0].alert_id or 0)
    assert (said.kind, said.points, said.text) == ("user_reports", 20, "2 of our people reported it")
    assert len(world.proposals()) == 2
    assert len(world.mails_to(BEN)) == 2


def test_reporters_whom_no_trusted_server_proves_open_a_case_and_add_no_points(world: World) -> None:
    world.desk = replace(world.desk, account=replace(world.desk.account, trusted_authserv_ids=()))
    inner = strange()
    results = [
        world.handle(world.write(wire(mail(From=one, Message_ID=f"<{n}@x.example>"), inner), one))
        for n, one in enumerate((AMY, BEN, EVE))
    ]

    assert {one.state for one in results} == {"waiting"}
    assert len({one.mails[0].case_id for one in results}) == 1
    assert world.bench.store.evidence.of(results[0].mails[0].alert_id or 0) == []
    assert results[0].mails[0].risk == results[2].mails[0].risk

    world.desk = replace(
        world.desk, account=replace(world.desk.account, trusted_authserv_ids=("mx.northwind.example",))
    )
    proven = world.handle(world.write(wire(mail(Message_ID="<9@x.example>"), inner)))
    assert proven.mails[0].reporters == 1


def test_the_same_person_reporting_twice_on_a_day_counts_once_and_gets_no_second_thanks(world: World) -> None:
    message_id = world.attack(AMY)
    world.handle(world.report(message_id, AMY, "attached"))
    again = world.handle(world.report(message_id, AMY, "attached"))

    assert again.mails[0].reporters == 1
    assert len(world.mails_to(AMY)) == 2


def test_mail_like_it_is_found_and_pulling_it_back_is_proposed_as_well(world: World) -> None:
    other = world.attack(EVE, subject="Second parcel, same place")
    message_id = world.attack(AMY)
    result = world.handle(world.report(message_id))

    (one,) = result.mails
    assert one.counts["similar"] == 2
    incidents = [
        action.parameters["values"]
        for action in world.bench.store.ledger.list(limit=100)
        if action.kind == "create_remediation_incident"
    ]
    assert sorted(incidents) == sorted([[message_id], [other]])


def test_a_doubtful_mail_waits_for_a_person_and_then_the_reporter_is_told(world: World) -> None:
    alert = world.write(wire(mail(), strange()))
    waiting = world.handle(alert)
    assert (waiting.state, waiting.verdict, waiting.told) == ("waiting", "undetermined", False)
    assert world.handle(alert).state == "waiting"
    assert len(world.mails_to(AMY)) == 1

    world.bench.store.labels.record(waiting.mails[0].alert_id or 0, "wanted", source="person", who="ann")
    (settled,) = handle_reports(world.desk)
    assert (settled.state, settled.verdict, settled.told) == ("settled", "benign", True)
    assert handle_reports(world.desk) == []
    assert "nothing wrong" in world.mails_to(AMY)[1].get_content()


@pytest.mark.parametrize(("outcome", "words"), [("", "Somebody has looked"), ("spam", "unwanted advertising")])
def test_closing_the_case_answers_whoever_waits(world: World, outcome: str, words: str) -> None:
    result = world.handle(world.write(wire(mail(), strange())))
    case, store = result.mails[0].case_id or 0, world.bench.store
    assert (store.cases.get(case).template, store.fields.get("case", case)["reports"]) == ("reported-phish", 1)
    if outcome:
        set_fields(store, case, {"outcome": outcome}, who="ann")
    set_state(store, case, "closed", who="ann", why="looked at it", leave_tasks=True)

    (settled,) = handle_reports(world.desk)
    assert settled.state == "settled"
    assert words in world.mails_to(AMY)[1].get_content()


def attached_page(world: World, person: str, page: str, number: int) -> ReportResult:
    """A person reports a stranger's mail that links to a page."""
    sender, mail_id = f"Sam <sam{number}@stranger{number}.example>", f"<s{number}@stranger.example>"
    inner = mail(**{"From": sender, "To": person, "Subject": f"Number {number}", "Message_ID": mail_id})
    inner.set_content(f"See https://docs.google.com/{page}\n")
    return world.handle(world.write(wire(mail(From=person, Message_ID=f"<r{number}@x.example>"), wire(inner)), person))


def test_two_mails_that_link_to_pages_of_one_shared_site_are_two_cases(world: World) -> None:
    phish = attached_page(world, AMY, "forms/d/e/1FAIpQLSa9/viewform", 1)
    minutes = attached_page(world, BEN, "document/d/1kT7zz2b/edit", 2)

    assert phish.mails[0].case_id != minutes.mails[0].case_id


def close_as(world: World, case: int, outcome: str) -> list[ReportResult]:
    set_fields(world.bench.store, case, {"outcome": outcome}, who="ann")
    set_state(world.bench.store, case, "closed", who="ann", why="looked at it", leave_tasks=True)
    return handle_reports(world.desk)


@pytest.mark.parametrize(
    ("outcome", "words"), [("wanted", "Somebody has looked"), ("spam", "Somebody"), ("malicious", "was an attack")]
)
def test_nobody_hears_that_a_mail_is_harmless_because_another_one_in_its_case_was(
    world: World, outcome: str, words: str
) -> None:
    one = attached_page(world, AMY, "document/d/1kT7zz2b/edit", 1)
    attached_page(world, BEN, "document/d/1kT7zz2b/edit", 2)

    close_as(world, one.mails[0].case_id or 0, outcome)
    for person in (AMY, BEN):
        assert words in world.mails_to(person)[1].get_content()


def test_a_closed_case_of_one_mail_says_that_it_was_wanted_but_not_when_the_rules_object(world: World) -> None:
    plain = attached_page(world, AMY, "document/d/1kT7zz2b/edit", 1)
    close_as(world, plain.mails[0].case_id or 0, "wanted")
    assert "nothing wrong" in world.mails_to(AMY)[1].get_content()

    odd = attached_page(world, BEN, "document/d/9zzzzz9z/edit", 2)
    world.bench.store.user_reports.change(odd.report_id, who="test", verdict="suspicious")
    close_as(world, odd.mails[0].case_id or 0, "wanted")
    assert "Somebody has looked" in world.mails_to(BEN)[1].get_content()


def test_what_a_person_said_of_one_mail_of_a_report_is_not_said_of_the_other(world: World) -> None:
    inner = wire(mail(From="Eve <eve@other.example>", Subject="Second", Message_ID="<s2@other.example>"))
    made = mail()
    for raw in (strange(), inner):
        made.add_attachment(message_from_bytes(raw, policy=email_policy.default))
    result = world.handle(world.write(made.as_bytes().replace(b"\n", b"\r\n")))
    labels = world.bench.store.labels
    first, second = (one.alert_id or 0 for one in result.mails)

    labels.record(first, "wanted", source="person", who="ann")
    assert handle_reports(world.desk) == []
    labels.record(second, "malicious", source="person", who="ann")
    (settled,) = handle_reports(world.desk)
    assert settled.verdict == "malicious"


@pytest.mark.parametrize(
    ("headers", "origin", "why"),
    [
        ({"Auto_Submitted": "auto-replied"}, {}, "machine"),
        ({"From": "eva@elsewhere.example"}, {"sender": "eva@elsewhere.example", "user": ""}, "outside"),
        ({}, {"sender": "x@elsewhere.example", "user": "", "ip": "203.0.113.9"}, "forged"),
        ({"From": f"{AMY}, {BEN}"}, {}, "several authors"),
        ({"From": PHISH}, {"sender": PHISH}, "mailbox of ours"),
    ],
)
def test_machines_strangers_and_forgeries_are_refused_and_get_no_mail(
    world: World, headers: dict[str, str], origin: dict[str, str], why: str
) -> None:
    raw = wire(mail(**headers), strange())
    world.office.mail.deliver(raw, PHISH, **{"sender": AMY, "user": AMY} | origin)
    ingest_mailbox(
        world.desk.account, world.bench.store, MailboxSettings(offset_days=3_000, skip_own_conversations=False)
    )
    result = world.handle(world.bench.store.alerts.list(limit=1)[0].id)

    assert result.state == "refused"
    assert why in result.why
    assert list(world.office.mail.sent) == []
    assert world.bench.store.alerts.list(connector="reported") == []


def test_a_mail_without_another_in_it_is_no_report_and_its_writer_is_asked_to_attach_it(world: World) -> None:
    alert = world.write(wire(mail(Subject="I got something strange")))
    for _ in range(2):
        result = world.handle(alert)
        assert result.state == "no report"
    (asked,) = world.mails_to(AMY)
    assert "as an attachment" in asked.get_content()


def test_authentication_results_inside_a_reported_mail_are_not_believed(world: World) -> None:
    planted = strange(
        "Your password expires today", "IT <it@partner.example>",
        Authentication_Results="relay.mimecast.com; dmarc=pass header.from=partner.example",
    )  # fmt: skip
    result = world.handle(world.write(wire(mail(), planted)))

    original = world.bench.store.alerts.get(result.mails[0].alert_id or 0)
    assert "authentication_results" not in original.event
    assert not any(name.lower() == "authentication-results" for name, _ in original.event["headers"])
    assert result.verdict != "benign"
    assert ("create_block_sender_policy", "proposed") not in world.proposals()


def test_a_mail_that_borrows_the_message_id_of_a_wanted_one_accuses_nobody(world: World) -> None:
    wanted = world.attack(
        AMY, subject="Newsletter", from_addr="news@fabrikam.example", from_env="news@fabrikam.example"
    )
    thief = strange("Newsletter", "Evil <x@stranger.example>", Message_ID=wanted)
    result = world.handle(world.write(wire(mail(), thief)))

    original = world.bench.store.alerts.get(result.mails[0].alert_id or 0)
    assert (original.sender, original.tracking_id) == ("x@stranger.example", "")
    assert result.mails[0].counts["copies"] == 0
    assert world.proposals() == []


def test_a_stranger_in_our_name_does_not_hide_behind_what_he_encloses(world: World) -> None:
    spoofed = world.attack(
        AMY, subject="Fwd: invoice", from_addr=BEN, from_env="x@evil.example", dmarc="fail", spf="fail", dkim="none"
    )
    fake = wire(mail(From=f"Ben <{BEN}>", To=AMY, Subject="Fwd: invoice", Message_ID=spoofed), strange("Harmless"))
    result = world.handle(world.write(wire(mail(), fake)))

    senders = {world.bench.store.alerts.get(one.alert_id or 0).sender for one in result.mails}
    assert senders == {"sam@stranger.example", BEN}
    assert result.verdict in {"malicious", "suspicious"}


def test_who_is_forged_is_not_blocked(world: World) -> None:
    message_id = world.attack(AMY, dmarc="fail", spf="fail", dkim="none")
    result = world.handle(world.report(message_id))

    assert result.verdict == "malicious"
    assert [kind for kind, _ in world.proposals()] == ["create_remediation_incident"]
    assert any("nobody proves" in note for note in result.mails[0].notes)


def test_a_header_block_that_the_phisher_wrote_himself_accuses_nobody(world: World) -> None:
    text = (
        f"Is this real?\n\n---------- Forwarded message ---------\nFrom: Parcel <{EVIL}>\n"
        f"Date: Mon, 2 Mar 2026 09:00:00 +0000\nSubject: Fwd: your order\nTo: Clara <{AMY}>\n"
        "\nsee below\n\n---------- Forwarded message ---------\nFrom: Victim <boss@contoso-logistics.example>\n"
        "Date: Mon, 2 Mar 2026 08:00:00 +0000\nSubject: your order\nTo: <x@y.example>\n\nPay now.\n"
    )
    made = mail()
    made.set_content(text)
    result = world.handle(world.write(wire(made)))

    assert world.bench.store.alerts.get(result.mails[0].alert_id or 0).sender == EVIL


def test_a_colleagues_forward_is_passed_over(world: World) -> None:
    inner = wire(mail(From=f"Ben <{BEN}>", To=AMY, Message_ID="<f@northwind.example>"), strange("Look here"))
    result = world.handle(world.write(wire(mail(), inner)))

    original = world.bench.store.alerts.get(result.mails[0].alert_id or 0)
    assert (original.sender, original.title) == ("sam@stranger.example", "Look here")


def test_a_held_message_is_judged_by_triage_with_the_words_of_people(world: World) -> None:
    ids = add(
        world.bench.tenant, "Your parcel", to=[AMY], from_addr=EVIL, from_env=EVIL, dkim_domain="parcel-desk.example"
    )
    world.bench.ingest()
    (held,) = world.bench.store.alerts.list(connector="held")
    world.desk = replace(world.desk, tenant=held.tenant)
    message_id = str(held.event["message_id"])
    result = world.handle(world.report(message_id))

    assert result.mails[0].alert_id == held.id
    assert world.bench.store.verdicts.current(held.id) is not None
    assert world.bench.store.alerts.get(held.id).level == "T3"
    assert world.bench.tenant.times_applied("reject", ids[0]) == 0


def test_a_question_of_ours_that_is_reported_is_genuine(world: World) -> None:
    post = PostDesk(world.bench.store, world.desk.account, clock=world.desk.clock)
    wait = ask(post, Question(to=(AMY,), subject="Did you expect this?", text="Please tell us."), key="q1")
    question = next(one.raw for one in world.office.mail.sent)
    result = world.handle(world.write(wire(mail(), question)))

    assert wait.message_ids
    assert (result.state, result.verdict) == ("settled", "ours")
    assert "really came from us" in world.mails_to(AMY)[-1].get_content()
    assert world.proposals() == []


def test_a_dry_run_and_a_kill_switch(world: World) -> None:
    message_id = world.attack(AMY)
    alert = world.report(message_id)
    dry = world.handle(alert, dry_run=True)
    assert (dry.state, dry.verdict, dry.report_id) == ("dry run", "malicious", 0)
    assert world.bench.store.user_reports.of_alert(alert) is None
    assert world.bench.store.alerts.list(connector="reported") == []

    world.bench.policy = Policy.build(lists=(demo_lists(),), kill_switch=True)
    stopped = world.handle(alert)
    assert (stopped.verdict, stopped.thanked, stopped.told) == ("malicious", False, False)
    assert world.proposals() == []
    assert list(world.office.mail.sent) == []


def test_all_reports_of_a_mailbox_are_handled_each_once_and_other_mail_is_left_alone(world: World) -> None:
    world.report(world.attack(AMY))
    world.write(wire(mail(Subject="Lunch?", From=BEN, Message_ID="<lunch@northwind.example>")), BEN)
    gone = world.write(wire(mail(From=EVE, Message_ID="<gone@northwind.example>"), strange()), EVE)
    world.office.mail.expunge(PHISH, "INBOX", 3)

    results = handle_reports(world.desk)
    assert sorted(one.state for one in results) == ["refused", "settled"]
    assert "deleted" in next(one.why for one in results if one.alert_id == gone)
    assert handle_reports(world.desk) == []
    assert world.bench.store.user_reports.counts() == {"no report": 1, "refused": 1, "settled": 1}
    assert world.mails_to(BEN) == []


def test_a_source_that_is_refused_is_said_and_the_rest_goes_on(world: World) -> None:
    message_id = world.attack(AMY)
    alert = world.report(message_id)
    world.bench.tenant.faults.add(
        Fault("fail_in_200", "/api/message-finder/search", times=None, code="err_xdk_not_allowed")
    )
    result = world.handle(alert)
    assert any(note.startswith("tracking: not searched") for note in result.mails[0].notes)
    assert result.state in {"waiting", "settled"}


def test_what_is_no_mail_of_a_mailbox_cannot_be_handled(world: World) -> None:
    add(world.bench.tenant, "Held", to=[AMY])
    world.bench.ingest()
    with pytest.raises(InvalidInputError, match="not of a mail in a mailbox"):
        world.handle(world.bench.store.alerts.list()[0].id)
    with pytest.raises(NotFoundError):
        world.handle(4711)


def test_each_proposal_gets_an_approval_of_the_case_and_what_is_approved_is_done_once(world: World) -> None:
    store = world.bench.store
    result = world.handle(world.report(world.attack(AMY, BEN)))
    asked = store.approvals.list(states=("open",))
    assert sorted(one.kind for one in asked) == ["create_block_sender_policy", "create_remediation_incident"]
    assert {one.case_id for one in asked} == {result.mails[0].case_id}
    assert {one.proposer for one in asked} == {"handle reported phish"}

    pulling = next(one for one in asked if one.kind == "create_remediation_incident")
    approve(store, world.bench.policy, pulling.id, digest=pulling.digest, by="ann", channel="command line")
    for _ in range(2):
        carry_out_approved(world.bench.desk, pulling.id)
    assert [effect.kind for effect in world.bench.tenant.effects].count("create_incident") == 1
    assert handle_reports(world.desk) == []
    assert len(store.approvals.list(states=("open",))) == 1


def test_when_another_person_reports_the_mail_the_approval_is_about_what_is_known_then(world: World) -> None:
    message_id = world.attack(AMY, BEN)
    world.handle(world.report(message_id, AMY))
    (first, *_) = world.bench.store.approvals.list(states=("open",))
    world.handle(world.report(message_id, BEN))

    void_changed(world.bench.store, world.bench.policy, tenant="nw")
    handle_reports(world.desk)
    still = world.bench.store.approvals.list(states=("open",))
    assert sorted(one.kind for one in still) == ["create_block_sender_policy", "create_remediation_incident"]
    assert first.id not in {one.id for one in still}


@pytest.mark.parametrize(("parameters", "mails"), [({}, 2), ({"answer_reporters": False}, 0)])
def test_a_rule_decides_whether_the_reporter_is_answered_also_without_prefect(
    world: World, parameters: dict[str, Any], mails: int
) -> None:
    playbook = known("handle reported phish")
    alert = world.report(world.attack(AMY))
    run: Any = SimpleNamespace(alert_id=alert, parameters=parameters, requested_by="amara", case_id=None, tenant="nw")
    assert playbook.in_place is not None
    playbook.in_place(Workplace(world.bench.store, lambda: world.desk.desk, lambda: world.desk.account), run)
    assert len(world.mails_to(AMY)) == mails
