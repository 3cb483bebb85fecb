"""Availability against an oracle that looks at every minute, and against the booking path, on random chains.

Real PostgreSQL, real routes and events: whatever lies between the rows and the answer is in it.
"""

import random
from datetime import datetime

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.scheduling.builders import Chain, iso
from tests.scheduling.oracle import World, instant_of, minute_of
from tests.scheduling.worlds import Built, build, worlds

# Not shrunk: each example is a chain of its own in a real database. The failing one is printed as it is.
EXAMPLES = settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
Offered = set[tuple[int, int, frozenset[int], int]]


async def offered(chain: Chain, world: World, built: Built) -> Offered:
    found = await chain.get(
        "/v1/availability", treatment_id=built.treatment, branch_id=built.branches, client_id=built.client, limit=5000,
        **{"from": iso(instant_of(world.first)), "to": iso(instant_of(world.last))},
    )  # fmt: skip
    keys = [(slot["starts_at"], built.branches.index(slot["branch_id"])) for slot in found["slots"]]
    assert keys == sorted(set(keys)), "in order of time, then of the branches, each once"
    return {
        (minute_of(datetime.fromisoformat(slot["starts_at"])), built.branches.index(slot["branch_id"]),
         frozenset(map(built.therapists.index, slot["therapist_ids"])), slot["rooms_free"])
        for slot in found["slots"]
    }  # fmt: skip


@EXAMPLES
@given(world=worlds(), chance=st.randoms(use_true_random=False))
async def test_what_is_offered_is_what_an_exhaustive_look_finds_and_can_be_booked(
    chain: Chain, world: World, chance: random.Random
) -> None:
    built = await build(chain, world)
    found = await offered(chain, world, built)
    assert found == world.slots()
    for start, branch, therapists, _ in chance.sample(sorted(found, key=str), min(3, len(found))):
        therapist = chance.choice(sorted(therapists))
        await book(chain, built, branch, therapist, start, accepted=True)
    every = [(start, branch) for branch in range(len(world.branches)) for start in world.grid(branch)]
    for start, branch in chance.sample(every, min(4, len(every))):
        therapist = chance.randrange(len(world.therapists))
        await book(chain, built, branch, therapist, start, accepted=world.accepts(branch, therapist, start))
    assert await offered(chain, world, built) == found, "everything was given back"


async def book(chain: Chain, built: Built, branch: int, therapist: int, start: int, *, accepted: bool) -> None:
    """Ask for it, and take it back."""
    wish = {
        "branch_id": built.branches[branch], "treatment_id": built.treatment, "client_id": built.client,
        "therapist_id": built.therapists[therapist], "starts_at": iso(instant_of(start)),
    }  # fmt: skip
    answer = await chain.http.post("/v1/appointments", json=wish, headers={"Prefer": "wait=0"})
    unknown = answer.status_code == 422  # hers are other branches: she is not there to be named
    assert (answer.status_code == 202) == accepted, (wish, answer.text)
    assert unknown or answer.status_code in (202, 409), answer.text
    if accepted:
        await chain.post(f"/v1/appointments/{answer.json()['id']}/cancel", {}, 200)
