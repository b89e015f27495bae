"""A small tenant with a campaign that was delivered first and held later, investigated over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from mailroom_tests_small_tenant import PEOPLE, Workbench, empty_tenant

from mailroom.playbooks.investigate import Investigation, inquiry_about, investigate
from sandbox import Tenant

SENDER = "news@evil.example"


@pytest.fixture
def tenant() -> Tenant:
    """Fourteen messages, the oldest delivered, then rejected, the newest held; and one mail that is none of it."""
    made = empty_tenant()
    hours = 150
    for status, count in (("archived", 3), ("rejected", 2), ("held", 9)):
        for _ in range(count):
            hours -= 10
            person = PEOPLE[hours // 10 % len(PEOPLE)]
            send(made, status=status, hours=hours, to=[person], subject="Your parcel")
    send(made, status="archived", hours=1, to=PEOPLE[:1], from_addr="ann@adatum.example", subject="Lunch")
    return made


def send(tenant: Tenant, *, status: str, hours: float, to: list[str], subject: str, **fields: Any) -> list[str]:
    """A message, received so many hours ago."""
    address = fields.pop("from_addr", SENDER)
    plain = {"from_addr": address, "from_env": address, "from_name": "News", "components": [], "impersonation": None}
    received = tenant.clock.now() - timedelta(hours=hours)
    category = fields.pop("category", "phish")
    return tenant.add_message(
        category=category, status=status, received=received, to=to, subject=subject, **plain | fields
    )


@pytest.fixture(params=["2.0", "1.0"])
def bench(bench_for: Callable[..., Workbench], tenant: Tenant, request: pytest.FixtureRequest) -> Workbench:
    """Both generations of the API."""
    return bench_for(tenant, request.param)


@pytest.fixture
def ask(bench: Workbench) -> Callable[..., Investigation]:
    """Investigate on the workbench."""

    def asked(*, sender: str = "", domain: str = "", subject: str = "", url: str = "", **options: Any) -> Investigation:
        inquiry = inquiry_about(sender=sender, domain=domain, subject=subject, url=url)
        return investigate(bench.desk, inquiry, **options)

    return asked
