"""Another model for the running Rasa servers, without stopping them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import requests

from bot.launch.problems import LaunchError
from bot.launch.rasa_token import rasa_token
from bot.settings import Settings

_CONNECT, _LOAD = 3.0, 180.0  # seconds; loading a model takes some on a busy machine
_SERVERS = "rasa.servers"
_RESTART = "重启 make run 就会用上新模型"


def note_servers(settings: Settings, addresses: Sequence[str]) -> None:
    """Write down where the Rasa servers listen that have been started, when it is not one at its usual port."""
    (settings.var / _SERVERS).write_text("".join(f"{address}\n" for address in addresses), encoding="ascii")


def swap_model(model: Path, settings: Settings, *, seconds: float = _LOAD) -> bool:
    """Let the servers of `make run` load the archive `model`, one after another; conversations go on with it.

    Args:
        model: an archive of `rasa train`.
        settings: where the server listens and its token lies.
        seconds: how long loading may take on each.

    Returns:
        False when no server is running.

    Raises:
        LaunchError: a server is running and keeps its old model; says why and what to do.
    """
    noted = settings.var / _SERVERS
    several = noted.read_text(encoding="ascii").split() if noted.is_file() else []
    # With several the usual port is that of nginx, which would choose one of them.
    servers = several or [f"http://127.0.0.1:{settings.rasa_port}"]
    swapped = [_swap(model, settings, server, seconds) for server in servers]  # all of them, whatever the first says
    return any(swapped)


def _swap(model: Path, settings: Settings, server: str, seconds: float) -> bool:
    with requests.Session() as session:
        session.trust_env = False  # the server is on this machine, whatever proxy the outside world needs
        session.params = {"token": rasa_token(settings)}
        try:
            session.get(f"{server}/", timeout=(_CONNECT, seconds))
        except requests.ConnectionError:
            return False
        # Errors are told without their own text: it has the address, and with it the token.
        except requests.RequestException as error:
            raise _failed(f"没有回应（{type(error).__name__}）") from None
        try:
            body = {"model_file": str(model.resolve())}
            answer = session.put(f"{server}/model", json=body, timeout=(_CONNECT, seconds))
            if answer.status_code == 204:
                status = session.get(f"{server}/status", timeout=(_CONNECT, seconds))
        except requests.Timeout:
            raise _failed(f"在 {seconds:.0f} 秒内没有换好") from None
        except requests.RequestException as error:
            raise _failed(f"断开了连接（{type(error).__name__}）") from None
    if answer.status_code in (401, 403):
        raise _failed("不认 var/rasa.token 里的口令")
    if answer.status_code in (404, 405):
        raise _failed("没有开管理接口")
    if answer.status_code != 204:
        raise _failed(f"答复 {answer.status_code}：{_reason(answer)}")
    if _json(status).get("model_file") != model.name:
        raise _failed(f"还在用 {_json(status).get('model_file')}")
    return True


def _failed(what: str) -> LaunchError:
    return LaunchError(f"新模型已经训练好，但正在运行的 Rasa 服务{what}，它继续用旧模型。{_RESTART}")


def _json(answer: requests.Response) -> dict[str, Any]:
    try:
        content = answer.json()
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _reason(answer: requests.Response) -> str:
    return str(_json(answer).get("message") or "没有说明原因，请看 var/log/rasa.log")
