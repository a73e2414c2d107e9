from datetime import date

from lending.calendar import OpeningCalendar

SATURDAY = date(2024, 3, 2)
TUESDAY = date(2024, 3, 5)


def test_closed_on_sunday_monday_and_holidays():
    calendar = OpeningCalendar(holidays=[date(2024, 5, 1)])
    assert calendar.is_open(TUESDAY)
    assert not calendar.is_open(date(2024, 3, 3))
    assert not calendar.is_open(date(2024, 3, 4))
    assert not calendar.is_open(date(2024, 5, 1))


def test_next_open_day_skips_closed_days():
    calendar = OpeningCalendar()
    assert calendar.next_open_day(date(2024, 3, 3)) == TUESDAY
    assert calendar.next_open_day(TUESDAY) == TUESDAY


def test_next_open_day_skips_a_holiday_after_the_weekend():
    assert OpeningCalendar(holidays=[TUESDAY]).next_open_day(date(2024, 3, 3)) == date(2024, 3, 6)


def test_open_days_of_a_week():
    assert OpeningCalendar().open_days_between(SATURDAY, date(2024, 3, 9)) == 5


def test_no_open_days_over_the_closed_days():
    assert OpeningCalendar().open_days_between(SATURDAY, date(2024, 3, 4)) == 0


def test_no_open_days_between_a_day_and_itself():
    assert OpeningCalendar().open_days_between(TUESDAY, TUESDAY) == 0
