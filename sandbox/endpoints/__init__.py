"""The functions of the tenant, by path."""

from collections.abc import Callable

from sandbox.endpoints import account, actions, content, finder, hold, logs, policies, tracking
from sandbox.endpoints.context import Context
from sandbox.envelope import Outcome

FUNCTIONS: dict[str, Callable[[Context], Outcome]] = {
    "/api/account/get-account": account.get_account,
    "/api/message-finder/search": tracking.search,
    "/api/message-finder/get-message-info": finder.get_message_info,
    "/api/message-finder/release-held-email-to-sandbox": actions.release_to_sandbox,
    "/api/message-finder/reject-held-email": actions.reject_held_email,
    "/api/message-finder/report-message": actions.report_message,
    "/api/gateway/get-hold-message-list": hold.get_hold_message_list,
    "/api/gateway/get-hold-summary-list": hold.get_hold_summary_list,
    "/api/gateway/hold-release": actions.hold_release,
    "/api/gateway/hold-reject": actions.hold_reject,
    "/api/gateway/get-held-release-logs": logs.get_held_release_logs,
    "/api/gateway/message/get-message-detail": content.get_message_detail,
    "/api/gateway/message/get-file": content.get_file,
    "/api/managedsender/permit-or-block-sender": policies.permit_or_block_sender,
    "/api/policy/blockedsenders/create-policy": policies.create_policy,
    "/api/policy/blockedsenders/get-policy": policies.get_policy,
    "/api/policy/blockedsenders/update-policy": policies.update_policy,
    "/api/policy/blockedsenders/delete-policy": policies.delete_policy,
}

__all__ = ["FUNCTIONS", "Context"]
