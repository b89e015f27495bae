"""Cases in the store: one per key, links, merges that can be taken back, everything on the wall."""

from __future__ import annotations

import random
import threading
from contextlib import suppress

import pytest

from mailroom.cases.templates import load_templates
from mailroom.errors import InvalidInputError, NotFoundError, RefusedError
from mailroom.playbooks.cases import link, merge, open_case, set_fields, set_state, unlink, unmerge, update_case
from mailroom.store.case_files import NewCaseFile
from mailroom.store.case_lists import CaseQuery
from mailroom.store.schema import case_alerts, case_events, cases, playbook_runs


def opened(store, title="A case", **options):
    return open_case(store, tenant="northwind", title=title, who="amara", **options)


def rows_of(store, table):
    return store.db.read(lambda tx: tx.execute(table.select().order_by(*table.primary_key.columns)).mappings().all())


def snapshot(store):
    """Every row of cases and links, but for the time of the last change."""
    bare = [{name: value for name, value in row.items() if name != "updated_at"} for row in rows_of(store, cases)]
    return bare, rows_of(store, case_alerts)


def test_the_same_key_is_the_same_case_and_takes_the_new_alerts(world):
    first, second = world.alerts(2)
    one = opened(world.store, key="campaign:x", alert_ids=[first], fields={"lure": "invoice"})
    again = opened(world.store, "Another title", key="campaign:x", alert_ids=[first, second], fields={"lure": "other"})

    assert (one.created, again.created, one.id == again.id) == (True, False, True)
    assert world.store.cases.alert_ids(one.id) == [first, second]
    assert world.store.fields.get("case", one.id) == {"lure": "invoice"}
    assert world.store.cases.get(one.id).title == "A case"


def test_opening_twice_with_the_same_alerts_writes_nothing(world):
    [alert] = world.alerts(1)
    template = load_templates()["phishing"]
    opened(world.store, "", key="k", alert_ids=[alert], template=template)
    head, before = world.store.events.head(), rows_of(world.store, playbook_runs)
    opened(world.store, "", key="k", alert_ids=[alert], template=template)

    assert world.store.events.head() == head
    assert rows_of(world.store, playbook_runs) == before


def test_a_case_begins_with_what_its_template_says(world):
    [alert] = world.alerts(1)
    case = opened(world.store, "", alert_ids=[alert], template=load_templates()["phishing"], fields={"clicked": "3"})

    assert (case.title, case.priority, case.template) == ("Phishing: Invoice", 80, "phishing")
    assert case.due_at is not None
    assert world.store.fields.get("case", case.id) == {"clicked": 3}
    assert [task.key for task in world.store.case_tasks.list([case.id])][:2] == ["who-got-it", "who-clicked"]
    [run] = world.store.playbook_runs.list(case_ids=[case.id])
    assert (run.playbook, run.state, run.alert_id) == ("investigate sender", "wanted", alert)
    kinds = [event.kind for event in world.store.events.for_case(case.id)]
    assert kinds == ["case.opened", "case.linked", "case.field", *["case.task_added"] * 4, "playbook.wanted"]


def test_nothing_is_written_when_an_alert_does_not_exist(world):
    with pytest.raises(NotFoundError, match="no alert 77"):
        opened(world.store, alert_ids=[77])
    assert rows_of(world.store, cases) == []
    assert world.store.events.head() == (0, "")


def test_new_mail_opens_a_closed_case_again_and_old_mail_does_not(world):
    first, second = world.alerts(2)
    case = opened(world.store, key="k", alert_ids=[first])
    set_state(world.store, case.id, "closed", who="amara", why="a test of ours")
    assert opened(world.store, key="k", alert_ids=[first]).state == "closed"
    again = opened(world.store, key="k", alert_ids=[second])

    assert (again.state, again.closed_at) == ("open", None)
    assert world.store.events.for_case(case.id)[-1].why == "a new alert came in after it was closed"


def test_every_change_says_who_why_before_and_after(store):
    case = opened(store)
    update_case(store, case.id, who="bo", why="it spreads", priority=80, title="A case")
    set_fields(store, case.id, {"lure": "parcel"}, who="bo")
    set_fields(store, case.id, {"lure": None}, who="cy", why="wrong")
    store.cases.note(case.id, "called the recipient", who="cy")
    said = [(e.kind, e.who, e.before, e.after, e.why) for e in store.events.for_case(case.id)][1:]

    assert said == [
        ("case.priority", "bo", 60, 80, "it spreads"),
        ("case.field", "bo", None, "parcel", ""),
        ("case.field", "cy", "parcel", None, "wrong"),
        ("case.noted", "cy", None, "called the recipient", ""),
    ]
    assert store.events.verify() == []


def test_a_case_is_closed_with_a_reason_and_when_its_tasks_are_done(world):
    [alert] = world.alerts(1)
    template = load_templates()["mail-incident"]
    case = opened(world.store, alert_ids=[alert], template=template)
    with pytest.raises(InvalidInputError, match="say why"):
        set_state(world.store, case.id, "closed", who="amara")
    with pytest.raises(RefusedError, match="2 tasks are still open"):
        set_state(world.store, case.id, "closed", who="amara", why="spam")
    for task in world.store.case_tasks.list([case.id]):
        world.store.case_tasks.set_state(task.id, "done", who="amara")
    with pytest.raises(RefusedError, match="lacks outcome"):
        set_state(world.store, case.id, "closed", who="amara", why="spam", template=template)
    set_fields(world.store, case.id, {"outcome": "spam"}, who="amara", template=template)
    closed = set_state(world.store, case.id, "closed", who="amara", why="spam", template=template)

    assert (closed.state, closed.reason, closed.closed_at is not None) == ("closed", "spam", True)


def test_a_merged_case_is_shown_by_the_other_and_changed_there_only(world):
    first, second, third = world.alerts(3)
    one, two = opened(world.store, alert_ids=[first, second]), opened(world.store, alert_ids=[second, third])
    assert merge(world.store, two.id, one.id, who="amara", why="the same")
    assert not merge(world.store, two.id, one.id, who="amara")

    assert world.store.cases.alert_ids(one.id) == [first, second, third]
    assert [case.id for case in world.store.cases.search()] == [one.id]
    assert world.store.cases.alert_counts([one.id]) == {one.id: 3}
    assert world.store.cases.for_alerts([third]) == {third: [one.id]}
    with pytest.raises(RefusedError, match="merged into case"):
        set_state(world.store, two.id, "open", who="amara")
    assert unlink(world.store, one.id, [third], who="amara") == [third]
    assert world.store.cases.alert_ids(two.id) == [second]


def test_cases_of_different_tenants_are_merged_on_demand_only(store):
    one, two = opened(store), open_case(store, tenant="fabrikam", title="Theirs", who="amara")
    with pytest.raises(RefusedError, match="different tenants"):
        merge(store, one.id, two.id, who="amara")
    assert merge(store, one.id, two.id, who="amara", across_tenants=True)


@pytest.mark.parametrize("seed", range(4))
def test_any_sequence_of_merges_taken_back_leaves_what_was_there(world, seed):
    chance = random.Random(seed)
    store = world.store
    alerts = world.alerts(6)
    ids = [opened(store, f"Case {n}", alert_ids=chance.sample(alerts, 2)).id for n in range(6)]
    above: dict[int, int] = {}  # the model: a forest

    def root(one):
        return root(above[one]) if one in above else one

    start = snapshot(store)
    for _ in range(25):
        one, other = chance.sample(ids, 2)
        if chance.random() < 0.4:
            assert unmerge(store, one, who="amara") == (one in above)
            above.pop(one, None)
        elif one in above or other in above:
            if above.get(one) == other:
                assert not merge(store, one, other, who="amara")
            else:
                with pytest.raises(RefusedError):
                    merge(store, one, other, who="amara")
        else:
            assert merge(store, one, other, who="amara")
            above[one] = other
        for case_id in ids:
            case = store.cases.get(case_id)
            assert (case.shown_id, case.is_merged) == (root(case_id), case_id in above)
            below = {part for part in ids if part == case_id or _is_below(above, part, case_id)}
            assert {part.id for part in store.cases.parts(case_id)} == below
    for one in chance.sample(ids, 6):
        unmerge(store, one, who="amara")

    assert snapshot(store) == start
    assert store.events.verify() == []


def _is_below(above, one, other):
    return one in above and (above[one] == other or _is_below(above, above[one], other))


def test_two_who_merge_crosswise_at_the_same_time_make_no_circle(world):
    store = world.store
    one, two = opened(store), opened(store)
    barrier, outcomes = threading.Barrier(2), []

    def attempt(case_id, into_id):
        barrier.wait()
        try:
            outcomes.append(merge(store, case_id, into_id, who="amara"))
        except RefusedError:
            outcomes.append("refused")

    threads = [threading.Thread(target=attempt, args=pair) for pair in ((one.id, two.id), (two.id, one.id))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(map(str, outcomes)) == ["True", "refused"]
    assert len(store.cases.search()) == 1


def test_many_who_merge_and_take_apart_at_once_leave_a_forest(world):
    store = world.store
    ids = [opened(store, f"Case {n}").id for n in range(5)]
    start = snapshot(store)
    barrier = threading.Barrier(4)

    def work(seed):
        chance = random.Random(seed)
        barrier.wait()
        for _ in range(12):
            one, other = chance.sample(ids, 2)
            with suppress(RefusedError):
                merge(store, one, other, who="amara") if chance.random() < 0.6 else unmerge(store, one, who="amara")

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    above = {one: store.cases.get(one).merged_into_id for one in ids}
    for one in ids:
        top, steps = one, 0
        while above[top] is not None:
            top, steps = above[top], steps + 1
            assert steps <= len(ids), "a circle"
        assert store.cases.get(one).shown_id == top
    for one in ids:
        unmerge(store, one, who="amara")
    assert snapshot(store) == start
    assert store.events.verify() == []


def test_many_who_open_the_same_case_at_once_open_one(world):
    alerts = world.alerts(6)
    barrier = threading.Barrier(6)
    template = load_templates()["phishing"]

    def attempt(alert):
        barrier.wait()
        opened(world.store, "", key="k", alert_ids=[alert], template=template)

    threads = [threading.Thread(target=attempt, args=(alert,)) for alert in alerts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    [case] = world.store.cases.search()
    assert world.store.cases.alert_ids(case.id) == alerts
    assert len(world.store.case_tasks.list([case.id])) == 4
    assert len(world.store.playbook_runs.list(case_ids=[case.id])) == 1
    assert world.store.events.verify() == []


def test_cases_are_found_by_what_they_say_and_by_the_mail_in_them(world):
    (ann,) = world.alerts(1, sender="ann@fabrikam.example")
    (bob,) = world.alerts(1, sender="bob@litware.example")
    store = world.store
    one = opened(store, "Invoice 50% off", alert_ids=[ann], fields={"lure": "invoice", "clicked": 3}, priority=80)
    two = opened(store, "Parcel", alert_ids=[bob], assigned_to="Bo", description="INVOICE inside")
    part = opened(store, "Part of it", fields={"lure": "parcel"})
    merge(store, part.id, two.id, who="amara")

    def found(**query):
        assert store.cases.count(CaseQuery(**query)) == len(store.cases.search(CaseQuery(**query)))
        return [case.id for case in store.cases.search(CaseQuery(**query))]

    assert found(text="invoice") == [two.id, one.id]
    assert found(text="50%") == [one.id]
    third = opened(store, "Mahnung für Ärzte: ÜBERFÄLLIG")
    for words in ("Ärzte", "ärzte", "ÄRZTE", "überfällig", "MAHNUNG"):
        assert found(text=words) == [third.id], words
    set_state(store, third.id, "closed", who="amara", why="looked for")
    assert found(text="part of") == [two.id]
    assert found(sender="ANN@fabrikam.example") == [one.id]
    assert found(sender="litware.example") == found(sender="@litware.example") == [two.id]
    assert found(owner="bo") == [two.id]
    assert found(owner="", states=("new",)) == [one.id]
    assert found(field="lure", value="parcel") == [two.id]
    assert found(field="clicked", value=3) == [one.id]
    assert found(field="lure") == [two.id, one.id]
    assert found(min_priority=80, states=("new",)) == [one.id]
    assert found(alert_id=bob) == [two.id]
    assert found(states=("merged",), with_merged=True) == [part.id]
    assert store.cases.counts() == {"closed": 1, "merged": 1, "new": 2}


def test_the_wall_of_a_case_shows_what_happened_to_its_mail_too(world):
    first, second = world.alerts(2)
    case = opened(world.store, alert_ids=[first])
    for alert in (first, second):
        world.store.alerts.set_handling(alert, "rejected", "junk", "amara")
    seen = [(event.kind, event.alert_id) for event in world.store.events.walk(case_ids=[case.id])]
    assert seen == [("case.opened", None), ("case.linked", first), ("handling", first)]


def test_the_same_file_is_kept_once(store):
    case = opened(store)
    new = NewCaseFile("invoice.pdf", b"%PDF", "application/pdf")
    one, again = (store.case_files.add(case.id, new, who="amara") for _ in range(2))

    assert (one.created, again.created, one.id) == (True, False, again.id)
    assert store.blobs.get(one.sha256) == b"%PDF"
    assert store.case_files.remove(one.id, who="amara")
    assert not store.case_files.remove(one.id, who="amara")
    assert [event.kind for event in store.events.for_case(case.id)][1:] == ["case.file_added", "case.file_removed"]
    assert store.blobs.exists(one.sha256)
    with pytest.raises(NotFoundError, match="no case 99"):
        store.case_files.add(99, new, who="amara")


def test_hostile_text_comes_back_as_it_may_be_kept(world):
    [alert] = world.alerts(1)
    case = opened(world.store, "a\x00b\n\u202ec" * 200, alert_ids=[alert], fields={"note": "\ud800\x00" + "x" * 20_000})
    assert "\n" not in case.title
    assert len(case.title) <= 301
    assert len(world.store.fields.get("case", case.id)["note"]) <= 10_000
    assert world.store.events.verify() == []


def test_linking_again_changes_nothing(world):
    [alert] = world.alerts(1)
    case = opened(world.store)
    assert link(world.store, case.id, [alert], who="amara", why="the same sender") == [alert]
    head = world.store.events.head()
    assert link(world.store, case.id, [alert, alert], who="bo") == []
    assert world.store.events.head() == head
    [event] = [e for e in world.store.events.for_alert(alert) if e.kind == "case.linked"]
    assert (event.who, event.why, event.case_id) == ("amara", "the same sender", case.id)
    assert len(rows_of(world.store, case_events)) == head[0]
