"""Rules on mail, applied to stored mails: incidents, links, files, playbooks and fields, each once."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor

import pytest
from mailroom_tests_dovecot_fixtures import sibling

from mailroom.errors import NotFoundError
from mailroom.mail.account import MailAccount
from mailroom.mail.imap import ImapSettings
from mailroom.playbooks.campaigns import campaign_story, group_all
from mailroom.playbooks.mail_rules import MOST_ATTEMPTS, apply_mail_rules, load_checked
from mailroom.rulelang.yaml_source import RuleError
from mailroom.store import Store
from mailroom.store.case_lists import CaseQuery

world = sibling("mail_rules_world")


@pytest.fixture
def apply(store: Store, tmp_path):
    """Apply rules to what is stored; each call is one round."""

    def run(*rules: str, **options):
        loaded = load_checked([world.write(tmp_path / "rules", *rules)])
        return apply_mail_rules(store, *loaded, **options)

    return run


@pytest.fixture
def free_port() -> int:
    """Nobody listens there."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


def cases(store: Store):
    return sorted(store.cases.search(CaseQuery()), key=lambda case: case.id)


def test_a_mail_becomes_an_incident_with_its_fields_and_a_second_round_changes_nothing(store, apply):
    alert = world.store_mail(store, world.mail(1))
    world.store_mail(store, world.mail(2, subject="Lunch?"))
    incident = "{ template: mail-incident, title: 'From {from.domain}', priority: high }"
    create = world.rule(f"[{{ create_incident: {incident} }}]")

    report = apply(create)

    assert report.counts() == {
        "looked_at": 2, "matched": 1, "unknown": 0, "done": 1, "failed": 0, "waiting": 0, "incidents": 1,
    }  # fmt: skip
    (case,) = cases(store)
    assert (case.title, case.priority, case.template) == ("From fabrikam.example", 80, "mail-incident")
    assert store.cases.alert_ids(case.id) == [alert]
    assert store.fields.get("case", case.id)["sender"] == "ann@fabrikam.example"
    head = store.events.head()
    assert apply(create).looked_at == 0
    assert store.events.head() == head
    assert store.events.verify() == []


def test_a_dry_run_says_what_would_be_done_and_writes_nothing(store, apply):
    alert = world.store_mail(store, world.mail(1))
    head = store.events.head()

    report = apply(world.rule("[{ create_incident: {} }, { save_attachments: {} }]"), dry_run=True)

    (match,) = report.matches
    assert (match.alert_id, match.answer, match.actions) == (alert, "true", ("create_incident", "save_attachments"))
    assert store.events.head() == head
    assert cases(store) == []
    assert apply(world.rule("[{ create_incident: {} }]")).incidents == 1


def test_a_rule_that_cannot_be_answered_acts_on_nothing_and_says_why(store, apply):
    alert = world.store_mail(store, world.mail(1))
    trusted = world.rule("[{ create_incident: {} }]")
    trusted = trusted.replace("{ subject|words_any: invoice }", "{ auth.dmarc_pass: true }")
    trusted = trusted.replace("subject: An invoice", "dmarc: pass")

    report = apply(trusted)

    assert (report.matched, report.unknown) == (0, 1)
    (hit,) = store.mail_rules.hits(alert_id=alert)
    assert (hit.state, hit.detail) == ("unknown", "not known: auth.dmarc_pass")
    assert cases(store) == []


def test_mails_of_one_conversation_share_an_incident_and_answers_join_it(store, apply):
    create = world.rule("[{ create_incident: { by: conversation } }]")
    join = world.rule("[{ add_to_incident: { by: conversation } }]", id="answers")
    join = join.replace("{ subject|words_any: invoice }", "{ is_reply: true }").replace(
        "subject: An invoice", "in_reply_to: ['<m1@x.test>']"
    )
    first = world.store_mail(store, world.mail(1))
    apply(create, join)
    answer = world.store_mail(store, world.mail(2, subject="Re: thanks", In_Reply_To="<m1@fabrikam.example>"))
    world.store_mail(store, world.mail(3, subject="Re: other", In_Reply_To="<z@else.example>"))

    report = apply(create, join)

    (case,) = cases(store)
    assert store.cases.alert_ids(case.id) == [first, answer]
    assert report.done == 2
    assert [hit.results[0]["outcome"] for hit in store.mail_rules.hits(rule_id="answers")] == ["nothing", "done"]


def test_new_mail_of_a_campaign_opens_its_closed_incident_again(store, apply):
    create = world.rule("[{ create_incident: { by: campaign } }]")
    world.store_mail(store, world.mail(1, subject="Invoice 1 overdue now"))
    apply(create)
    (case,) = cases(store)
    store.cases.change(case.id, lambda _case, now: {"state": "closed", "closed_at": now}, who="ben")

    world.store_mail(store, world.mail(2, subject="Invoice 2 overdue now"))
    apply(create)

    (case,) = cases(store)
    assert case.state == "open"
    assert len(store.cases.alert_ids(case.id)) == 2


def test_attachments_go_into_the_incident_and_only_those_that_are_wanted(store, apply):
    alert = world.store_mail(store, world.mail(1, files={"bill.pdf": b"%PDF", "../x.js": b"run()", "notes.txt": b"n"}))

    apply(world.rule("[{ create_incident: {} }, { save_attachments: { names: ['*.pdf', '*.js'] } }]"))

    (case,) = cases(store)
    files = store.case_files.list([case.id])
    assert sorted(store.blobs.get(one.sha256) for one in files) == [b"%PDF", b"run()"]
    assert {one.alert_id for one in files} == {alert}


def test_a_mail_that_is_gone_fails_alone_and_can_be_tried_again(store, apply):
    raw = world.mail(1, files={"bill.pdf": b"%PDF"})
    alert = world.store_mail(store, raw, eml_sha256="0" * 64)
    rules = world.rule("[{ create_incident: {} }, { save_attachments: {} }]")

    report = apply(rules)

    assert (report.failed, report.incidents) == (1, 1)
    (hit,) = store.mail_rules.hits(alert_id=alert)
    assert hit.state == "failed"
    assert [one["outcome"] for one in hit.results] == ["done", "failed"]
    event = store.alerts.get(alert).event | {"eml_sha256": store.blobs.put(raw)}
    store.alerts.update_detail(alert, event, "T2")
    assert store.mail_rules.reopen([hit.id], who="ben") == 1
    assert apply(rules).done == 1
    assert len(store.case_files.list([cases(store)[0].id])) == 1


def test_attachments_of_another_mailbox_wait_for_it(store, apply):
    world.store_mail(store, world.mail(1, files={"bill.pdf": b"%PDF"}), kept=False)

    report = apply(world.rule("[{ save_attachments: {} }]"))

    assert (report.waiting, report.failed) == (1, 0)


def test_a_playbook_is_wanted_once_with_numbers_alone(store, apply):
    alert = world.store_mail(store, world.mail(1))
    run = world.rule("[{ create_incident: {} }, { run_playbook: { playbook: investigate sender } }]")

    apply(run)
    apply(run)

    (wish,) = store.playbook_runs.list(alert_id=alert)
    assert (wish.playbook, wish.state, wish.case_id) == ("investigate sender", "wanted", cases(store)[0].id)
    assert wish.parameters == {}


def test_what_changes_the_tenant_is_offered_to_a_person(store, apply):
    world.store_mail(store, world.mail(1))

    with pytest.raises(RuleError, match=r"rule-0.yml:12: .*without asking once more"):
        apply(world.rule("[{ run_playbook: { playbook: remediate } }]"))
    apply(world.rule("[{ run_playbook: { playbook: remediate, autorun: false } }]"))

    (wish,) = store.playbook_runs.list()
    assert wish.state == "offered"


def test_a_template_that_does_not_exist_is_named_before_anything_is_done(store, apply):
    world.store_mail(store, world.mail(1))

    with pytest.raises(RuleError, match=r"rule-0.yml:12: there is no incident template 'ticket'"):
        apply(world.rule("[{ create_incident: { template: ticket } }]"))

    assert store.mail_rules.hits() == []


def test_a_value_that_fits_no_field_is_left_out_and_never_stops_the_incident(store, apply):
    world.store_mail(store, world.mail(1))
    rules = world.rule("[{ create_incident: { template: phishing, map: { outcome: subject, lure: subject } } }]")

    apply(rules)

    (case,) = cases(store)
    assert "outcome" not in store.fields.get("case", case.id)
    (hit,) = store.mail_rules.hits()
    assert "outcome" in hit.results[0]["left_out"]


def test_fields_of_the_alert_and_of_the_incident_are_set(store, apply):
    alert = world.store_mail(store, world.mail(1))
    for_alert = "{ set_field: { scope: alert, fields: { seen_by: rules }, map: { author: from.name } } }"

    apply(world.rule(f"[{{ create_incident: {{}} }}, {{ set_field: {{ fields: {{ channel: mail }} }} }}, {for_alert}]"))

    assert store.fields.get("alert", alert) == {"author": "Ann", "seen_by": "rules"}
    assert store.fields.get("case", cases(store)[0].id)["channel"] == "mail"


def test_the_lower_order_acts_first_and_both_rules_share_the_mails_incident(store, apply):
    world.store_mail(store, world.mail(1))
    second = world.rule("[{ create_incident: { title: Second } }]", id="a-second")
    first = world.rule("[{ create_incident: { title: First } }]", id="z-first") + "order: 5\n"

    apply(second, first)

    assert [case.title for case in cases(store)] == ["First"]


def test_changed_rules_leave_mails_alone_that_were_looked_at(store, apply):
    world.store_mail(store, world.mail(1))
    apply(world.rule("[{ create_incident: {} }]", enabled=False))

    assert apply(world.rule("[{ create_incident: {} }]")).looked_at == 0


def test_a_campaign_shows_its_mails_its_reason_and_what_is_related(store):
    mails = [world.mail(n, subject=f"Invoice {n} overdue now", sender=f"a{n}@evil.example") for n in (1, 2)]
    ids = [world.store_mail(store, one) for one in mails]
    other = world.mail(3, subject="Invoice 3 overdue now", sender="x@worse.example", files={"a.js": b"run()"})
    world.store_mail(store, other)

    assert group_all(store) == 3
    assert group_all(store) == 0

    (row,) = store.campaigns.list()
    assert (row.alerts, row.senders, row.key[:8]) == (2, 2, "subject-")
    story = campaign_story(store, row.key[:14])
    assert sorted(alert.id for alert in story.alerts) == ids
    assert ("sender's domain", "evil.example") in story.why
    assert [what for _, what in story.related] == [["subject"]]
    assert campaign_story(store, str(ids[0])).row == row
    assert all(alert.handling == "open" for alert in story.alerts)
    with pytest.raises(NotFoundError):
        campaign_story(store, "nothing-like-it")


def test_rounds_at_the_same_time_do_everything_once(store_url, tmp_path):
    blobs = tmp_path / "blobs"
    run = "{ run_playbook: { playbook: investigate sender } }"
    rules = world.rule(f"[{{ create_incident: {{ by: sender }} }}, {{ save_attachments: {{}} }}, {run}]")
    loaded = load_checked([world.write(tmp_path / "rules", rules)])
    with Store.open(store_url, blobs=blobs) as store:
        for number in range(12):
            sender = f"a{number % 3}@fabrikam.example"
            world.store_mail(store, world.mail(number, sender=sender, files={"bill.pdf": b"%PDF" + bytes([number])}))

        def round_of_its_own(_number: int) -> int:
            with Store.open(store_url, blobs=blobs) as mine:
                return apply_mail_rules(mine, *loaded).failed

        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(round_of_its_own, range(4))) == 0

        found = cases(store)
        assert len(found) == 3
        assert sum(len(store.cases.alert_ids(case.id)) for case in found) == 12
        assert len(store.case_files.list([case.id for case in found])) == 12
        assert len(store.playbook_runs.list()) == 12
        assert {hit.state for hit in store.mail_rules.hits()} == {"done"}
        kinds = [event.kind for alert in store.alerts.list() for event in store.events.for_alert(alert.id)]
        assert (kinds.count("mail_rule.matched"), kinds.count("mail_rule.done")) == (12, 12)
        assert store.events.verify() == []


HOSTILE = [
    "invoice \x00\ud800 \u202e<script>", "invoice " + "{subject}" * 200, "invoice '; DROP TABLE cases; --",
    "invoice\r\nBcc: x", "invoice " + "e\u0301" * 60_000,
]  # fmt: skip


@pytest.mark.parametrize("subject", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_words_become_an_incident_and_nothing_else(store, apply, subject):
    texts = dict.fromkeys(("subject", "sender", "sender_name"), subject)
    world.store_mail(store, world.mail(1), **texts, references=[subject], to=[subject])
    fields = "map: { words: subject, name: from.name, to: to, thread: conversation }"

    report = apply(world.rule(f"[{{ create_incident: {{ title: 'About {{subject}}', by: conversation, {fields} }} }}]"))

    assert report.done == 1
    (case,) = cases(store)
    assert len(case.title) <= 301
    assert case.title.isprintable()
    assert store.events.verify() == []


def test_a_mailbox_that_is_away_is_tried_again_and_given_up_in_the_end(store, apply, free_port):
    world.store_mail(store, world.mail(1, files={"bill.pdf": b"%PDF"}), kept=False)
    login = {"username": "a", "password": "b", "security": "none", "allow_plaintext": True}
    away = MailAccount("soc", world.TENANT, ImapSettings(host="127.0.0.1", port=free_port, **login), None)
    rules = world.rule("[{ create_incident: {} }, { save_attachments: {} }]")

    reports = [apply(rules, account=away) for _ in range(MOST_ATTEMPTS)]

    assert [(one.waiting, one.failed) for one in reports] == [(1, 0)] * (MOST_ATTEMPTS - 1) + [(0, 1)]
    assert sum(one.incidents for one in reports) == 1
    (hit,) = store.mail_rules.hits()
    assert (hit.state, hit.attempts) == ("failed", MOST_ATTEMPTS)
    assert hit.detail.startswith("save_attachments: ")
