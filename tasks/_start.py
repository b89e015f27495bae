"""Starting deployments for our store, each once: Prefect gives the same flow run for the same key."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import httpx
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError

from mailroom.errors import InvalidInputError, NotFoundError, TransientError
from mailroom.playbooks.playbook_runs import Look

_REFUSED = (400, 409, 422)


class DeploymentStarter:
    """Starts deployments through the Prefect API; Prefect gets numbers and names of blocks only."""

    def start(self, deployment: str, parameters: dict[str, Any], key: str) -> str:
        """Start a deployment, or find the flow run that was started with the same key; returns its id.

        Raises:
            NotFoundError: there is no such deployment.
            InvalidInputError: it does not take these parameters.
            TransientError: the API did not answer.
        """
        try:
            with get_client(sync_client=True) as client:
                known = client.read_deployment_by_name(deployment)
                run = client.create_flow_run_from_deployment(known.id, parameters=parameters, idempotency_key=key)
        except ObjectNotFound as error:
            raise NotFoundError(f"There is no deployment {deployment!r}; `make deploy` makes it.") from error
        except PrefectHTTPStatusError as error:
            if error.response.status_code in _REFUSED:
                names = ", ".join(sorted(parameters))
                msg = f"Deployment {deployment!r} does not take these parameters ({names}): is it the current one?"
                raise InvalidInputError(msg) from error
            raise _away(error) from error
        except httpx.HTTPError as error:
            raise _away(error) from error
        return str(run.id)

    def look(self, flow_run_id: str) -> Look:
        """What became of a flow run. Raises TransientError."""
        try:
            with get_client(sync_client=True) as client:
                state = client.read_flow_run(UUID(flow_run_id)).state
        except (ObjectNotFound, ValueError):
            return Look("unknown", "Prefect does not know its run any more")
        except (httpx.HTTPError, PrefectHTTPStatusError) as error:
            raise _away(error) from error
        return _look(state)


def _look(state: State[Any] | None) -> Look:
    if state is None or not state.is_final():
        return Look("running")
    return Look("completed" if state.is_completed() else "failed", f"the run ended as {state.name}")


def _away(error: Exception) -> TransientError:
    return TransientError(f"The Prefect API did not answer ({type(error).__name__}); the next round goes on.")
