from datetime import date

from lending.calendar import OpeningCalendar
from lending.fees import FeeRule, in_euros, late_fee

CALENDAR = OpeningCalendar()
TUESDAY = date(2024, 3, 5)


def test_nothing_to_pay_when_returned_in_time():
    assert late_fee(FeeRule(), CALENDAR, TUESDAY, date(2024, 3, 1)) == 0
    assert late_fee(FeeRule(), CALENDAR, TUESDAY, TUESDAY) == 0


def test_the_fee_has_a_maximum():
    assert late_fee(FeeRule(most=200), CALENDAR, TUESDAY, date(2024, 6, 1)) == 200


def test_closed_days_are_free():
    assert late_fee(FeeRule(), CALENDAR, date(2024, 3, 2), date(2024, 3, 4)) == 0


def test_grace_days_are_free():
    assert late_fee(FeeRule(grace_days=2), CALENDAR, TUESDAY, date(2024, 3, 7)) == 0


def test_amounts_read_well():
    assert in_euros(5) == "0.05 EUR"
    assert in_euros(1240) == "12.40 EUR"
