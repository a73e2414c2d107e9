"""The catalogue: titles, and searching them page by page."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Title:
    code: str
    name: str
    author: str
    copies: int = 1


class Catalogue:
    def __init__(self, titles=()):
        self._titles = {title.code: title for title in titles}

    def add(self, title: Title) -> None:
        if title.code in self._titles:
            raise ValueError(f"{title.code} is already in the catalogue")
        self._titles[title.code] = title

    def get(self, code: str) -> Title:
        return self._titles[code]

    def search(self, words: str):
        """Titles whose name or author holds every word, by author and then by name."""
        wanted = words.lower().split()
        found = [title for title in self._titles.values() if all(_mentions(title, word) for word in wanted)]
        return sorted(found, key=lambda title: (title.author, title.name))

    def page(self, words: str, number: int, size: int = 10):
        """Page `number` (the first is 1) of a search, and how many pages there are."""
        found = self.search(words)
        pages = (len(found) + size - 1) // size
        first = (number - 1) * size
        return found[first:first + size], pages


def _mentions(title: Title, word: str) -> bool:
    return word in title.name.lower() or word in title.author.lower()
