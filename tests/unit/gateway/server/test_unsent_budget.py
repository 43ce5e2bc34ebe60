from gateway.server.unsent_budget import PIECE_OVERHEAD_BYTES, UnsentAccount, UnsentBudget

MIB = 1024 * 1024
LIMIT_BYTES = 16 * MIB


class Clients:
    """A budget, and the connections that it has aborted."""

    def __init__(self) -> None:
        self.budget = UnsentBudget(LIMIT_BYTES)
        self.aborted: list[str] = []

    def open(self, name: str, client: str | None) -> UnsentAccount:
        return self.budget.open(client, lambda: self.aborted.append(name))


def piece(size_bytes: int) -> bytes:
    return bytes(size_bytes)


def test_held_bytes_are_released() -> None:
    clients = Clients()
    account = clients.open("a", "192.0.2.1")
    held = piece(MIB)
    charge = account.hold(held)
    assert clients.budget.held_bytes == account.held_bytes == MIB + PIECE_OVERHEAD_BYTES
    account.release(held, charge)
    assert clients.budget.held_bytes == account.held_bytes == account.pieces == 0


def test_object_that_many_responses_hold_counts_once() -> None:
    clients, page = Clients(), piece(MIB)
    accounts = [clients.open(str(number), f"192.0.2.{number}") for number in range(100)]
    charges = [account.hold(page) for account in accounts]
    assert clients.budget.held_bytes == MIB + 100 * PIECE_OVERHEAD_BYTES
    for account, charge in zip(accounts, charges, strict=True):
        account.release(page, charge)
    assert clients.budget.held_bytes == 0
    assert accounts[0].hold(page) == MIB + PIECE_OVERHEAD_BYTES


def test_client_over_its_share_loses_its_largest_connection() -> None:
    clients = Clients()
    small, large = clients.open("small", "192.0.2.1"), clients.open("large", "192.0.2.1")
    other = clients.open("other", "192.0.2.2")
    pieces = [piece(MIB), piece(MIB + MIB // 4), piece(MIB // 2)]
    other.hold(pieces[0])
    large.hold(pieces[1])
    assert clients.aborted == []
    small.hold(pieces[2])
    small.hold(piece(MIB // 2 + 1))
    assert clients.aborted == ["large"]


def test_connection_that_reads_is_spared_while_another_does_not() -> None:
    clients = Clients()
    reading, idle = clients.open("reading", "192.0.2.1"), clients.open("idle", "192.0.2.1")
    reading.note_progress()
    held = [piece(MIB + MIB // 2), piece(MIB)]
    reading.hold(held[0])
    idle.hold(held[1])
    assert clients.aborted == ["idle"]


def test_single_response_may_exceed_the_share() -> None:
    clients = Clients()
    clients.open("a", "192.0.2.1").hold(piece(4 * MIB))
    assert clients.aborted == []


def test_all_clients_together_stay_within_the_budget() -> None:
    clients = Clients()
    held = [piece(MIB) for _ in range(20)]
    for number, each in enumerate(held):
        clients.open(str(number), f"192.0.2.{number}").hold(each)
    assert clients.budget.held_bytes <= LIMIT_BYTES
    assert len(clients.aborted) == 5


def test_proxy_has_no_share_but_counts_for_the_budget() -> None:
    clients = Clients()
    proxy = clients.open("proxy", None)
    held = [piece(MIB) for _ in range(16)]
    for each in held[:15]:
        proxy.hold(each)
    assert clients.aborted == []
    clients.open("other", "192.0.2.1").hold(held[15])
    assert clients.aborted == ["proxy"]


def test_closed_account_releases_nothing_twice() -> None:
    clients = Clients()
    account = clients.open("a", "192.0.2.1")
    held = piece(MIB)
    charge = account.hold(held)
    account.close()
    assert clients.budget.held_bytes == 0
    account.release(held, charge)
    account.note_transport(100)
    account.reserve(100)
    assert clients.budget.held_bytes == account.held_bytes == 0
    assert clients.open("b", "192.0.2.1").hold(held) == MIB + PIECE_OVERHEAD_BYTES


async def test_full_connection_waits_for_room() -> None:
    clients = Clients()
    account = clients.open("a", None)
    held = piece(MIB)
    charge = account.hold(held)
    assert account.is_full
    account.release(held, charge)
    await account.room()
    assert not account.is_full
