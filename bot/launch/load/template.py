"""The bot beside ours: a fresh project with Rasa's template configuration for Chinese, answering the same scripts.

Jieba, count vectors, DIET and ResponseSelector; memoization, rules, UnexpecTED and TED; conversations in memory, Rasa's
Redis lock store; actions over HTTP on rasa-sdk's server. It knows only the intents of the scripts, looks nothing up,
and is trained on few lines for few epochs: what it answers does not matter here, how fast it answers does, and that
does not depend on training. So that its answers do not depend on it either, it may not call a message unlikely, and
FallbackClassifier, which compares two numbers, is left out.
"""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from bot.launch.load.scripts import Scripts
from bot.launch.problems import LaunchError
from bot.launch.supervise import HOST, Server
from bot.nlu.judge.race import nlu_data, read_corpus, subsample, template_pipeline
from bot.settings import ROOT

# Intents whose answer comes from the shop's data: a template bot asks the action server for it.
_LOOKED_UP = frozenset(
    {
        "ask_price", "ask_stock", "ask_product_info", "ask_promotion", "ask_payment", "ask_delivery_time",
        "ask_shipping_fee", "ask_authenticity", "ask_size", "ask_delivery_method", "ask_warranty", "ask_refund",
        "check_order", "track_logistics", "return_goods", "complain_logistics", "inform", "affirm", "deny",
    }
)  # fmt: skip
LINES, EPOCHS = 400, 5
NAMES = ("Rasa 模板：动作服务", "Rasa 模板：Rasa")

_ACTIONS = '''"""The actions of a template bot: each says its response."""

from rasa_sdk import Action


def _make(name):
    def run(self, dispatcher, tracker, domain):
        dispatcher.utter_message(response=name.replace("action_", "utter_", 1))
        return []

    return type(name, (Action,), {"name": lambda self: name, "run": run})


_made = [_make(name) for name in {names}]
'''


def project(scripts: Scripts, lines: int = LINES, epochs: int = EPOCHS) -> dict[str, str]:
    """The files of the project by name; NLU lines are a sample of data/nlu."""
    intents = scripts.intents
    chosen = subsample([line for line in read_corpus(ROOT / "data" / "nlu") if line.intent in set(intents)], lines)
    does = {intent: f"{'action' if intent in _LOOKED_UP else 'utter'}_{intent}" for intent in intents}
    actions = [name for name in does.values() if name.startswith("action_")]
    domain = {
        "version": "3.1",
        "intents": intents,
        "actions": actions,
        "responses": {f"utter_{intent}": [{"text": f"好的，这是关于 {intent} 的回答。"}] for intent in intents},
        "session_config": {"session_expiration_time": 60, "carry_over_slots_to_new_session": True},
    }
    config = {
        "recipe": "default.v1",
        "assistant_id": "template",
        "language": "zh",
        "pipeline": [
            *template_pipeline(epochs),
            {"name": "EntitySynonymMapper"},
            {"name": "ResponseSelector", "epochs": epochs, "constrain_similarities": True},
        ],
        "policies": [
            {"name": "MemoizationPolicy"},
            {"name": "RulePolicy"},
            {"name": "UnexpecTEDIntentPolicy", "max_history": 5, "epochs": epochs, "ignore_intents_list": intents},
            {"name": "TEDPolicy", "max_history": 5, "epochs": epochs, "constrain_similarities": True},
        ],
    }
    rules = [{"rule": intent, "steps": [{"intent": intent}, {"action": name}]} for intent, name in does.items()]
    stories = [
        {
            "story": script.title,
            "steps": [step for one in script.lines for step in ({"intent": one.intent}, {"action": does[one.intent]})],
        }
        for script in scripts.scripts
    ]
    content: dict[str, Any] = {
        "config.yml": config,
        "domain.yml": domain,
        "data/nlu.yml": nlu_data(chosen),
        "data/rules.yml": {"version": "3.1", "rules": rules},
        "data/stories.yml": {"version": "3.1", "stories": stories},
        "credentials.yml": {"rest": None},
    }
    files = {name: yaml.safe_dump(one, allow_unicode=True, sort_keys=False) for name, one in content.items()}
    return {**files, "actions.py": _ACTIONS.replace("{names}", repr(sorted(actions)))}


def trained(scripts: Scripts, kept: Path, say: Callable[[str], None]) -> Path:
    """The folder of the trained project under `kept`; trains it once for each content of its files.

    Raises:
        LaunchError: training failed.
    """
    files = project(scripts)
    folder = kept / hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()[:12]
    if any(folder.glob("models/*.tar.gz")):
        return folder
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf8")
    say("训练对照用的 Rasa 模板（一次，约两分钟）……")
    command = [sys.executable, "-W", "ignore", "-m", "rasa", "train", "--quiet"]
    environment = {**os.environ, "RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0 or not any(folder.glob("models/*.tar.gz")):
        raise LaunchError("对照用的 Rasa 模板没有训练成功：\n" + "\n".join(done.stderr.splitlines()[-10:]))
    return folder


def servers(folder: Path, redis_url: str, ports: tuple[int, int], logs: Path) -> list[Server]:
    """Its action server and its Rasa server, as `rasa run actions` and `rasa run` start them.

    Args:
        folder: of the trained project.
        redis_url: redis://host:port/number, for the locks.
        ports: of the two servers.
        logs: folder of their logs.
    """
    address, _, number = redis_url.removeprefix("redis://").partition("/")
    host, _, port = address.rpartition("@")[2].partition(":")
    action, core = ports
    endpoints = {
        "action_endpoint": {"url": f"http://{HOST}:{action}/webhook"},
        "lock_store": {"type": "redis", "url": host, "port": int(port or 6379), "db": int(number or 0)},
    }
    (logs / "template-endpoints.yml").write_text(yaml.safe_dump(endpoints), encoding="utf8")
    python = [sys.executable, "-W", "ignore", "-m"]
    core_command = [*python, "rasa", "run", "--interface", HOST, "--port", str(core)]
    core_command += ["--endpoints", str(logs / "template-endpoints.yml")]
    own = {"SANIC_HOST": HOST}
    return [
        Server(
            NAMES[0], [*python, "rasa_sdk", "--actions", "actions", "--port", str(action)], action, "/health", "",
            logs / "template-actions.log", own, folder=folder,
        ),
        Server(NAMES[1], core_command, core, "/", "", logs / "template-rasa.log", own, folder=folder),
    ]  # fmt: skip
