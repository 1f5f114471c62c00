"""Why a mail stands where it stands: its contributions as bars. See mail/_why.html."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from mail.heads import Head
from mail.models import Email
from mail.pipeline import Contribution
from mail.reasons import TEXTS

_TOP = 3
_MINUS = "\N{MINUS SIGN}"
_TITLES = {"urgency": _("Urgency"), "importance": _("Importance"), "spam": _("Spam")}
_LEVELS = {
    "urgency": (_("whenever"), _("soon"), _("urgent")),
    "importance": (_("minor"), _("normal"), _("important")),
}


@dataclass(frozen=True, slots=True)
class Reason:
    """One bar."""

    label: str | Promise
    words: str
    weight: float

    @property
    def size(self) -> float:
        """Its length, whatever its side."""
        return abs(self.weight)

    @property
    def shown(self) -> str:
        """The weight with its sign: "+2", "−0.5"."""
        return signed(self.weight)


@dataclass(frozen=True, slots=True)
class Group:
    """The bars of one target. `level` is 0 for one that has no levels (spam)."""

    title: str | Promise
    level: int
    level_words: str | Promise
    reasons: list[Reason]


@dataclass(frozen=True, slots=True)
class Why:
    """All of it."""

    top: list[str | Promise]
    scale: float
    groups: list[Group]


def why(email: Email, head: Head) -> Why:
    """For a mail that was judged."""
    groups = [_group("spam", 0, head)] if email.spam else []
    if not email.spam:
        groups = [_group("urgency", email.urgency, head), _group("importance", email.importance, head)]
    reasons = sorted((one for group in groups for one in group.reasons), key=lambda one: -one.size)
    labels = list(dict.fromkeys(one.label for one in reasons))
    return Why(labels[:_TOP], max((one.size for one in reasons), default=1.0), groups)


def signed(weight: float) -> str:
    """A weight as people write it."""
    sign = "+" if weight > 0 else _MINUS if weight < 0 else ""
    size = round(abs(weight), 1)
    return sign + number_format(size, decimal_pos=0 if size == int(size) else 1)


def _group(target: str, level: int, head: Head) -> Group:
    reasons = _reasons([one for one in head.contributions if one.target == target and one.weight])
    return Group(_TITLES[target], level, _LEVELS[target][level - 1] if level else "", reasons)


def _reasons(contributions: Sequence[Contribution]) -> list[Reason]:
    strongest = sorted(contributions, key=lambda one: -abs(one.weight))
    return [Reason(TEXTS.get(one.code, one.code), one.words, one.weight) for one in strongest]
