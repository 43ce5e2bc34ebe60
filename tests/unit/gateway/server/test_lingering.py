from gateway.server.lingering import Lingering

MIB = 1024 * 1024


def test_it_ends_with_the_first_pause() -> None:
    assert Lingering().begin(10.0) == 10.5


def test_it_goes_on_while_something_comes_but_not_for_long() -> None:
    lingering = Lingering()
    lingering.begin(10.0)
    assert [lingering.go_on(100, now) for now in (10.4, 10.8, 11.9)] == [10.9, 11.3, 12.0]


def test_it_does_not_take_everything() -> None:
    lingering = Lingering()
    lingering.begin(10.0)
    assert lingering.go_on(16 * MIB, 10.1) > 10.1
    assert lingering.go_on(1, 10.2) == 10.2
