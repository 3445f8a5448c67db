"""Actions in Rasa's own process: nothing is sent to a server and back. endpoints.yml:

    action_endpoint:
      actions_module: actions     # as the setting is called in Rasa Pro, which can do the same

What an action gets and answers goes through JSON all the same: it may do with it what it likes, and finds the same
types, as behind HTTP. Its errors become the answers of an action server, which Rasa and `bot.runtime.patience` know.
"""

import json
import logging
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Any

import ujson  # of Sanic's, which writes and reads it in an action server
from rasa.utils.endpoints import ClientResponseError
from rasa_sdk.executor import ActionExecutor
from rasa_sdk.interfaces import ActionExecutionRejection, ActionNotFoundException
from sanic.exceptions import SanicException

from bot.runtime.executor import WatchedExecutor

MODULE = "actions_module"
_Request = Callable[..., Awaitable[Any]]
logger = logging.getLogger(__name__)


@lru_cache(maxsize=4)
def executor_of(module: str) -> ActionExecutor:
    """Knows the actions of a package, and of what it imports."""
    executor = WatchedExecutor()
    executor.register_package(module)
    return executor


def directly(original: _Request) -> _Request:
    """`EndpointConfig.request` that runs the action itself where the endpoint names a module."""

    async def request(self: Any, *args: Any, **kwargs: Any) -> Any:
        module = self.kwargs.get(MODULE)
        if not module:
            return await original(self, *args, **kwargs)
        return await _run(executor_of(module), kwargs["json"])

    return request


async def _run(executor: ActionExecutor, call: dict[str, Any]) -> Any:
    """The answer to `call`.

    Raises:
        ClientResponseError: with the status that an action server would answer with.
    """
    try:
        return _as_sent(await executor.run(_as_sent(call)))
    except ActionExecutionRejection as error:
        raise _answer(400, error) from error
    except ActionNotFoundException as error:
        raise _answer(404, error) from error
    except SanicException as error:
        raise ClientResponseError(error.status_code, str(error), "") from error
    except Exception as error:
        logger.exception("Action %s failed", call.get("next_action"))
        raise ClientResponseError(500, "Internal Server Error", "") from error


def _as_sent(content: Any) -> Any:
    return ujson.loads(ujson.dumps(content, ensure_ascii=False, escape_forward_slashes=False))


def _answer(status: int, error: ActionExecutionRejection | ActionNotFoundException) -> ClientResponseError:
    return ClientResponseError(
        status, str(error), json.dumps({"error": error.message, "action_name": error.action_name})
    )
