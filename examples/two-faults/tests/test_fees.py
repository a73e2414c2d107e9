from mooring.fees import in_euros, metres, stay


def test_a_metre_that_is_begun_counts():
    assert metres(800) == 8
    assert metres(801) == 9


def test_a_night_is_paid_by_the_metre():
    assert stay(800, 1) == 1200
    assert stay(800, 6) == 7200


def test_the_seventh_night_is_free():
    assert stay(800, 7) == 7200


def test_two_weeks_have_two_free_nights():
    assert stay(1000, 14) == 18000


def test_amounts_read_well():
    assert in_euros(7205) == "72.05 EUR"
