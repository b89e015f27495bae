"""What to do next: commands to copy and the deployments that do the same. Nothing here acts."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from mailroom.playbooks.investigate.result import Investigation, Suggestion

_MOST_PEOPLE = 10
_REACH = 29


def next_steps(found: Investigation) -> list[Suggestion]:
    """The steps that make sense after what was found, the most urgent first."""
    return list(_steps(found))


def _steps(found: Investigation) -> Iterator[Suggestion]:
    clicked = [person for person in found.clicked_by if not person.startswith("-")]  # no option of a command
    if clicked:
        people = _quoted(*clicked[:_MOST_PEOPLE])
        yield Suggestion(
            "Ask who clicked what was entered there.",
            f'mailroom ask {people} -s "Did you open this link?" -t "Did you enter a password or open a file?"',
            "send email and wait for reply/on demand",
        )
    held = [message for message in found.incoming if message.status == "held"]
    known = next((message for message in held if message.alert_ids), None)
    if known is not None:
        yield Suggestion(
            "Some are still held, and known here: see what the rules say, then reject or release them.",
            f"mailroom explain {known.alert_ids[0]}",
            "ingest held messages then triage/hourly",
        )
    elif held:
        yield Suggestion(
            "Some are still held: take the hold queue in, and see what would be decided.",
            "mailroom ingest held && mailroom triage --dry-run",
            "ingest held messages then triage/hourly",
        )
    yield from _if_harmful(found)
    who = found.inquiry.who
    if who and found.before.last_seen is not None:
        yield Suggestion(
            "It wrote before: look at what the archive has of it.",
            f'mailroom archive search --from {_quoted(who)} --time "Last Month"',
            "archive search/on demand",
        )
    named = next((message for message in found.incoming if message.tracking_id[:1] not in {"", "-"}), None)
    if named is not None:
        yield Suggestion(
            "Look at one of the messages: headers, attachments, why it was held.",
            f"mailroom mimecast message {_quoted(named.tracking_id)}",
        )
    if not found.incoming and (found.period.end - found.period.start).days < _REACH:
        yield Suggestion(
            "Nothing in this period: look further back.",
            f"mailroom investigate {_arguments(found)} --days {_REACH}",
            "investigate sender/on demand",
        )
    if any(row.offered for row in found.unanswered):
        yield Suggestion(
            "Some sources could not be asked: see which permission or product is missing.",
            "mailroom check",
            "check connections/on demand",
        )


def _if_harmful(found: Investigation) -> Iterator[Suggestion]:
    """Pulling back and blocking: a person decides, so each begins with a dry run."""
    inquiry = found.inquiry
    if found.received_by:
        named = next((one.message_id for one in found.incoming if one.received_by and one.message_id), "")
        what, value = ("url", inquiry.url) if inquiry.url else ("message id", named)
        yield Suggestion(
            "If it is harmful: pull it back out of the mailboxes that it reached. Begin with a dry run.",
            f"mailroom remediate --look-for {_quoted(what)} --dry-run {_argument(value)}" if value else "",
            "remediate/on demand",
        )
    if inquiry.sender and found.incoming:
        yield Suggestion(
            "If it is harmful: block the sender. Begin with a dry run; the playbook refuses victims and partners.",
            f"mailroom block-sender --dry-run {_argument(inquiry.sender)}",
            "block sender/on demand",
        )


def _arguments(found: Investigation) -> str:
    inquiry = found.inquiry
    given = {
        "--sender": inquiry.sender, "--domain": inquiry.domain, "--subject": inquiry.subject, "--url": inquiry.url,
    }  # fmt: skip
    return " ".join(f"{name} {_quoted(value)}" for name, value in given.items() if value)


def _argument(word: str) -> str:
    """One word behind the options, never taken for one of them."""
    return f"{'-- ' if word.startswith('-') else ''}{_quoted(word)}"


def _quoted(*words: str) -> str:
    """Words as a shell takes them as they are."""
    return " ".join(map(shlex.quote, words))
