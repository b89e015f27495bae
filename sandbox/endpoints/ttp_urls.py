"""Links: the true address of a rewritten one, and URLs that are always blocked or permitted."""

from __future__ import annotations

from sandbox.data.body import unprotect
from sandbox.endpoints.context import Context
from sandbox.envelope import Outcome, error, failure
from sandbox.managed_urls import read_url
from sandbox.validate import boolean, text

DECODE = {"url": text(required=True)}
CREATE = {
    "url": text(required=True),
    "action": text(required=True, values={"block", "permit"}),
    "matchType": text(values={"explicit", "domain"}),
    "comment": text(),
    "disableRewrite": boolean(),
    "disableUserAwareness": boolean(),
    "disableLogClick": boolean(),
}
DELETE = {"id": text(required=True)}


def decode_url(context: Context) -> Outcome:
    """`/api/ttp/url/decode-url`: `success` is false for a link that was never rewritten."""
    context.need_items()
    outcome = Outcome()
    for item in context.valid(outcome, DECODE, strict=True):
        found = unprotect(item["url"])
        outcome.data.append({"url": item["url"] if found is None else found, "success": found is not None})
    return outcome


def create_managed_url(context: Context) -> Outcome:
    """`/api/ttp/url/create-managed-url`: the same URL, or the same domain, is there only once."""
    context.need_items()
    outcome = Outcome()
    book = context.world.urls
    for item in context.valid(outcome, CREATE, strict=True):
        wanted = {"matchType": "explicit", **item}
        if read_url(item["url"]) is None:
            outcome.fail.append(failure(item, error("err_validation_invalid_url", "not a URL", "url")))
        elif book.find(wanted) is not None:
            outcome.fail.append(failure(item, error("err_managed_url_exists_code", "the URL is managed already")))
        else:
            outcome.data.append(book.create(context.operator, wanted))
    return outcome


def get_all_managed_urls(context: Context) -> Outcome:
    """`/api/ttp/url/get-all-managed-urls`, by pages."""
    page = context.page(default=25, most=500)
    every = context.world.urls.all()
    shown = every[page.offset : page.offset + page.size]
    return Outcome(data=list(shown), pagination=page.block(len(shown), len(every)))


def delete_managed_url(context: Context) -> Outcome:
    """`/api/ttp/url/delete-managed-url`."""
    context.need_items()
    outcome = Outcome()
    for item in context.valid(outcome, DELETE, strict=True):
        found = context.read_id(item["id"])
        if found.kind != "managedurl":
            outcome.fail.append(failure(item, error("xdk_failure", "0007 Invalid token", "id")))
        elif found.number not in context.world.urls:
            outcome.fail.append(failure(item, error("err_managed_url_not_found", "no such managed URL", "id")))
        else:
            context.world.urls.delete(found.number, context.operator)
            outcome.data.append({"id": item["id"]})
    return outcome
