"""Playbook "ingest mailbox"."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from prefect import get_run_logger
from pydantic import Field

from flows._flow import flow
from tasks import playbook


@flow(name="ingest mailbox", flow_run_name="mail of {mailbox}")
def ingest_mailbox(
    mailbox: str = "default",
    store: str = "default",
    folders: str = "",
    fetch_type: Literal["unread", "latest", "everything"] = "unread",
    mark_as_read: bool = True,
    skip_own_conversations: bool = True,
    attach_original_eml: bool = False,
    offset_days: Annotated[int, Field(ge=0, le=3650)] = 5,
    max_per_cycle: Annotated[int, Field(ge=0, le=10_000_000)] = 10,
    time_limit: Annotated[float, Field(ge=0, le=86_400)] = 60,
    server_time_zone: str = "",
    product_field: str = "device_product",
    event_field: str = "event_name",
    environment: str = "Default Environment",
    environment_field: str = "",
    environment_regex: str = "",
    dynamic_list: str = "",
    forward_regexes: str = "",
    from_filter: str = "",
    to_filter: str = "",
    subject_filter: str = "",
    body_filter: str = "",
    header_name: str = "",
    header_filter: str = "",
    not_from: str = "",
    not_to: str = "",
    not_subject: str = "",
    not_body: str = "",
    not_header_name: str = "",
    not_header: str = "",
    ask_server: bool = True,
    attached_mails: Literal["events", "alerts", "no"] = "events",
    indicators: bool = True,
    rules: str = "",
    rule_lists: str = "",
    templates: str = "",
    catch_up: bool = False,
    dry_run: bool = False,
) -> dict[str, Any]:
    """Turn every new mail of a mailbox into an alert, each once, and mark it as read afterwards.

    Mails over the limit are written down and taken by the next run; a run that was killed is finished by the next one.
    Lists are separated by commas, a backslash keeps a comma. Values of one filter are alternatives, different filters
    must all fit, and any hit of a NOT filter leaves the mail out.

    Args:
        mailbox: Name of the "Mailbox Credentials" block.
        store: Name of the "Alert Store" block.
        folders: Folders to check, separated by commas; names are case sensitive. Empty: those of the block.
        fetch_type: unread: what is unread now. latest: everything that arrives; the first run takes what is unread.
            everything: read mail too, from the first run on.
        mark_as_read: Mark mails as read after they were stored.
        skip_own_conversations: Answers to our own questions and our own mail become no alerts; they count as filtered.
        attach_original_eml: Keep the original mail as .eml beside the alert.
        offset_days: How far back the first run looks, by time of arrival.
        max_per_cycle: Most mails per run, over all folders; the rest waits for the next run. 0 means no limit.
        time_limit: Seconds after which a run commits what it has and ends. 0 means no limit.
        server_time_zone: IANA name such as Asia/Jerusalem; empty: that of the block.
        product_field: Event field that holds the product's name.
        event_field: Event field that holds the event's name (sub-type).
        environment: The alerts' environment, unless a field of the event names it.
        environment_field: Event field that names the environment, such as sender or to.
        environment_regex: Regular expression on that field, which must be named; what it finds is the environment.
        dynamic_list: Rules "display name: regular expression", one per line; what they find goes into the event.
        forward_regexes: One JSON object with regular expressions for subject, from and to of a forwarded mail.
        from_filter: Only mails from these addresses, whole domains or names.
        to_filter: Only mails to these addresses, whole domains or names.
        subject_filter: Only mails with one of these texts in the subject.
        body_filter: Only mails with one of these texts in the body or in the name of an attachment.
        header_name: Only mails with this header.
        header_filter: ... and one of these texts in it.
        not_from: No mails from these addresses, whole domains or names.
        not_to: No mails to these addresses, whole domains or names.
        not_subject: No mails with one of these texts in the subject.
        not_body: No mails with one of these texts in the body or in the name of an attachment.
        not_header_name: No mails with this header.
        not_header: ... and one of these texts in it.
        ask_server: Let the mail server narrow the search by the filters; they are checked on each mail in any case.
        attached_mails: What mails attached to a mail become: events of its alert, alerts of their own, or nothing.
        indicators: Look for addresses, links, hashes and so on in each mail.
        rules: Folders of rules on mail that are applied afterwards, separated by commas; starter names the packaged
            ones. Empty: no rules.
        rule_lists: Folders of lists that those rules use.
        templates: Folders of incident templates that those rules name, besides the packaged ones.
        catch_up: Take the whole backlog in this run, without limit on number and time.
        dry_run: Only show what would be fetched, as a table; store nothing, mark nothing.

    Returns:
        The counts of this run, and of the rules under `rules`.
    """
    form = {
        "folders": folders, "fetch_type": fetch_type, "mark_as_read": mark_as_read,
        "skip_own_conversations": skip_own_conversations, "attach_original_eml": attach_original_eml,
        "offset_days": offset_days, "max_per_cycle": max_per_cycle, "time_limit": time_limit,
        "server_time_zone": server_time_zone, "product_field": product_field, "event_field": event_field,
        "environment": environment, "environment_field": environment_field, "environment_regex": environment_regex,
        "dynamic_list": dynamic_list, "forward_regexes": forward_regexes, "from_filter": from_filter,
        "to_filter": to_filter, "subject_filter": subject_filter, "body_filter": body_filter,
        "header_name": header_name, "header_filter": header_filter, "not_from": not_from, "not_to": not_to,
        "not_subject": not_subject, "not_body": not_body, "not_header_name": not_header_name,
        "not_header": not_header, "ask_server": ask_server, "attached_mails": attached_mails, "indicators": indicators,
    }  # fmt: skip
    counts = playbook.ingest_mails(mailbox=mailbox, store=store, form=form, dry_run=dry_run, catch_up=catch_up)
    log = get_run_logger()
    if dry_run:
        log.info("%d mails would be fetched; nothing was changed", counts["would_fetch"])
        return counts
    log.info("%(fetched)d fetched: %(alerted)d new alerts, %(filtered)d filtered, %(waiting)d waiting", counts)
    for folder in counts["rebuilt"]:
        log.warning("%s was rebuilt on the server; its mails were compared with what is stored", folder)
    if rules.strip():
        applied = playbook.apply_mail_rules(
            mailbox=mailbox, store=store, rules=rules, lists=rule_lists, templates=templates
        )
        counts["rules"] = applied
        log.info("rules: %(looked_at)d mails looked at, %(matched)d matches, %(incidents)d incidents opened", applied)
    return counts
