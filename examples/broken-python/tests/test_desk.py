from datetime import date

import pytest

from lending.calendar import OpeningCalendar
from lending.catalogue import Catalogue, Title
from lending.desk import Desk, DeskError

TUESDAY = date(2024, 3, 5)


@pytest.fixture
def desk():
    catalogue = Catalogue([Title("E1", "Emma", "Jane Austen", copies=2), Title("W1", "Walden", "H. D. Thoreau")])
    return Desk(catalogue, OpeningCalendar(), most_loans=2)


def test_a_loan_is_due_after_two_weeks(desk):
    assert desk.lend("E1", "ada", TUESDAY).due == date(2024, 3, 19)


def test_a_due_date_is_never_a_closed_day(desk):
    assert desk.lend("E1", "ada", date(2024, 3, 3)).due == TUESDAY.replace(day=19)


def test_copies_run_out_and_come_back(desk):
    loan = desk.lend("W1", "ada", TUESDAY)
    with pytest.raises(DeskError):
        desk.lend("W1", "bob", TUESDAY)
    assert desk.take_back(loan, TUESDAY) == 0
    assert desk.available("W1") == 1


def test_a_member_borrows_only_so_much(desk):
    desk.lend("E1", "ada", TUESDAY)
    desk.lend("W1", "ada", TUESDAY)
    with pytest.raises(DeskError):
        desk.lend("E1", "ada", TUESDAY)


def test_a_late_return_costs_by_the_open_day(desk):
    loan = desk.lend("E1", "ada", TUESDAY)
    assert desk.take_back(loan, date(2024, 3, 22)) == 60
