from gateway.server.budget import Budget


def test_so_many_at_once() -> None:
    budget = Budget(3, now=100.0)
    assert [budget.spend(100.0) for _ in range(5)] == [True, True, True, False, False]


def test_it_fills_again_within_ten_seconds() -> None:
    budget = Budget(10, now=100.0)
    assert all(budget.spend(100.0) for _ in range(10))
    assert [budget.spend(103.0) for _ in range(4)] == [True, True, True, False]


def test_it_never_holds_more_than_fits() -> None:
    budget = Budget(2, now=100.0)
    budget.grant(50)
    assert [budget.spend(1000.0) for _ in range(3)] == [True, True, False]


def test_what_is_granted_can_be_spent() -> None:
    budget = Budget(2, now=100.0)
    assert all(budget.spend(100.0) for _ in range(2))
    budget.grant(1)
    assert [budget.spend(100.0) for _ in range(2)] == [True, False]
