"""A mail-security tenant on loopback: strict, with a memory, in two API generations.

It is a foreign product to everything else here and shares no code with its client.

    with serve(Tenant.generate(messages=500, seed=7)) as server:
        print(server.url)
"""

from sandbox.clock import TenantClock
from sandbox.command import main
from sandbox.faults import Fault
from sandbox.permissions import ALL_PERMISSIONS, SEED_PERMISSIONS
from sandbox.records import Call, Effect, Label
from sandbox.server import Server, serve
from sandbox.tenant import Switches, Tenant

__all__ = [
    "ALL_PERMISSIONS",
    "SEED_PERMISSIONS",
    "Call",
    "Effect",
    "Fault",
    "Label",
    "Server",
    "Switches",
    "Tenant",
    "TenantClock",
    "main",
    "serve",
]
