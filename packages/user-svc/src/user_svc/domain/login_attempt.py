"""Login attempts, and the policy that delays further attempts after failures.

Failures are counted in buckets: one for the account, and one for the client's network. A bucket allows some failures
for free; each further one delays the next attempt by 1 s, then 2, 4 … (OWASP Authentication Cheat Sheet, "Account
Lockout"), up to the longest delay of the policy.

An attacker who keeps failing from elsewhere must not lock the owner out. So an account has familiar networks: those
from which its password was proved before. There, only failures from the same network count against the account.
"""

import hashlib
import secrets
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv6Address, ip_address

#: How long after its last failure and the delay of that a bucket is empty again.
BUCKET_TTL_S = 15 * 60
#: How long a network stays familiar to an account. Longer than a session lasts by default (30 days): a user who logs in
#: only when a session ends must still come from a familiar network.
FAMILIAR_NETWORK_TTL_S = 90 * 24 * 60 * 60
#: How many networks are familiar to an account at most; the most recent ones. Bounds the storage per account.
MAX_FAMILIAR_NETWORKS = 64
#: One customer usually has a whole /64 (RFC 6177), and could use another of its addresses for each attempt.
_IPV6_HOST_BITS = 64


@dataclass(frozen=True, slots=True)
class LoginThrottlePolicy:
    """How many failures are free per account and per network, and the delays after further ones, in seconds.

    Each delay is twice the one before, from first_delay_s up to longest_delay_s.
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
    """An attempt to prove the password of an account, which need not exist.

    account: a digest of the email. network: the client's; empty when unknown.
    """

    attempt_id: str
    account: str
    network: str

    @classmethod
    def of(cls, email: str, address: str) -> "LoginAttempt":
        """Returns a new attempt. address: the client's; empty when unknown."""
        return cls(secrets.token_hex(8), _account(email), _network(address))


@dataclass(frozen=True, slots=True)
class AttemptDecision:
    """Whether an attempt may be made.

    refused_by: the bucket that is in its delay, the account's if both are; None: the attempt may be made.
    retry_after_s: when the delays of both buckets are over, in seconds.
    is_first: whether this is the bucket's first refusal in this delay.
    """

    refused_by: Bucket | None = None
    retry_after_s: float = 0.0
    is_first: bool = False


def _account(email: str) -> str:
    """Returns a digest that is the same for all spellings that a database may treat as one email.

    Databases compare case by rules of their own: some treat "İ" as "i". A bucket for each spelling would multiply the
    guesses that an attacker has.
    """
    decomposed = unicodedata.normalize("NFKD", email).casefold()
    plain = "".join(character for character in decomposed if not unicodedata.combining(character))
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()


def _network(address: str) -> str:
    """Returns the IPv4 address, or the /64 of an IPv6 address; empty for text that is not an address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return ""
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return f"{IPv6Address(int(parsed) >> _IPV6_HOST_BITS << _IPV6_HOST_BITS)}/{128 - _IPV6_HOST_BITS}"
