"""The desk: who has borrowed what, until when."""

from dataclasses import dataclass
from datetime import date, timedelta

from .calendar import OpeningCalendar
from .catalogue import Catalogue
from .fees import FeeRule, late_fee


class DeskError(Exception):
    """A loan or return that the rules do not allow."""


@dataclass(frozen=True)
class Loan:
    code: str
    member: str
    due: date


class Desk:
    def __init__(self, catalogue: Catalogue, calendar: OpeningCalendar, rule=FeeRule(), days=14, most_loans=5):
        self.catalogue = catalogue
        self.calendar = calendar
        self.rule = rule
        self.days = days
        self.most_loans = most_loans
        self._loans = []

    def loans_of(self, member: str):
        return [loan for loan in self._loans if loan.member == member]

    def available(self, code: str) -> int:
        lent = sum(1 for loan in self._loans if loan.code == code)
        return self.catalogue.get(code).copies - lent

    def lend(self, code: str, member: str, today: date) -> Loan:
        if len(self.loans_of(member)) >= self.most_loans:
            raise DeskError(f"{member} already has {self.most_loans} loans")
        if self.available(code) == 0:
            raise DeskError(f"no copy of {code} is left")
        due = self.calendar.next_open_day(today + timedelta(days=self.days))
        loan = Loan(code, member, due)
        self._loans.append(loan)
        return loan

    def take_back(self, loan: Loan, today: date) -> int:
        """Ends a loan and returns the fee in cents."""
        self._loans.remove(loan)
        return late_fee(self.rule, self.calendar, loan.due, today)
