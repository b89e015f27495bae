"""The mailbox connector against a real IMAP server, on both databases: what is taken, in which order, how often."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from mailroom_tests_mailbox_world import account_of, mail, with_attached

from mailroom.connectors.mailbox import MailboxSettings, ingest_mailbox
from mailroom.errors import BusyError, InvalidInputError, NotFoundError, TransientError


def test_every_unread_mail_becomes_one_alert_and_is_marked_as_read_afterwards(mailbox: Any) -> None:
    mailbox.put(*(mail(n) for n in range(1, 6)))
    report = mailbox.cycle()
    assert report.counts() == {
        "fetched": 5, "alerted": 5, "duplicate": 0, "filtered": 0, "quarantined": 0, "gone": 0,
    }  # fmt: skip
    assert [alert.title for alert in mailbox.alerts()] == [f"Mail {n}" for n in range(1, 6)]
    assert mailbox.unread() == []
    assert mailbox.cycle().fetched == 0
    assert mailbox.store.runs.conservation_violations() == []


def test_an_alert_says_where_the_mail_lies_and_what_is_in_it(mailbox: Any) -> None:
    (uid,) = mailbox.put(mail(1, subject="Grüße", Cc="copy@northwind.example", Reply_To="other@example.net"))
    mailbox.cycle()
    (alert,) = mailbox.alerts()
    event = alert.event
    assert (alert.connector, alert.message_id, alert.sender) == ("mailbox", "<m1@example.org>", "p1@example.org")
    assert alert.external_key == f"soc/INBOX/{event['uidvalidity']}/{uid}"
    assert (alert.product, alert.event_name) == (event["device_product"], event["event_name"])
    assert event["subject"] == "Grüße"
    assert event["email_uid"] == str(uid)
    assert event["receivers"] == ["soc@northwind.example", "copy@northwind.example"]
    assert event["reply_to"] == ["other@example.net"]
    assert event["names"]["p1@example.org"] == "Person 1"
    assert event["date"] == "2026-01-05 08:00:00"
    assert "This is mail 1." in event["plaintext_body"]


def test_mails_over_the_limit_wait_for_the_next_cycle_and_none_is_lost(mailbox: Any) -> None:
    mailbox.put(*(mail(n) for n in range(1, 8)))
    reports = [mailbox.cycle(max_per_cycle=3) for _ in range(4)]
    assert [report.alerted for report in reports] == [3, 3, 1, 0]
    assert [report.waiting for report in reports] == [4, 1, 0, 0]
    assert [alert.title for alert in mailbox.alerts()] == [f"Mail {n}" for n in range(1, 8)]


def test_a_waiting_mail_that_somebody_reads_meanwhile_is_taken_all_the_same(mailbox: Any) -> None:
    uids = mailbox.put(*(mail(n) for n in range(1, 6)))
    mailbox.cycle(max_per_cycle=2)
    with mailbox.server.client(mailbox.user) as client:
        client.select_folder("INBOX")
        client.set_flags(uids, [b"\\Seen"])
    mailbox.cycle(max_per_cycle=10)
    assert len(mailbox.alerts()) == 5


def test_catching_up_knows_no_limit_and_shows_its_progress(mailbox: Any) -> None:
    mailbox.put(*(mail(n) for n in range(1, 31)))
    seen: list[tuple[str, int, int | None]] = []
    settings = MailboxSettings(indicators=False, batch_size=7)
    report = ingest_mailbox(
        mailbox.account, mailbox.store, settings, catch_up=True, progress=lambda *step: seen.append(step)
    )
    assert report.alerted == 30
    assert seen[-1] == ("INBOX", 30, 30)
    assert len(seen) > 3


def test_unread_only_leaves_read_mail_alone_until_somebody_marks_it_unread(mailbox: Any) -> None:
    (first,) = mailbox.put(mail(1), read=True)
    mailbox.put(mail(2))
    assert mailbox.cycle().alerted == 1
    with mailbox.server.client(mailbox.user) as client:
        client.select_folder("INBOX")
        client.remove_flags([first], [b"\\Seen"])
    assert mailbox.cycle().alerted == 1
    assert sorted(alert.title for alert in mailbox.alerts()) == ["Mail 1", "Mail 2"]


def test_a_taken_mail_that_becomes_unread_again_is_not_taken_twice_nor_marked_again(mailbox: Any) -> None:
    (uid,) = mailbox.put(mail(1))
    mailbox.cycle()
    with mailbox.server.client(mailbox.user) as client:
        client.select_folder("INBOX")
        client.remove_flags([uid], [b"\\Seen"])
    assert mailbox.cycle().fetched == 0
    assert mailbox.unread() == [uid]


def test_fetch_from_latest_takes_unread_mail_first_and_then_everything_that_arrives(mailbox: Any) -> None:
    mailbox.put(mail(1), read=True)
    mailbox.put(mail(2))
    mailbox.put(mail(3), read=True)
    assert mailbox.cycle(fetch="latest", mark_as_read=False).alerted == 1
    mailbox.put(mail(4), read=True)
    mailbox.put(mail(5))
    assert mailbox.cycle(fetch="latest", mark_as_read=False).alerted == 2
    assert [alert.title for alert in mailbox.alerts()] == ["Mail 2", "Mail 4", "Mail 5"]
    assert mailbox.unread() == [2, 5]


def test_fetch_from_latest_takes_read_mail_that_arrives_after_a_first_look_at_an_empty_folder(mailbox: Any) -> None:
    mailbox.cycle(fetch="latest")
    mailbox.put(mail(1), read=True)
    assert mailbox.cycle(fetch="latest").alerted == 1


def test_the_first_cycle_looks_back_the_offset_and_not_further(mailbox: Any) -> None:
    now = datetime.now(UTC)
    mailbox.put(mail(1), arrived=now - timedelta(days=30))
    mailbox.put(mail(2), arrived=now - timedelta(days=3, minutes=5))
    mailbox.put(mail(3), arrived=now - timedelta(days=2, hours=23))
    assert mailbox.cycle(offset_days=3, fetch="everything").alerted == 1
    # Afterwards what arrives is taken whatever its age: somebody moved it here.
    mailbox.put(mail(4), arrived=now - timedelta(days=30))
    assert mailbox.cycle(offset_days=3, fetch="everything").alerted == 1
    assert [alert.title for alert in mailbox.alerts()] == ["Mail 3", "Mail 4"]


# F28
def test_the_same_mail_in_two_folders_is_two_items_of_one_group(mailbox: Any) -> None:
    mailbox.put(mail(1))
    mailbox.put(mail(1), folder="Archive")
    assert mailbox.cycle(folders=("inbox", "Archive")).alerted == 2
    one, other = mailbox.alerts()
    assert one.external_key != other.external_key
    assert one.group_key == other.group_key
    assert mailbox.store.alerts.group_size(one.group_key) == 2


# F28
def test_the_same_message_id_with_different_content_is_two_alerts_of_two_groups(mailbox: Any) -> None:
    mailbox.put(mail(1), mail(2, Message_ID="<m1@example.org>"))
    assert mailbox.cycle().alerted == 2
    one, other = mailbox.alerts()
    assert one.message_id == other.message_id
    assert one.group_key != other.group_key


# F29
def test_mails_without_message_id_and_with_absurd_dates_are_taken_by_the_servers_time(mailbox: Any) -> None:
    arrived = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)
    dates = ["Thu, 01 Jan 1970 00:00:00 +0000", "Tue, 01 Jan 2099 00:00:00 +0000", "nonsense", ""]
    mailbox.put(*(mail(n, Date=date, Message_ID="") for n, date in enumerate(dates)), arrived=arrived)
    assert mailbox.cycle().alerted == 4
    assert {alert.received_at for alert in mailbox.alerts()} == {arrived}
    assert {alert.message_id for alert in mailbox.alerts()} == {""}


# F17: the server answers OK and sends nothing for a mail that was removed after the search
def test_a_mail_removed_before_it_is_fetched_is_counted_as_gone(mailbox: Any) -> None:
    mailbox.put(*(mail(n) for n in range(1, 5)))
    mailbox.cycle(max_per_cycle=1)
    mailbox.server.expunge(mailbox.user, "INBOX", "uid", "3")
    report = mailbox.cycle()
    assert (report.fetched, report.alerted, report.gone) == (3, 2, 1)
    assert mailbox.states() == {"1": "alerted", "2": "alerted", "3": "gone", "4": "alerted"}


# F18: `n:*` names the last mail again
def test_the_last_mail_is_not_taken_again(mailbox: Any) -> None:
    mailbox.put(mail(1), mail(2))
    mailbox.cycle(fetch="everything", mark_as_read=False)
    for _ in range(3):
        assert mailbox.cycle(fetch="everything", mark_as_read=False).fetched == 0


# F16
def test_a_rebuilt_folder_is_compared_with_what_is_stored_and_only_new_mail_alerts(
    mailbox: Any, caplog: pytest.LogCaptureFixture
) -> None:
    mailbox.put(*(mail(n) for n in range(1, 6)))
    mailbox.cycle(fetch="everything")
    mailbox.server.set_uidvalidity(mailbox.user, "INBOX", 4242)
    mailbox.put(mail(6))
    report = mailbox.cycle(fetch="everything")
    assert (report.fetched, report.alerted, report.duplicate) == (6, 1, 5)
    assert report.rebuilt == ["INBOX"]
    assert len([one for one in caplog.records if "was rebuilt" in one.message]) == 1
    again = mailbox.cycle(fetch="everything")
    assert (again.fetched, again.rebuilt) == (0, [])
    assert len(mailbox.alerts()) == 6
    assert mailbox.store.runs.conservation_violations() == []


def test_a_folder_made_anew_with_the_same_mails_at_other_times_gives_no_second_alert(mailbox: Any) -> None:
    mailbox.put(*(mail(n) for n in range(1, 4)), folder="Reports")
    mailbox.cycle(folders=("Reports",))
    with mailbox.server.client(mailbox.user) as client:
        client.delete_folder("Reports")
    mailbox.put(*(mail(n) for n in range(1, 5)), folder="Reports", arrived=datetime.now(UTC) - timedelta(hours=3))
    report = mailbox.cycle(folders=("Reports",))
    assert report.rebuilt == ["Reports"]
    assert (report.duplicate, report.alerted) == (3, 1)


def test_what_waited_when_the_folder_was_rebuilt_is_taken_from_the_new_one(mailbox: Any) -> None:
    mailbox.put(*(mail(n) for n in range(1, 6)))
    mailbox.cycle(max_per_cycle=2)
    mailbox.server.set_uidvalidity(mailbox.user, "INBOX", 777)
    for _ in range(3):
        mailbox.cycle(max_per_cycle=2)
    assert sorted(alert.title for alert in mailbox.alerts()) == [f"Mail {n}" for n in range(1, 6)]


def test_the_time_limit_commits_what_it_has_and_the_next_cycle_goes_on(mailbox: Any) -> None:
    mailbox.put(*(mail(n) for n in range(1, 30)))
    ticking = Ticking(0.4)
    settings = MailboxSettings(indicators=False, max_per_cycle=0, time_limit=10.0)
    first = ingest_mailbox(mailbox.account, mailbox.store, settings, clock=ticking)
    assert 0 < first.alerted < 29
    assert first.alerted + first.waiting == 29
    assert mailbox.unread() == list(range(first.alerted + 1, 30))
    mailbox.cycle(catch_up=True)
    assert len(mailbox.alerts()) == 29


def test_no_folder_waits_for_ever_when_the_time_is_never_enough_for_all(mailbox: Any) -> None:
    folders = ("INBOX", "Junk", "Archive")
    for folder in folders:
        mailbox.put(*(mail(n, subject=f"{folder} {n}") for n in range(40)), folder=folder)
    settings = MailboxSettings(indicators=False, max_per_cycle=0, time_limit=10.0, folders=folders)
    for _ in folders:
        report = ingest_mailbox(mailbox.account, mailbox.store, settings, clock=Ticking(0.4))
        assert len(report.folders) < len(folders)
    assert {alert.title.split()[0] for alert in mailbox.alerts()} == set(folders)


class Ticking:
    """A clock that moves on each time it is asked."""

    def __init__(self, step: float) -> None:
        self._step, self._time = step, 0.0

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        self._time += self._step
        return self._time

    def sleep(self, seconds: float) -> None:
        self._time += seconds


def test_a_second_worker_is_told_that_the_folder_is_busy(mailbox: Any) -> None:
    mailbox.put(mail(1))
    mailbox.cycle()
    source = mailbox.store.intake.generations(mailbox.user.address, "mailbox", "soc/INBOX")[0]
    lease = mailbox.store.leases.acquire(f"source:{source.id}", "somebody else")
    mailbox.put(mail(2))
    with pytest.raises(BusyError):
        mailbox.cycle()
    mailbox.store.leases.release(lease)
    assert mailbox.cycle().alerted == 1


def test_a_missing_folder_is_named_and_the_others_are_taken(mailbox: Any) -> None:
    mailbox.put(mail(1))
    with pytest.raises(NotFoundError, match="Nowhere"):
        mailbox.cycle(folders=("Nowhere", "INBOX"))
    assert len(mailbox.alerts()) == 1


# F26
def test_marks_that_failed_are_made_by_the_next_cycle(mailbox: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    mailbox.put(mail(1), mail(2))
    from mailroom.errors import RejectedError
    from mailroom.mail.imap import ImapSession

    def refuse(*_: object) -> None:
        raise RejectedError("NO not now")

    with monkeypatch.context() as patch:
        patch.setattr(ImapSession, "set_flags", refuse)
        report = mailbox.cycle()
    assert (report.alerted, report.unmarked) == (2, 2)
    assert mailbox.unread() == [1, 2]
    assert mailbox.cycle().unmarked == 0
    assert mailbox.unread() == []
    assert len(mailbox.alerts()) == 2


# F15
@pytest.mark.parametrize("octets", [400, 1_500, 2_500, 6_000, 12_000])
def test_a_connection_cut_inside_a_mail_loses_and_doubles_nothing(mailbox: Any, octets: int) -> None:
    from mailroom_tests_dovecot_fixtures import sibling

    bodies = ["x" * 700 + "\n", "y" * 900 + "\n"]
    mailbox.put(*(mail(n, body=bodies[n % 2] * 3) for n in range(1, 6)))
    relay = sibling("proxies").TcpProxy(mailbox.server.imap_port)
    try:
        relay.cut_after(octets)
        account = account_of(mailbox.server, mailbox.user, relay.port)
        with pytest.raises(TransientError):
            ingest_mailbox(account, mailbox.store, MailboxSettings(indicators=False))
    finally:
        relay.close()
    assert set(mailbox.states().values()) <= {"listed", "alerted"}
    mailbox.cycle()
    assert sorted(alert.title for alert in mailbox.alerts()) == [f"Mail {n}" for n in range(1, 6)]
    assert mailbox.unread() == []
    assert mailbox.store.runs.conservation_violations() == []


def test_a_dry_run_shows_what_would_happen_and_changes_nothing(mailbox: Any) -> None:
    from mailroom.mail.imap import MailFilters

    mailbox.put(mail(1), mail(2, subject="Newsletter"), with_attached(3, mail(4)))
    before = mailbox.content(), mailbox.flags()
    rows = mailbox.preview(filters=MailFilters(not_subject=("newsletter",)))
    assert [(row.uid, row.outcome) for row in rows] == [(1, "alerted"), (2, "filtered"), (3, "alerted")]
    assert rows[1].subject == "Newsletter"
    assert (mailbox.content(), mailbox.flags()) == before
    assert mailbox.store.runs.latest("ingest mailbox") == []


def test_a_dry_run_after_an_overflow_shows_what_waits_first(mailbox: Any) -> None:
    mailbox.put(*(mail(n) for n in range(1, 5)))
    mailbox.cycle(max_per_cycle=2)
    mailbox.put(mail(5))
    assert [row.uid for row in mailbox.preview()] == [3, 4, 5]


def test_a_dry_run_shows_of_several_folders_what_the_cycle_takes(mailbox: Any) -> None:
    folders = ("INBOX", "Archive", "Junk")
    for folder in folders[:2]:
        mailbox.put(*(mail(n) for n in range(1, 5)), folder=folder)
    numbers = []
    for _ in range(5):
        shown = [(row.folder, str(row.uid)) for row in mailbox.preview(folders=folders, max_per_cycle=3)]
        before = len(mailbox.alerts())
        mailbox.cycle(folders=folders, max_per_cycle=3)
        taken = mailbox.alerts()[before:]
        assert [(alert.event["folder"], alert.event["email_uid"]) for alert in taken] == shown
        numbers.append(len(shown))
    assert (sum(numbers), max(numbers), numbers[-1]) == (8, 3, 0)


def test_settings_that_cannot_be_meant_are_refused() -> None:
    for wrong in ({"fetch": "some"}, {"offset_days": -1}, {"batch_size": 0}, {"server_time_zone": "Mars/Base"}):
        with pytest.raises(InvalidInputError):
            MailboxSettings(**wrong)  # type: ignore[arg-type]
