"""Which hosts say that mails belong together: not those that all the world links to, nor those that strangers share."""

from __future__ import annotations

from datetime import date
from functools import cache
from importlib.resources import as_file, files
from typing import Literal

from mailroom.rulelang.domains import root_domain, within
from mailroom.rulelang.lists import load_lists

Kind = Literal["telling", "untelling", "shared"]


def kind_of_host(host: str) -> Kind:
    """What a canonical host says of a mail that links to it.

    Returns:
        `untelling`: nothing. `shared`: something only together with the rest of the address. Otherwise `telling`, also
        for a part of a shared site that the public suffix list gives to one owner (`bucket.s3.amazonaws.com`).
    """
    if within(host, hosts_of_list("untelling_hosts")):
        return "untelling"
    return "shared" if root_domain(host) in hosts_of_list("shared_hosts") else "telling"


@cache
def hosts_of_list(name: str) -> frozenset[str]:
    """A packaged list. The same on every day: campaigns must not fall apart because an entry ended."""
    with as_file(files("mailroom.cases").joinpath("starter", "campaign_lists")) as folder:
        _, complete, _ = load_lists([folder], date.max)
    return frozenset(complete[name].folded)
