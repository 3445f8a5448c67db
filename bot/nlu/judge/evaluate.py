"""`python -m bot eval`: a trained model against labelled messages."""

import json
import sys
from pathlib import Path

from bot import clock
from bot.nlu.judge._floors import check_floors, parse_floors
from bot.nlu.judge._messages import LabelledMessage, read_messages
from bot.nlu.judge._page import Judged, write_page
from bot.nlu.judge._parsing import Prediction, predict
from bot.nlu.judge._problem import JudgeError
from bot.nlu.judge._scores import Scores, score
from bot.nlu.judge._text import as_text
from bot.nlu.taxonomy import load_taxonomy
from bot.settings import get_settings

__all__ = ["LabelledMessage", "Prediction", "Scores", "evaluate", "predict", "read_messages", "score"]


def evaluate(
    file: Path, model: Path | None, *, as_json: bool = False, html: Path | None = None, floor: str = ""
) -> None:
    """Print the report of `model` on `file`; write it as a page to `html`.

    Raises:
        JudgeError: the file, the model or the floors are wrong, or a floor is missed.
    """
    floors = parse_floors(floor)
    taxonomy, threshold = load_taxonomy(), get_settings().operations.confidence.threshold
    messages = read_messages(file, taxonomy)
    if model is None:
        raise JudgeError("models/ 里还没有模型，请先运行 python -m bot train，或用 --model 指定模型")
    predictions = predict(model, [message.text for message in messages], taxonomy)
    scores = score(messages, predictions, taxonomy, threshold)
    if as_json:
        print(json.dumps(scores.as_dict(), ensure_ascii=False, indent=1))
    else:
        print(as_text(scores, taxonomy, threshold))
    if html is not None:
        moment = clock.local(clock.now())
        write_page(Judged(messages, predictions, scores, taxonomy, threshold), file, model, moment, html)
        print(f"网页已写到 {html}", file=sys.stderr)
    check_floors(scores, floors)
