"""Any process of a swarm is killed at any instant: nothing acknowledged is lost, nothing is done or paid twice.

EC_KILLS=1000 tries as many instants; EC_KILL_SEED chooses them."""

import os

import pytest

import postgres_server
from kill_anything import Postgres, Sqlite, Swarm

KILLS = int(os.environ.get("EC_KILLS", "20"))
SEED = int(os.environ.get("EC_KILL_SEED", "1"))


@pytest.fixture(params=[Sqlite, Postgres], ids=["sqlite", "postgres"])
def swarm(request, tmp_path):
    if request.param is Postgres and (reason := postgres_server.missing()):
        pytest.skip(reason)
    made = Swarm(tmp_path, SEED, request.param)
    yield made
    made.end()


def test_whatever_is_killed_nothing_acknowledged_is_lost_or_done_or_paid_twice(swarm):
    swarm.kill_at_random(KILLS)
    swarm.settle(least=8)
    seen = swarm.check()
    print(seen)
    assert sum(seen["kills"].values()) == KILLS and seen["jobs"] >= 8 and seen["paid"] >= seen["jobs"]
