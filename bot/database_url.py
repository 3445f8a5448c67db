"""Addresses of databases, as people write them."""

_MYSQL = ("mysql", "mariadb")


def is_mysql(url: str) -> bool:
    """Whether the address is one of MySQL or MariaDB."""
    return _scheme(url)[0] in _MYSQL


def is_file(url: str) -> bool:
    """Whether the address is one of SQLite: a file on this machine, or memory."""
    return _scheme(url)[0] == "sqlite"


def with_driver(url: str) -> str:
    """An address of MySQL or MariaDB with the driver that comes with the house; any other one as it is.

    Raises:
        ValueError: another driver is named.
    """
    kind, driver = _scheme(url)
    if kind not in _MYSQL:
        return url
    if driver not in ("", "pymysql"):
        raise ValueError(f"没有 {driver} 这个驱动，请写成 {kind}://…（用自带的 PyMySQL）")
    return f"mysql+pymysql://{url.partition('://')[2]}"


def _scheme(url: str) -> tuple[str, str]:
    kind, _, driver = url.partition("://")[0].partition("+")
    return kind, driver
