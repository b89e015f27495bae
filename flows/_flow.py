"""`flow` for the playbooks: Prefect's, with advice when the Prefect API is not there and logs without secrets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from prefect import Flow

from blocks._prefect_api import unreachable

P = ParamSpec("P")
R = TypeVar("R")


class Playbook(Flow[P, R]):
    """A flow that, started by hand while the Prefect API is away, says so in one sentence."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the flow in this process.

        Raises:
            TransientError: the Prefect API did not answer, so nothing was started.
        """
        try:
            return super().__call__(*args, **kwargs)
        except RuntimeError as error:
            if not str(error).startswith("Failed to reach API"):
                raise
            raise unreachable(f"The flow {self.name!r} was not started", error) from None


def flow(**options: Any) -> Callable[[Callable[P, R]], Playbook[P, R]]:
    """As `prefect.flow`, with the same options.

    No result is kept. The error of a failed run is written to disk by Prefect all the same: as JSON, because a pickle
    would be code when it is read back.
    """
    return lambda function: Playbook(function, persist_result=False, result_serializer="json", **options)
