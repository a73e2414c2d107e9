from mooring.berths import Berth, Boat, best_berth, fits

FREE = [Berth(1, 1200), Berth(2, 800), Berth(3, 1000)]


def test_a_boat_as_long_as_its_berth_fits():
    assert fits(Boat("Mola", 800), Berth(2, 800))


def test_a_longer_boat_does_not_fit():
    assert not fits(Boat("Orca", 801), Berth(2, 800))


def test_the_shortest_berth_that_fits_is_taken():
    assert best_berth(Boat("Nessie", 900), FREE) == Berth(3, 1000)


def test_there_may_be_none():
    assert best_berth(Boat("Leviathan", 1300), FREE) is None
