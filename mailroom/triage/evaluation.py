"""When a rule has earned `status: auto`: enough labelled decisions, few enough wrong ones.

The gates bound the harm with 95 % confidence: at most 0.1 % for releases, which nobody can take back, and 0.5 % for
everything that keeps a mail away.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import sqrt
from typing import Any

_MAX_HARM = {"release": 0.001, "release_to_sandbox": 0.001, "permit_sender": 0.001}
_LETS_IN = frozenset(_MAX_HARM)
HARMFUL = frozenset({"malicious", "suspicious"})
"""Labels of mail that must not reach anybody."""
UNWANTED = HARMFUL | {"spam"}
"""Labels of mail against which a rule may rightly speak."""
_DEFAULT_MAX_HARM = 0.005
_Z95 = 1.959963984540054


def max_harm(action: str) -> float:
    """Largest share of wrong decisions with which an action may happen by itself."""
    return _MAX_HARM.get(action, _DEFAULT_MAX_HARM)


def upper_bound(wrong: int, decisions: int) -> float:
    """Upper end of the 95 % interval of the share of wrong decisions: rule of three for none, else Wilson's."""
    if decisions <= 0:
        return 1.0
    if wrong == 0:
        return min(1.0, 3 / decisions)
    return interval(wrong, decisions)[1]


def interval(hits: int, number: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share; (0, 1) when nothing was counted."""
    if number <= 0:
        return 0.0, 1.0
    share, z2 = hits / number, _Z95**2
    middle = share + z2 / (2 * number)
    spread = _Z95 * sqrt(share * (1 - share) / number + z2 / (4 * number**2))
    scale = 1 + z2 / number
    return max(0.0, (middle - spread) / scale), float(min(1.0, (middle + spread) / scale))


def was_wrong(action: str, label: str) -> bool:
    """Whether an action would have done harm to a mail with this label: let harm in, or kept wanted mail away."""
    return label in HARMFUL if action in _LETS_IN else label == "wanted"


def spoke_rightly(points: int, label: str, suggests: str = "") -> bool:
    """Whether a rule's points went the right way for a mail with this label.

    Graymail is no harm: a rule may speak for it, and against it only when it suggests spam or graymail.
    """
    if points < 0:
        return label not in UNWANTED
    return label in UNWANTED or (label == "graymail" and suggests in {"spam", "graymail"})


def passed_actions(records: Iterable[Mapping[str, Any]], version: int) -> tuple[frozenset[str], list[str]]:
    """Actions whose gate the records meet, and a sentence for each record that does not.

    Args:
        records: The `evaluation` entries of a rule.
        version: The rule's version; records about another version do not count.
    """
    passed: set[str] = set()
    refused: list[str] = []
    for record in records:
        action = record["action"]
        if record["rule_version"] != version:
            refused.append(
                f"the evaluation for {action} is about version {record['rule_version']}, the rule is {version}"
            )
            continue
        limit = max_harm(action)
        bound = upper_bound(record["wrong"], record["decisions"])
        if action == "release" and record["wrong"]:
            refused.append(f"{record['wrong']} wrong releases; automatic release needs none in at least 3000 decisions")
        elif bound > limit:
            refused.append(
                f"{action}: {record['wrong']} wrong of {record['decisions']} means up to {bound:.2%} harm; "
                f"the gate is {limit:.1%} (at least {round(3 / limit)} decisions without a wrong one)"
            )
        else:
            passed.add(action)
    return frozenset(passed), refused
