"""What the vendor's documents leave open, and the size of the fiction."""

from __future__ import annotations

from dataclasses import dataclass

SIZES = ("archive", "tracked")
"""Switches that decide how messages are numbered: a remembered tenant keeps them."""


@dataclass
class Switches:
    """Behaviour that the vendor's documents leave open, and the size of the fiction.

    Attributes:
        account_code: What the account is called.
        hold_release_accepts_tracking_id: Release takes a tracking id and frees all copies.
        message_detail_on_v2: `get-message-detail` answers over API 2.0.
        policy_changes_on_v2: `update-policy` and `delete-policy` answer over API 2.0.
        create_policy_updates_by_id: `create-policy` with an `id` changes that policy instead.
        policy_list_name: What the REST list of policies is called: `definitions` or `policies`.
        policy_id_name: What a policy created by REST answers with: `policyId` or `id`.
        managed_sender_for_outsiders: A sender may be permitted or blocked for a recipient who is not ours.
        iso_z_accepted: Dates may end in `Z`.
        tracking_page_cap: A search shows at most this many records, without a hint that there are more.
        tracking_paged: A search honours the page block; otherwise it answers all at once.
        tracking_requires_options: A search needs `messageId` or `advancedTrackAndTraceOptions`.
        tracking_id_survives: A tracking id still resolves after the status changed.
        gone_is_false: Release and reject of a copy that is not held answer `false` instead of a failure.
        bounce_type: Where held and bounced messages carry `bounceType`: "" nowhere, `txInfo` (or True),
            `top`, `recipientInfo`, `deliveredMessage` or `queueInfo`.
        verdict_for_all: Messages of every status may carry a verdict, not only held ones.
        archive_flat: An archive search answers `data[]` instead of `data[0].items`.
        logs_flat: The archive's logs answer `data[]` instead of `data[0].logs`.
        part_urls_on_v2: Over API 2.0 `get-message-part` answers addresses instead of bytes.
        remediated_vanish: Copies pulled back are gone from the archive; otherwise they are shown as remediated.
        remediation_steps: After so many looks (or as many times `remediation_seconds`) an incident is done.
        remediation_seconds: Tenant time in which an incident goes on by one step without being looked at.
        remediation_fails: One copy in so many cannot be pulled back; 0 = all can.
        hostile: Three in ten messages hold strings that attack whoever shows them.
        max_recipients: Upper bound for the recipients of one message.
        history: Messages that are not held; None means a fifth of the held ones.
        span_days: Age of the oldest held message.
        hold_days: Held copies expire after this many days.
        archive: Delivered mails of the last year, besides those of the history.
        tracked: Further messages of the last 29 days in every status.
        late_percent: Share of the newest `tracked` messages that are indexed only later.
        token_lifetime: Seconds an access token lives.
    """

    account_code: str = "CSBX1A1"
    hold_release_accepts_tracking_id: bool = False
    message_detail_on_v2: bool = False
    policy_changes_on_v2: bool = False
    create_policy_updates_by_id: bool = False
    policy_list_name: str = "definitions"
    policy_id_name: str = "policyId"
    managed_sender_for_outsiders: bool = True
    iso_z_accepted: bool = True
    tracking_page_cap: int | None = None
    tracking_paged: bool = True
    tracking_requires_options: bool = False
    tracking_id_survives: bool = False
    gone_is_false: bool = False
    bounce_type: bool | str = ""
    verdict_for_all: bool = False
    archive_flat: bool = False
    logs_flat: bool = False
    part_urls_on_v2: bool = False
    remediated_vanish: bool = False
    remediation_steps: int = 4
    remediation_seconds: float = 60.0
    remediation_fails: int = 9
    hostile: bool = False
    max_recipients: int = 6
    history: int | None = None
    span_days: float = 13.8
    hold_days: float = 14.0
    archive: int = 0
    tracked: int = 0
    late_percent: float = 0.0
    token_lifetime: float = 1800.0
