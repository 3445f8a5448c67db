"""What lets MySQL and MariaDB keep the shop as the other databases do.

Text is compared by its bytes, trailing blanks included; times keep their microseconds and are UTC; floats are double;
long texts have no limit of 64 KB; what does not fit is refused and never cut off; a CHECK that refuses is an
IntegrityError.
"""

from typing import Any

from sqlalchemy import JSON, DateTime, Float, Text, create_engine, event
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.exc import IntegrityError, ProgrammingError, SQLAlchemyError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateTable

from bot.database_url import with_driver
from bot.observing.pools import WatchedPool

OLDEST = {"MySQL": (8, 0, 17), "MariaDB": (10, 6, 0)}  # collations without padding; a table is there whole or not
COLLATIONS = {"MySQL": "utf8mb4_0900_bin", "MariaDB": "utf8mb4_nopad_bin"}
_SECONDS = 10  # until a server that does not answer counts as away
# PIPES_AS_CONCAT is what SQL says: || joins texts (bot/upkeep/searching.py).
_MODES = (
    "STRICT_ALL_TABLES", "ERROR_FOR_DIVISION_BY_ZERO", "NO_ZERO_DATE", "NO_ZERO_IN_DATE", "NO_ENGINE_SUBSTITUTION",
    "PIPES_AS_CONCAT",
)  # fmt: skip
# What PyMySQL calls an OperationalError, as a server that is away, and the other drivers call otherwise.
_NOT_AWAY = {4025: IntegrityError, 3819: IntegrityError, 1054: ProgrammingError, 1267: ProgrammingError}
# A deadlock that the other one won; a lock that took too long. Nothing was kept either way once it is rolled back.
LOST = (1213, 1205)


class UnsupportedServer(SQLAlchemyError):
    """The server is older than what the shop's tables need."""


def engine_of(url: str) -> Engine:
    """A new engine for `url`."""
    parsed = make_url(with_driver(url))
    arguments: dict[str, Any] = {"charset": "utf8mb4", "collation": "utf8mb4_bin"}
    arguments["init_command"] = f"SET SESSION sql_mode = '{','.join(_MODES)}', SESSION time_zone = '+00:00'"
    if "connect_timeout" not in parsed.query:
        arguments["connect_timeout"] = _SECONDS
    engine = create_engine(
        parsed,
        future=True,
        pool_pre_ping=True,
        poolclass=WatchedPool,
        pool_logging_name=parsed.database,
        isolation_level="READ COMMITTED",
        connect_args=arguments,
    )
    event.listen(engine, "handle_error", _by_its_name)
    return engine


def kind_of(dialect: Any) -> str:
    """ "MySQL" or "MariaDB", once the dialect has seen its server."""
    return "MariaDB" if dialect.is_mariadb else "MySQL"


def check_server(connection: Connection) -> None:
    """Look whether the server is new enough.

    Raises:
        UnsupportedServer: it is not.
    """
    kind, found = kind_of(connection.dialect), tuple(connection.dialect.server_version_info or ())
    if found[:3] < OLDEST[kind]:
        needed, is_now = (".".join(map(str, version[:3])) for version in (OLDEST[kind], found))
        raise UnsupportedServer(f"{kind} 是 {is_now}，店铺的表要 {needed} 或更新的版本，请先升级它")


def number_of(error: BaseException | None) -> int | None:
    """The server's number of an error, as 1213; None for what is no error of MySQL."""
    arguments = getattr(getattr(error, "orig", None), "args", ())
    return arguments[0] if arguments and isinstance(arguments[0], int) else None


def _by_its_name(context: Any) -> None:
    error = context.original_exception
    kind = _NOT_AWAY.get(error.args[0]) if error.args else None
    if kind is not None:
        raise kind(context.statement, context.parameters, error) from error


@compiles(CreateTable, "mysql")
def _create_table(element: Any, compiler: Any, **options: Any) -> str:
    statement = str(compiler.visit_create_table(element, **options)).rstrip()
    collation = COLLATIONS[kind_of(compiler.dialect)]
    return f"{statement} ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={collation}"


@compiles(DateTime, "mysql")
def _date_time(_type: Any, _compiler: Any, **_options: Any) -> str:
    return "DATETIME(6)"


@compiles(Float, "mysql")
def _float(_type: Any, _compiler: Any, **_options: Any) -> str:
    return "DOUBLE"


@compiles(JSON, "mysql")
@compiles(Text, "mysql")
def _long_text(_type: Any, _compiler: Any, **_options: Any) -> str:
    # MySQL's own JSON puts the keys in another order; that of MariaDB is a text that compares unlike its neighbours.
    return "LONGTEXT"
