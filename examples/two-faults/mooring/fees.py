"""What a stay costs. All amounts are whole cents."""

PER_METRE_AND_NIGHT = 150
WEEK = 7


def metres(length_cm: int) -> int:
    """A metre that is begun counts."""
    return -(-length_cm // 100)


def stay(length_cm: int, nights: int) -> int:
    """Every seventh night is free."""
    paid = nights + nights // WEEK
    return metres(length_cm) * paid * PER_METRE_AND_NIGHT


def in_euros(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d} EUR"
