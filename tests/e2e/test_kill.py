"""Any process of a swarm is killed at any instant: nothing acknowledged is lost, nothing is done or paid twice.

EC_KILLS=1000 tries as many instants, EC_REAL_KILLS=100 of the real programs; EC_KILL_SEED chooses them."""

import os

import pytest

import postgres_server
from kill_anything import Postgres, Sqlite, Swarm
from kill_real import RealSwarm

KILLS = int(os.environ.get("EC_KILLS", "20"))
REAL_KILLS = int(os.environ.get("EC_REAL_KILLS", "4"))
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


@pytest.fixture
def real(tmp_path):
    made = RealSwarm(tmp_path, SEED)
    yield made
    made.end()


def test_the_real_programs_are_killed_and_every_acknowledged_job_is_mended_and_paid_once(real):
    real.kill_at_random(REAL_KILLS)
    real.settle(least=2)
    seen = real.check()
    print(seen)
    seen["kills"].pop("submitter", None)  # it is killed as often as dice say
    assert sum(seen["kills"].values()) == REAL_KILLS and seen["jobs"] >= 2 and seen["paid"] >= seen["jobs"]
