"""Which berth a boat is put into."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Boat:
    name: str
    length_cm: int


@dataclass(frozen=True)
class Berth:
    number: int
    length_cm: int


def fits(boat: Boat, berth: Berth) -> bool:
    """A boat may be as long as its berth, and no longer."""
    return boat.length_cm < berth.length_cm


def best_berth(boat: Boat, free: list[Berth]) -> "Berth | None":
    """The shortest free berth that the boat fits into, so that the long ones stay for long boats."""
    fitting = [berth for berth in free if fits(boat, berth)]
    return min(fitting, key=lambda berth: (berth.length_cm, berth.number), default=None)
