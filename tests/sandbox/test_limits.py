from __future__ import annotations

from datetime import timedelta

ACCOUNT = "/api/account/get-account"
SUMMARY = "/api/gateway/get-hold-summary-list"
RELEASE = "/api/gateway/hold-release"


def test_a_quota_counts_each_function_by_itself(caller):
    caller.tenant.set_rate_limit(calls=2, per_seconds=10)

    assert [caller.call(ACCOUNT).status for _ in range(3)] == [200, 200, 429]
    assert caller.call(SUMMARY).status == 200


def test_the_headers_announce_the_quota_in_milliseconds(caller):
    caller.tenant.set_rate_limit(ACCOUNT, calls=2, per_seconds=10)

    first = caller.call(ACCOUNT).headers
    caller.tenant.advance(timedelta(seconds=4))
    caller.call(ACCOUNT)
    refused = caller.call(ACCOUNT)

    assert (first["x-ratelimit-limit"], first["x-ratelimit-remaining"]) == ("2", "1")
    assert refused.status == 429
    assert refused.headers["x-ratelimit-remaining"] == "0"
    assert refused.headers["x-ratelimit-reset"] == "6000"


def test_after_the_reset_calls_run_again(caller):
    caller.tenant.set_rate_limit(ACCOUNT, calls=1, per_seconds=10)
    caller.call(ACCOUNT)
    wait = int(caller.call(ACCOUNT).headers["x-ratelimit-reset"])

    caller.tenant.advance(timedelta(milliseconds=wait))

    assert caller.call(ACCOUNT).status == 200


def test_a_refused_effect_was_not_executed(caller):
    caller.tenant.set_rate_limit(RELEASE, calls=1, per_seconds=10)
    rows = caller.hold_list()

    answers = [caller.call(RELEASE, {"id": row["id"]}).status for row in rows[:2]]

    assert answers == [200, 429]
    assert len(caller.tenant.effects) == 1


def test_a_quota_may_be_silent_and_a_narrow_one_comes_first(caller):
    caller.tenant.set_rate_limit(calls=100, per_seconds=10)
    caller.tenant.set_rate_limit(ACCOUNT, calls=1, per_seconds=10, headers=False)

    caller.call(ACCOUNT)
    refused = caller.call(ACCOUNT)

    assert refused.status == 429
    assert not [name for name in refused.headers if name.startswith("x-ratelimit")]
    assert caller.call(SUMMARY).headers["x-ratelimit-limit"] == "100"
