import pytest

from lending.catalogue import Catalogue, Title

TITLES = [Title(f"T{n}", f"Volume {n}", "Various") for n in range(1, 6)] + [Title("E1", "Emma", "Jane Austen", copies=2)]


def test_search_needs_every_word():
    assert [title.code for title in Catalogue(TITLES).search("austen emma")] == ["E1"]
    assert Catalogue(TITLES).search("austen volume") == []


def test_pages_are_full_but_for_the_last():
    found, pages = Catalogue(TITLES).page("volume", 1, size=2)
    assert [title.code for title in found] == ["T1", "T2"]
    assert pages == 3
    found, _ = Catalogue(TITLES).page("volume", 3, size=2)
    assert [title.code for title in found] == ["T5"]


def test_a_code_is_used_once():
    with pytest.raises(ValueError):
        Catalogue(TITLES).add(Title("E1", "Evelina", "Fanny Burney"))
