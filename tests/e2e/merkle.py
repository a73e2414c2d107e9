"""The tree of a log as RFC 6962 and 9162 define it, written down without ours."""

import hashlib


def leaf_hash(entry):
    return hashlib.sha256(b"\0" + entry).digest()


def root_of(hashes):
    """RFC 6962, section 2.1."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    left = 1
    while left * 2 < len(hashes):
        left *= 2
    return hashlib.sha256(b"\1" + root_of(hashes[:left]) + root_of(hashes[left:])).digest()


def root_by_proof(index, size, leaf, proof):
    """RFC 9162, section 2.1.3.2."""
    node, last, reached = index, size - 1, leaf
    for sibling in proof:
        assert last > 0
        if node & 1 or node == last:
            reached = hashlib.sha256(b"\1" + sibling + reached).digest()
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            reached = hashlib.sha256(b"\1" + reached + sibling).digest()
        node, last = node >> 1, last >> 1
    assert last == 0
    return reached
