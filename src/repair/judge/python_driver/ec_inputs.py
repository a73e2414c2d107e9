"""Inputs for observing: the recorded arguments of a function and small changes of them, the same for the same seed."""
import copy
import random

MOST = 40


def generate(recorded, seed):
    """Pairs (args, kwargs): the recorded ones first, then changed ones."""
    rng = random.Random(seed)
    result, seen = [], set()

    def add(call):
        key = canonical(call)
        if key not in seen:
            seen.add(key)
            result.append(call)

    for call in recorded[:20]:
        add(call)
    for _ in range(12 * MOST):
        if len(result) >= MOST or not recorded:
            break
        try:
            args, kwargs = copy.deepcopy(rng.choice(recorded))
            args = list(args)
            if args and rng.random() < 0.25:
                other = rng.choice(recorded)[0]
                place = rng.randrange(len(args))
                if place < len(other):
                    args[place] = copy.deepcopy(other[place])
            names = list(range(len(args))) + sorted(kwargs)
            if not names:
                break
            for _ in range(rng.choice((1, 1, 1, 2))):
                name = rng.choice(names)
                if isinstance(name, int):
                    args[name] = mutate(args[name], rng)
                else:
                    kwargs[name] = mutate(kwargs[name], rng)
            add((tuple(args), kwargs))
        except Exception:
            continue
    return result


def mutate(value, rng, depth=0):
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return rng.choice((value + 1, value - 1, 0, -value, 1, value + rng.randint(-5, 5), value // 2, 2 * value))
    if isinstance(value, float):
        return rng.choice((value + 1.0, value - 1.0, 0.0, -value, value / 2, value + rng.choice((-0.25, 0.25)), 2 * value))
    if isinstance(value, (str, bytes)):
        return _text(value, rng)
    if isinstance(value, (list, tuple)):
        items = _sequence(list(value), rng, depth)
        if isinstance(value, list):
            value[:] = items
            return value
        return tuple(items) if type(value) is tuple else value
    if isinstance(value, (set, frozenset)):
        items = _sequence(sorted(value, key=canonical), rng, depth)
        return type(value)(items)
    if isinstance(value, dict):
        return _mapping(value, rng, depth)
    attributes = getattr(value, "__dict__", None)
    if attributes and depth < 2:
        name = rng.choice(sorted(attributes))
        attributes[name] = mutate(attributes[name], rng, depth + 1)
    return value


def _text(text, rng):
    if not text:
        return text if isinstance(text, bytes) else rng.choice(("a", " ", "1", "(", "A"))
    place = rng.randrange(len(text))
    other = rng.randrange(len(text))
    one = text[place:place + 1]
    return rng.choice((text[:0], text[:place], text[place:], text + text, text.swapcase(), text[::-1],
                       text[:place] + text[place + 1:], text[:place] + one + text[place:], text + text[other:other + 1],
                       text[:other] + one + text[other + 1:], text[:place] + (b" " if isinstance(text, bytes) else " ")
                       + text[place:], text.upper(), text.lower()))


def _sequence(items, rng, depth):
    if not items:
        return items
    place = rng.randrange(len(items))
    kind = rng.randrange(10)
    if kind == 0:
        return items[:place] + items[place + 1:]
    if kind == 1:
        return items[:place + 1] + [copy.deepcopy(items[place])] + items[place + 1:]
    if kind == 2:
        return items[::-1]
    if kind == 3:
        rng.shuffle(items)
        return items
    if kind == 4:
        return [] if rng.random() < 0.4 else items[:place + 1]
    if kind == 5 and depth < 3:
        return items + [mutate(copy.deepcopy(items[place]), rng, depth + 1)]
    if kind == 6:
        try:
            return sorted(items)
        except TypeError:
            return items[place:]
    if depth < 3:
        items[place] = mutate(items[place], rng, depth + 1)
    return items


def _mapping(value, rng, depth):
    if not value:
        return value
    key = rng.choice(sorted(value, key=canonical))
    if rng.random() < 0.3:
        del value[key]
    elif rng.random() < 0.1:
        value.clear()
    elif depth < 3:
        value[key] = mutate(value[key], rng, depth + 1)
    return value


def canonical(value, depth=0):
    """Text that is equal for values that a test would call equal: 1, 1.0 and True are, and so are equal sets."""
    kind = type(value)
    if kind is bool or kind is int:
        return _number(int(value))
    if kind is float:
        return _number(int(value)) if value == value and abs(value) < 1e15 and value == int(value) else "%.12g" % value
    if value is None or kind in (str, bytes, complex):
        return repr(value)
    if depth > 6:
        return "…"
    if kind in (list, tuple):
        return kind.__name__ + "[" + ",".join([canonical(item, depth + 1) for item in value[:2000]]) + "]"
    if isinstance(value, (set, frozenset)):
        return "set{" + ",".join(sorted([canonical(item, depth + 1) for item in value])) + "}"
    if isinstance(value, dict):
        return "dict{" + ",".join(sorted([canonical(k, depth + 1) + ":" + canonical(v, depth + 1)
                                          for k, v in list(value.items())])) + "}"
    if isinstance(value, BaseException):
        return "raised " + kind.__name__
    if isinstance(value, (list, tuple)) or kind.__name__ in ("deque", "array"):
        return kind.__name__ + "[" + ",".join([canonical(item, depth + 1) for item in list(value)[:2000]]) + "]"
    name = getattr(value, "__qualname__", None)
    if isinstance(name, str):
        return "named " + name
    attributes = getattr(value, "__dict__", None)
    if isinstance(attributes, dict):
        return kind.__name__ + canonical(attributes, depth + 1)
    slots = [slot for owner in kind.__mro__ for slot in _slots(owner)]
    return kind.__name__ + canonical({slot: getattr(value, slot, None) for slot in slots}, depth + 1)


def _slots(owner):
    slots = owner.__dict__.get("__slots__", ())
    return (slots,) if isinstance(slots, str) else tuple(slots)


def _number(value):
    return hex(value)  # decimal text of huge numbers is slow, and refused by newer interpreters
