"""The repositories that HumanEval has none like: JavaScript, a change over several files, CRLF line ends."""

import textwrap
from dataclasses import dataclass


@dataclass(frozen=True)
class Project:
    id: str
    text: str
    runner: str
    files: dict
    reference: dict
    near_miss: tuple
    known_by: tuple


def code(text):
    return textwrap.dedent(text).lstrip("\n")


SLUG_HEAD = code("""
    'use strict';

    // Words that a slug leaves out.
    const STOP_WORDS = new Set(['a', 'an', 'and', 'of', 'the', 'to']);

    function words(title) {
      return title.toLowerCase().split(/[^a-z0-9]+/).filter((word) => word.length > 0);
    }

    """)
SLUG_TAIL = "\nmodule.exports = { slug, words };\n"

SLUG = Project(
    id="js-slug",
    text="Make slug() in lib/slug.js work: stop words left out, at most `limit` characters, never cut inside a word.",
    runner="node",
    files={
        "lib/slug.js": SLUG_HEAD + code("""
            function slug(title, limit = 40) {
              throw new Error('not written yet');
            }
            """) + SLUG_TAIL,
        "test/slug.test.js": code("""
            const test = require('node:test');
            const assert = require('node:assert');
            const { slug, words } = require('../lib/slug.js');

            test('words are lower case and without signs', () => {
              assert.deepStrictEqual(words('The Art, of War!'), ['the', 'art', 'of', 'war']);
            });
            test('stop words are left out', () => {
              assert.strictEqual(slug('The Art of War'), 'art-war');
            });
            test('a title of stop words only gives an empty slug', () => {
              assert.strictEqual(slug('Of the'), '');
            });
            test('the limit never cuts a word', () => {
              assert.strictEqual(slug('alpha beta gamma', 10), 'alpha-beta');
              assert.strictEqual(slug('alpha beta gamma', 9), 'alpha');
            });
            """),
        "package.json": '{\n  "name": "slug",\n  "version": "1.0.0",\n  "private": true\n}\n',
    },
    reference={
        "lib/slug.js": SLUG_HEAD + code("""
            function slug(title, limit = 40) {
              const kept = words(title).filter((word) => !STOP_WORDS.has(word));
              let out = '';
              for (const word of kept) {
                const longer = out === '' ? word : `${out}-${word}`;
                if (longer.length > limit) {
                  break;
                }
                out = longer;
              }
              return out;
            }
            """) + SLUG_TAIL,
    },
    near_miss=("lib/slug.js", "if (longer.length > limit) {", "if (longer.length >= limit) {"),
    known_by=("slug(",),
)

CART = Project(
    id="js-cart",
    text="Prices are in cents. Make round() in src/money.mjs round half up, and make total() in src/cart.mjs take the discount "
    "(a share from 0 to 1) off before it adds the shipping.",
    runner="node",
    files={
        "src/money.mjs": code("""
            // Amounts are integers of cents.
            export function round(cents) {
              return Math.floor(cents);
            }

            export function show(cents) {
              return `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`;
            }
            """),
        "src/cart.mjs": code("""
            import { round } from './money.mjs';

            export function subtotal(lines) {
              return lines.reduce((sum, line) => sum + line.price * line.count, 0);
            }

            export function total(lines, discount = 0, shipping = 0) {
              return subtotal(lines);
            }
            """),
        "test/cart.test.mjs": code("""
            import test from 'node:test';
            import assert from 'node:assert';
            import { round, show } from '../src/money.mjs';
            import { subtotal, total } from '../src/cart.mjs';

            const lines = [{ price: 250, count: 2 }, { price: 99, count: 1 }];

            test('half a cent is rounded up', () => {
              assert.strictEqual(round(2.5), 3);
              assert.strictEqual(round(2.4), 2);
            });
            test('amounts are shown with two digits', () => assert.strictEqual(show(1205), '12.05'));
            test('lines add up', () => assert.strictEqual(subtotal(lines), 599));
            test('the discount is taken before the shipping', () => {
              assert.strictEqual(total(lines, 0.5, 400), 700);
              assert.strictEqual(total(lines), 599);
            });
            """),
        "package.json": '{\n  "name": "cart",\n  "version": "1.0.0",\n  "private": true,\n  "type": "module"\n}\n',
    },
    reference={
        "src/money.mjs": code("""
            // Amounts are integers of cents.
            export function round(cents) {
              return Math.floor(cents + 0.5);
            }

            export function show(cents) {
              return `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`;
            }
            """),
        "src/cart.mjs": code("""
            import { round } from './money.mjs';

            export function subtotal(lines) {
              return lines.reduce((sum, line) => sum + line.price * line.count, 0);
            }

            export function total(lines, discount = 0, shipping = 0) {
              const reduced = subtotal(lines) * (1 - discount);
              return round(reduced) + shipping;
            }
            """),
    },
    near_miss=("src/cart.mjs", "return round(reduced) + shipping;", "return round(reduced) - shipping;"),
    known_by=("total()",),
)

INVENTORY = Project(
    id="py-inventory",
    text="Stock must never become negative: make Stock.take in inventory/stock.py raise ValueError and change nothing when there "
    "is too little, and let low() in inventory/report.py name the items below their minimum, sorted.",
    runner="pytest",
    files={
        "inventory/__init__.py": "",
        "inventory/stock.py": code('''
            class Stock:
                """How many of each item there are."""

                def __init__(self):
                    self.counts = {}

                def put(self, item, count):
                    self.counts[item] = self.counts.get(item, 0) + count

                def take(self, item, count):
                    self.counts[item] = self.counts.get(item, 0) - count
            '''),
        "inventory/report.py": code('''
            def low(stock, minimum):
                """Items of which there are fewer than `minimum[item]`, sorted."""
                return []


            def lines(stock):
                return [f"{item}: {count}" for item, count in sorted(stock.counts.items())]
            '''),
        "tests/test_inventory.py": code("""
            import pytest

            from inventory.report import lines, low
            from inventory.stock import Stock


            @pytest.fixture
            def stock():
                made = Stock()
                made.put("nail", 100)
                made.put("bolt", 3)
                return made


            def test_lines_are_sorted(stock):
                assert lines(stock) == ["bolt: 3", "nail: 100"]


            def test_taking_too_much_changes_nothing(stock):
                with pytest.raises(ValueError):
                    stock.take("bolt", 4)
                assert stock.counts["bolt"] == 3


            def test_the_last_one_may_be_taken(stock):
                stock.take("bolt", 3)
                assert stock.counts["bolt"] == 0


            def test_low_items_are_named(stock):
                assert low(stock, {"bolt": 5, "nail": 100, "axe": 1}) == ["axe", "bolt"]
            """),
    },
    reference={
        "inventory/stock.py": code('''
            class Stock:
                """How many of each item there are."""

                def __init__(self):
                    self.counts = {}

                def put(self, item, count):
                    self.counts[item] = self.counts.get(item, 0) + count

                def take(self, item, count):
                    have = self.counts.get(item, 0)
                    if count > have:
                        raise ValueError(f"only {have} of {item}")
                    self.counts[item] = have - count
            '''),
        "inventory/report.py": code('''
            def low(stock, minimum):
                """Items of which there are fewer than `minimum[item]`, sorted."""
                return sorted(item for item, least in minimum.items() if stock.counts.get(item, 0) < least)


            def lines(stock):
                return [f"{item}: {count}" for item, count in sorted(stock.counts.items())]
            '''),
    },
    near_miss=("inventory/stock.py", "if count > have:", "if count >= have:"),
    known_by=("Stock.take",),
)


def crlf(text):
    return text.replace("\n", "\r\n")


DATES_START = code('''
    """Dates as the old billing system writes them: DD.MM.YYYY."""


    def split(text):
        day, month, year = text.split(".")
        return int(day), int(month), int(year)


    def is_leap(year):
        return year % 4 == 0


    def days_in(month, year):
        if month == 2:
            return 29 if is_leap(year) else 28
        return 30 if month in (4, 6, 9, 11) else 31
    ''')
DATES = Project(
    id="py-crlf",
    text="is_leap in legacy/dates.py forgets the rule for centuries. Mend it; the file has Windows line ends and must keep them.",
    runner="unittest",
    files={
        "legacy/__init__.py": "",
        "legacy/dates.py": crlf(DATES_START),
        "test_dates.py": code("""
            import pathlib
            import unittest

            from legacy import dates


            class Dates(unittest.TestCase):
                def test_split(self):
                    self.assertEqual(dates.split("03.04.2005"), (3, 4, 2005))

                def test_centuries(self):
                    years = (1800, 1900, 2000, 2023, 2024)
                    self.assertEqual([dates.is_leap(y) for y in years], [False, False, True, False, True])

                def test_february(self):
                    self.assertEqual(dates.days_in(2, 1900), 28)

                def test_line_ends_are_kept(self):
                    data = pathlib.Path(dates.__file__).read_bytes()
                    self.assertEqual(data.count(b"\\n"), data.count(b"\\r\\n"))
            """),
    },
    reference={
        "legacy/dates.py": crlf(DATES_START.replace("    return year % 4 == 0\n",
                                                    "    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)\n")),
    },
    near_miss=("legacy/dates.py", "(year % 100 != 0 or year % 400 == 0)", "(year % 100 != 0 or year % 200 == 0)"),
    known_by=("is_leap",),
)

PROJECTS = (SLUG, CART, INVENTORY, DATES)
