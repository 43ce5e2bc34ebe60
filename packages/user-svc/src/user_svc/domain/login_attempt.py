"""Attempts to prove a password, and how those that fail slow down the next ones.

Failures are counted in buckets: of the account, and of the network that the client comes from. A bucket forgives some;
each failure after those makes the next attempt wait, for 1 s, then 2, 4 … (OWASP Authentication Cheat Sheet, "Account
Lockout"). Nothing is ever locked for longer than the longest delay.

Whoever keeps failing for an account from elsewhere must not keep its owner out. So an account is familiar with the
networks from which its password was proved; from there, only what fails there is counted against it.
"""

import hashlib
import secrets
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv6Address, ip_address

#: How long after its last failure, and that one's delay, a bucket is empty again.
FORGOTTEN_AFTER_S = 15 * 60
#: How long an account stays familiar with a network: for longer than a session can last by default (30 days), or those
#: who log in only when their session ends would be strangers every time.
FAMILIAR_FOR_S = 90 * 24 * 60 * 60
#: With how many networks an account is familiar at most, the last ones: whoever has many addresses to log in from must
#: not fill the store with them.
MOST_FAMILIAR = 64
#: One customer usually holds a whole /64 (RFC 6177), and could change the address with every attempt.
_IPV6_HOST_BITS = 64


@dataclass(frozen=True, slots=True)
class ThrottleTerms:
    """How many failures an account and a network are forgiven, and the delays after the others, in seconds.

    Each delay is twice the one before it, from the first to the longest.
    """

    free_per_account: int
    free_per_address: int
    longest_delay_s: float
    first_delay_s: float = 1.0


class Bucket(StrEnum):
    """What failures are counted against."""

    ACCOUNT = "account"
    ADDRESS = "address"


@dataclass(frozen=True, slots=True)
class LoginAttempt:
    """Somebody is about to prove the password of an account, which need not exist.

    account: a digest of the email. network: where the client comes from; empty when unknown.
    """

    attempt_id: str
    account: str
    network: str

    @classmethod
    def of(cls, email: str, address: str) -> "LoginAttempt":
        """A new attempt. address: the client's; empty when unknown."""
        return cls(secrets.token_hex(8), _account(email), _network(address))


@dataclass(frozen=True, slots=True)
class AttemptDecision:
    """Whether an attempt may be made.

    refused_by: the bucket that is in its delay, of two the account's; None: the attempt may be made.
    retry_after_s: when all delays are over, in seconds.
    first: whether that bucket has refused nobody else in this delay.
    """

    refused_by: Bucket | None = None
    retry_after_s: float = 0.0
    first: bool = False


def _account(email: str) -> str:
    """A digest that is the same for all spellings that a database could take for one email.

    Case is the database's to compare, by rules of its own: some take "İ" for "i". A bucket for each spelling would be
    as many more guesses.
    """
    apart = unicodedata.normalize("NFKD", email).casefold()
    plain = "".join(character for character in apart if not unicodedata.combining(character))
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()


def _network(address: str) -> str:
    """The IPv4 address, or the /64 of an IPv6 address; empty for what is no address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return ""
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return f"{IPv6Address(int(parsed) >> _IPV6_HOST_BITS << _IPV6_HOST_BITS)}/{128 - _IPV6_HOST_BITS}"
