"""Opening days of the library."""

from datetime import date, timedelta

ONE_DAY = timedelta(days=1)
SUNDAY, MONDAY = 6, 0


class OpeningCalendar:
    """Knows on which days the library is open. Holidays are single dates on which it stays closed."""

    def __init__(self, closed_weekdays=(SUNDAY, MONDAY), holidays=()):
        self.closed_weekdays = frozenset(closed_weekdays)
        self.holidays = frozenset(holidays)

    def is_open(self, day: date) -> bool:
        return day.weekday() not in self.closed_weekdays and day not in self.holidays

    def next_open_day(self, day: date) -> date:
        """`day` itself when the library is open on it, otherwise the first open day after it."""
        while not self.is_open(day):
            day += ONE_DAY
        return day

    def open_days_between(self, start: date, end: date) -> int:
        """Number of open days after `start`, up to and including `end`."""
        count = 0
        day = start + ONE_DAY
        while day < end:
            if self.is_open(day):
                count += 1
            day += ONE_DAY
        return count
