"""The services that the cluster needs beside our own processes: are they there, and have they our databases?"""

import asyncio
from urllib.parse import urlsplit

import redis
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError, SQLAlchemyError

from bot.database_url import is_file, with_driver
from bot.launch.problems import LaunchError
from bot.mysql import number_of
from bot.settings import Settings

_SECONDS = 3
_EXISTS, _NOT_ALLOWED = 1007, 1044  # MySQL's


def check_outside(settings: Settings) -> None:
    """Look whether every service that the settings name lets us in.

    Raises:
        LaunchError: naming all that do not, where they were looked for, and what to do.
    """
    missing = []
    urls = (settings.shop_url, settings.chat_url, settings.events_url, settings.knowledge_url, settings.tracker_url)
    for server in sorted({_server_of(url) for url in urls if not is_file(url)}):
        problem = _database_problem(server)
        if problem:
            missing.append(f"数据库（{_where(server)}）：{problem}")
    if settings.bus.type == "redis":
        problem = _redis_problem(settings.bus.url)
        if problem:
            missing.append(f"Redis（{_where(settings.bus.url)}）：{problem}")
    if settings.events.type == "rabbitmq":
        problem = asyncio.run(_rabbitmq_problem(settings.events.url))
        if problem:
            missing.append(f"RabbitMQ（{_where(settings.events.url)}）：{problem}")
    if missing:
        raise LaunchError(
            "集群要用的服务连不上，请先运行 make services（在别的机器上就检查地址和密码）：\n  " + "\n  ".join(missing)
        )


def create_database(url: str) -> bool:
    """Create the database that `url` names where it is missing; whether it was created.

    Raises:
        LaunchError: it is missing and may not be created.
    """
    name = make_url(url).database
    if is_file(url) or not name or not _database_problem(with_driver(url)):
        return False
    server = create_engine(_server_of(url), isolation_level="AUTOCOMMIT", connect_args=_patience(url))
    try:
        with server.connect() as connection:
            found = text("SELECT 1 FROM pg_database WHERE datname = :name")
            if server.dialect.name == "postgresql" and connection.execute(found, {"name": name}).first():
                return False
            quoted = server.dialect.identifier_preparer.quote_identifier(name)
            letters = " CHARACTER SET utf8mb4" if server.dialect.name == "mysql" else ""
            connection.exec_driver_sql(f"CREATE DATABASE {quoted}{letters}")
            return True
    except (ProgrammingError, IntegrityError) as error:
        if "already exists" in str(error.orig) or number_of(error) == _EXISTS:  # another process was quicker
            return False
        raise LaunchError(f"数据库 {name} 不存在，也没有权限创建，请让管理员先建好它：{_short(error)}") from error
    except SQLAlchemyError as error:
        if number_of(error) == _NOT_ALLOWED:
            raise LaunchError(f"数据库 {name} 不存在，也没有权限创建，请让管理员先建好它：{_short(error)}") from error
        raise LaunchError(f"数据库 {name}（{_where(url)}）用不了：{_short(error)}") from error
    finally:
        server.dispose()


def _server_of(url: str) -> str:
    """The same server with the database that every server has."""
    parsed = make_url(with_driver(url))
    everywhere = "postgres" if parsed.get_backend_name() == "postgresql" else ""
    return str(parsed.set(database=everywhere).render_as_string(hide_password=False))


def _patience(url: str) -> dict[str, int]:
    return {"connect_timeout": _SECONDS} if not is_file(url) else {}


def _database_problem(server: str) -> str:
    engine = create_engine(server, connect_args=_patience(server))
    try:
        with engine.connect():
            return ""
    except OperationalError as error:
        return _short(error)
    finally:
        engine.dispose()


def _redis_problem(url: str) -> str:
    client = redis.Redis.from_url(url, socket_connect_timeout=_SECONDS, socket_timeout=_SECONDS)
    try:
        client.ping()
    except redis.RedisError as error:
        return str(error).splitlines()[0]
    finally:
        client.close()
    return ""


async def _rabbitmq_problem(url: str) -> str:
    import aio_pika

    try:
        connection = await aio_pika.connect(url, timeout=_SECONDS)
    except (OSError, asyncio.TimeoutError, aio_pika.exceptions.AMQPError) as error:
        return (str(error) or type(error).__name__).splitlines()[0]
    await connection.close()
    return ""


def _where(url: str) -> str:
    """The address without the password."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)


def _short(error: SQLAlchemyError) -> str:
    if number_of(error) is not None:  # PyMySQL's args: number, text
        return str(error.orig.args[-1]).strip()
    return str(getattr(error, "orig", None) or error).strip().splitlines()[0]
