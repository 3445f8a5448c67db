"""docs/intents.md: what it says of an intent, and that it is up to date."""

from pathlib import Path

from bot.designer.refusals import read_refusals
from bot.designer.table import PATH, table
from bot.settings import ROOT, read_yaml


def test_the_table_is_up_to_date() -> None:
    assert (ROOT / PATH).read_text(encoding="utf8") == table(ROOT), (
        "请运行 python -m bot check --table，再提交 docs/intents.md"
    )


def test_every_intent_has_a_row_with_an_action_and_a_test() -> None:
    rows = {
        line.split("|")[1].strip().split("<br>")[0]: line.split("|")
        for line in table(ROOT).splitlines()
        if "<br>" in line
    }
    intents = [next(iter(i)) if isinstance(i, dict) else i for i in read_yaml(ROOT / "domain.yml")["intents"]]
    for intent in intents:
        assert rows[intent][3].strip() != "—" and rows[intent][5].strip() != "—", intent


def test_the_rules_behind_a_flow_are_found_through_functions_and_adapters(tmp_path: Path) -> None:
    for file, text in {
        "actions/flow.py": """
from bot.shop.adapters import systems
from actions.helper import check as first

class Give(Action):
    async def run(self):
        first()
        await systems().after_sale.give_back("key")

class Other(Action):
    def run(self):
        return "urged_already"
""",
        "actions/helper.py": "from bot.shop.rules_of import window\ndef check():\n    window()\n",
        "bot/shop/rules_of.py": """
def window():
    refuse_if(True, "return_window")

def refuse_if(no, rule):
    if no:
        raise Refused(rule)
""",
        "bot/shop/local.py": """
class Local:
    async def give_back(self, key):
        raise Refused("in_service")

    async def other(self):
        raise Refused("not_paid")

def systems():
    return Local()
""",
        "bot/shop/adapters.py": "from bot.shop.local import systems\n",
    }.items():
        path = tmp_path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf8")
    graph = read_refusals(tmp_path)
    assert graph.of_classes([("actions/flow.py", "Give")]) == ["return_window", "in_service"]
    assert graph.of_classes([("actions/flow.py", "Other")]) == []
