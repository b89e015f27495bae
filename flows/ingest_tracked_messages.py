"""Playbook "ingest tracked messages"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from prefect import get_run_logger
from pydantic import AfterValidator, Field

from flows._flow import flow
from flows._tenant_slot import tenant_slot
from mailroom.connectors.tracked_form import (
    DOMAINS_PATTERN,
    REGEX_SCHEMA,
    checked_domains,
    checked_environment_regex,
)
from tasks import playbook
from tasks.playbook._choices import LowestRisk


@flow(name="ingest tracked messages", flow_run_name="message tracking of {mimecast}")
def ingest_tracked_messages(
    domains: Annotated[
        str,
        Field(pattern=DOMAINS_PATTERN, max_length=10_000, examples=["northwind.example"]),
        AfterValidator(checked_domains),
    ],
    mimecast: str = "default",
    store: str = "default",
    lowest_risk: LowestRisk = "everything",
    status_filter: Sequence[Literal["delivery", "held", "accepted", "bounced", "deferred", "rejected", "archived"]] = (
        "held",
    ),
    route_filter: Sequence[Literal["internal", "outbound", "inbound"]] = (),
    queue_reason_filter: str = "",
    ingest_without_risk: bool = True,
    max_hours_backwards: Annotated[int, Field(ge=1, le=720)] = 1,
    max_messages: Annotated[int, Field(ge=0, le=10_000_000)] = 100,
    allow_list: Sequence[str] = (),
    use_allow_list_as_deny_list: bool = True,
    time_limit: Annotated[float, Field(ge=0, le=86_400)] = 180,
    product_field: Annotated[str, Field(min_length=1)] = "Product Name",
    event_field: Annotated[str, Field(min_length=1)] = "event_type",
    environment: str = "Default Environment",
    environment_field: str = "",
    environment_regex: Annotated[
        str, Field(max_length=4_096, json_schema_extra=REGEX_SCHEMA), AfterValidator(checked_environment_regex)
    ] = ".*",
    overlap_minutes: Annotated[int, Field(ge=0, le=24 * 60)] = 60,
    look_back_hours: Annotated[int, Field(ge=0, le=29 * 24)] = 24,
    workers: Annotated[int, Field(ge=1, le=64)] = 8,
    instance: Annotated[str, Field(min_length=1)] = "tracked",
    tenant: str = "",
    catch_up: bool = False,
    dry_run: bool = False,
) -> dict[str, Any]:
    """Turn messages of Mimecast's message tracking into alerts, each once, whatever their status.

    Messages over the limit are written down and taken by the next run, oldest first. A run that was killed is finished
    by the next one, and after an outage the next runs catch up. The alerts stay open for analysts and other playbooks;
    "ingest held messages then triage" makes alerts of its own.

    Args:
        domains: Domains whose messages are wanted, to them and from them, separated by commas. Subdomains are domains
            of their own.
        mimecast: Name of the "Mimecast Credentials" block; a proxy stands there.
        store: Name of the "Alert Store" block.
        lowest_risk: Leave out messages below this Mimecast risk.
        status_filter: Only messages with these statuses; none chosen: all.
        route_filter: Only messages on these routes; none chosen: all.
        queue_reason_filter: Only messages in a queue for one of these reasons, separated by commas. Empty: all.
        ingest_without_risk: Take messages without risk information too, where there is a lowest risk. The priority of
            their alerts is Informational.
        max_hours_backwards: How far back the very first run looks, in hours (at most 720; Mimecast shows 29 days and 23
            hours). Later runs go on where the last one ended.
        max_messages: Most messages looked at per run; the rest waits for the next run. 0 means no limit.
        allow_list: The dynamic list: values of queueDetailStatus, bounceType or info.
        use_allow_list_as_deny_list: Leave out the messages the list names; off: take only those.
        time_limit: Seconds after which a run keeps what it has and ends. 0 means no limit.
        product_field: Event field that names the product; without it the product is Mimecast.
        event_field: Event field that names the event; without it the event is Message.
        environment: The alerts' environment, unless a field names it.
        environment_field: Field that names the environment, such as recipient or fromHdr_emailAddress.
        environment_regex: Regular expression on that field; what it finds is the environment.
        overlap_minutes: How far each run looks back behind the last one, for messages that are indexed late.
        look_back_hours: How far the first run of a day (UTC) looks back, for what became held much later.
        workers: Message details asked for at a time.
        instance: Forms of one name share one position: what one of them asked for and the next one did not is caught
            up by the next that asks for it. Two names are two positions on one tenant.
        tenant: Name of the tenant in the store; the account code when empty.
        catch_up: Take the whole backlog in this run, window by window, without limit on number and time.
        dry_run: Only count what would be fetched; store nothing.

    Returns:
        The counts of this run.
    """
    form = {
        "domains": domains, "lowest_risk": lowest_risk, "status_filter": list(status_filter),
        "route_filter": list(route_filter), "queue_reason_filter": queue_reason_filter,
        "ingest_without_risk": ingest_without_risk, "max_hours_backwards": max_hours_backwards,
        "max_messages": max_messages, "allow_list": list(allow_list),
        "use_allow_list_as_deny_list": use_allow_list_as_deny_list, "time_limit": time_limit,
        "product_field": product_field, "event_field": event_field, "environment": environment,
        "environment_field": environment_field, "environment_regex": environment_regex,
        "overlap_minutes": overlap_minutes, "look_back_hours": look_back_hours, "workers": workers,
        "instance": instance, "tenant": tenant,
    }  # fmt: skip
    with tenant_slot(mimecast):
        counts = playbook.ingest_tracked_messages(
            mimecast=mimecast, store=store, form=form, dry_run=dry_run, catch_up=catch_up
        )
    log = get_run_logger()
    if dry_run:
        log.info("%d messages would be fetched; nothing was changed", counts["would_fetch"])
        return counts
    log.info("%(fetched)d fetched: %(alerted)d new alerts, %(filtered)d filtered, %(waiting)d waiting", counts)
    if gap := counts.get("gap"):
        log.warning("no run since %s; that time was caught up", gap[0])
    for warning in counts.get("warnings", ()):
        log.warning("%s", warning)
    for value, number in counts.get("unknown", {}).items():
        log.warning("%d messages with %s, which this version does not know; they were kept", number, value)
    return counts
