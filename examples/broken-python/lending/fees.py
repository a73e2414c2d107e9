"""What a late return costs. All amounts are whole cents."""

from dataclasses import dataclass
from datetime import date

from .calendar import OpeningCalendar


@dataclass(frozen=True)
class FeeRule:
    per_day: int = 20
    grace_days: int = 0
    most: int = 500


def late_fee(rule: FeeRule, calendar: OpeningCalendar, due: date, returned: date) -> int:
    """Charges every open day after the due date that is not covered by the grace days, up to a maximum."""
    if returned <= due:
        return 0
    late = calendar.open_days_between(due, returned)
    charged = max(late - rule.grace_days, 0)
    return min(charged * rule.per_day, rule.most)


def in_euros(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d} EUR"
