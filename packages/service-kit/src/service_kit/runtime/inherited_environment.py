"""Inherited environment variables that must not reach a service, its libraries or the programs that it starts."""

from collections.abc import Mapping, MutableMapping

#: libpq (psycopg) and lib/pq (dbmate) take connection and session parameters from variables of these names: PGHOSTADDR,
#: PGSERVICE, PGTARGETSESSIONATTRS, PGOPTIONS, PGDATESTYLE, PGCLIENTENCODING, PGPASSFILE and more; dbmate its options.
#: A service is configured by its settings alone. libpq has no switch to ignore them: an explicit parameter overrides
#: its variable, but some have only a variable, and PGSERVICE names a file with further ones.
_PREFIXES = ("PG", "DBMATE_")


def remove_inherited(environ: MutableMapping[str, str]) -> None:
    """Removes them from ``environ``, in place; removed from os.environ, they are gone for C libraries too."""
    for name in [name for name in environ if name.startswith(_PREFIXES)]:
        del environ[name]


def without_inherited(environ: Mapping[str, str]) -> dict[str, str]:
    """Returns ``environ`` without them."""
    return {name: value for name, value in environ.items() if not name.startswith(_PREFIXES)}
