"""The shared memory: neither a client nor all anonymous clients together take what the others need."""

from gateway.limits.byte_budget import ByteBudget
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from service_kit.request.clients import Client

from tests.hypothesis_profiles import examples

MIB = 1024 * 1024
SIZE = 64 * MIB
USERS = [Client(f"user:{number}", is_identified=True) for number in range(12)]
ANONYMOUS = [Client(f"addr:192.0.2.{number}", is_identified=False) for number in range(80)]


def test_anonymous_client_gets_a_sixty_fourth() -> None:
    memory = ByteBudget(SIZE)
    assert memory.take(MIB, ANONYMOUS[0]) is None
    refused = memory.take(1, ANONYMOUS[0])
    assert refused is not None
    assert (refused.state, refused.limit_bytes) == ("client_share", MIB)
    assert memory.take(MIB, ANONYMOUS[1]) is None
    assert memory.take(8 * MIB, USERS[0]) is None


def test_user_gets_an_eighth() -> None:
    memory = ByteBudget(SIZE)
    assert memory.take(8 * MIB, USERS[0]) is None
    refused = memory.take(1, USERS[0])
    assert refused is not None
    assert (refused.state, refused.limit_bytes) == ("client_share", 8 * MIB)


def test_all_anonymous_clients_together_leave_half_to_users() -> None:
    memory = ByteBudget(SIZE)
    taken = [memory.take(MIB, stranger) for stranger in ANONYMOUS]
    assert taken.count(None) == 32
    assert [memory.take(8 * MIB, user) for user in USERS[:4]] == [None] * 4
    refused = memory.take(1, USERS[4])
    assert refused is not None
    assert (refused.state, refused.limit_bytes) == ("exhausted", SIZE)


def test_share_of_a_small_budget_still_holds_a_large_order() -> None:
    assert ByteBudget(MIB).take(112 * 1024, ANONYMOUS[0]) is None


class BudgetAgainstAModel(RuleBasedStateMachine):
    """The model: a list of the allocations, with their clients."""

    def __init__(self) -> None:
        super().__init__()
        self.memory = ByteBudget(SIZE)
        self.taken: list[tuple[int, Client]] = []

    def used(self, *clients: Client) -> int:
        return sum(size for size, client in self.taken if client in clients)

    @rule(kib=st.integers(1, 4096), client=st.sampled_from([*USERS, *ANONYMOUS]))
    def take(self, kib: int, client: Client) -> None:
        size = kib * 1024
        fits = (
            self.used(client) + size <= (8 * MIB if client.is_identified else MIB)
            and (client.is_identified or self.used(*ANONYMOUS) + size <= SIZE // 2)
            and self.used(*USERS, *ANONYMOUS) + size <= SIZE
        )
        assert (self.memory.take(size, client) is None) == fits
        if fits:
            self.taken.append((size, client))

    @precondition(lambda self: self.taken)
    @rule(which=st.integers(0, 999))
    def give_back(self, which: int) -> None:
        self.memory.release(*self.taken.pop(which % len(self.taken)))

    @invariant()
    def clients_without_memory_are_forgotten(self) -> None:
        assert set(self.memory._by_client) == {client for _, client in self.taken}


TestBudgetAgainstAModel = BudgetAgainstAModel.TestCase
TestBudgetAgainstAModel.settings = settings(deadline=None, max_examples=examples(60), stateful_step_count=60)
