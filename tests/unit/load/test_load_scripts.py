"""What the customers of the load test say, and the bot that is trained for it."""

import random
from itertools import islice
from pathlib import Path

import pytest
import yaml

from bot.launch.load.scripts import load_scripts
from bot.launch.load.template import project
from bot.nlu.taxonomy import load_taxonomy
from bot.settings import read_yaml


def test_every_conversation_is_whole_and_every_intent_is_one_of_ours() -> None:
    scripts = load_scripts()
    assert len(scripts.scripts) >= 6 and set(scripts.intents) <= set(load_taxonomy().base_of)
    assert all(4 <= len(script.lines) <= 8 for script in scripts.scripts)
    talks = list(islice(scripts.conversations(random.Random(1)), 300))
    assert not [line for talk in talks for line in talk if not line.strip() or "{" in line]
    assert {len(talk) for talk in talks} <= set(range(4, 9))


def test_questions_hardly_repeat_and_scripts_come_by_their_weight() -> None:
    scripts = load_scripts()
    talks = list(islice(scripts.conversations(random.Random(2)), 400))
    questions = [line for talk in talks for line in talk if len(line) > 8]
    assert len(set(questions)) > 0.5 * len(questions)
    firsts = sum(1 for talk in talks if len(talk) == 6)
    heavy = sum(one.weight for one in scripts.scripts if len(one.lines) == 6)
    assert firsts / 400 == pytest.approx(heavy / sum(one.weight for one in scripts.scripts), abs=0.08)


def test_one_seed_says_the_same_and_a_conversation_keeps_its_product() -> None:
    scripts = load_scripts()
    assert list(islice(scripts.conversations(random.Random(5)), 20)) == list(
        islice(scripts.conversations(random.Random(5)), 20)
    )
    for talk in islice(scripts.conversations(random.Random(3)), 200):
        named = {word for line in talk for word in scripts.words["product"] if word in line}
        assert len({word for word in named if word != "iPhone 14"}) <= 1


def test_a_blank_without_words_is_told(tmp_path: Path) -> None:
    file = tmp_path / "scripts.yml"
    one = {"title": "x", "turns": [{"intent": "greet", "say": ["{nothing}"]}]}
    file.write_text(yaml.safe_dump({"words": {}, "scripts": [one]}), encoding="utf8")
    with pytest.raises(KeyError, match="nothing"):
        load_scripts.__wrapped__(file)


def test_the_template_answers_every_intent_of_the_scripts(tmp_path: Path) -> None:
    scripts = load_scripts()
    files = project(scripts, lines=60, epochs=2)
    for name, text in files.items():
        if name.endswith(".yml"):
            (tmp_path / Path(name).name).write_text(text, encoding="utf8")
    domain, rules = (read_yaml(tmp_path / name) for name in ("domain.yml", "rules.yml"))
    nlu, config = (read_yaml(tmp_path / name) for name in ("nlu.yml", "config.yml"))
    assert {block["intent"] for block in nlu["nlu"]} == set(domain["intents"]) == set(scripts.intents)
    answered = {rule["steps"][0]["intent"]: rule["steps"][1]["action"] for rule in rules["rules"]}
    assert set(answered) == set(scripts.intents)
    for action in answered.values():
        response = action.replace("action_", "utter_", 1)
        assert response in domain["responses"] and (action in domain["actions"]) == action.startswith("action_")
    names = [component["name"] for component in [*config["pipeline"], *config["policies"]]]
    assert names[0] == "JiebaTokenizer" and "ResponseSelector" in names
    assert names[-4:] == ["MemoizationPolicy", "RulePolicy", "UnexpecTEDIntentPolicy", "TEDPolicy"]
    space: dict[str, object] = {}
    exec(compile(files["actions.py"], "actions.py", "exec"), space)
    made = space["_made"]
    assert isinstance(made, list) and sorted(one().name() for one in made) == sorted(domain["actions"])
