"""One lap of the race, in a process of its own: `train` or `judge`, figures as JSON in the last argument's file.

python -m bot.nlu.judge._racer train CONFIG NLU MODELS OUT
python -m bot.nlu.judge._racer judge MODEL FILE.tsv OUT
"""

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any


def train(config: str, nlu: str, models: str) -> dict[str, Any]:
    """Train on NLU data alone: `model`, `seconds` without the start of the process."""
    from rasa.model_training import train_nlu

    began = time.perf_counter()
    model = train_nlu(config, nlu, models)
    return {"model": model, "seconds": time.perf_counter() - began}


def judge(model: str, file: str) -> dict[str, Any]:
    """The figures of the judge."""
    from bot.nlu.judge.evaluate import predict, read_messages, score
    from bot.nlu.taxonomy import load_taxonomy
    from bot.settings import get_settings

    taxonomy = load_taxonomy()
    messages = read_messages(Path(file), taxonomy)
    predictions = predict(Path(model), [message.text for message in messages], taxonomy)
    return score(messages, predictions, taxonomy, get_settings().operations.confidence.threshold).as_dict()


def peak_megabytes() -> float:
    """The most memory that this process ever held."""
    try:
        # Of this program alone; getrusage also counts what stood in the process before it was started in it.
        status = Path("/proc/self/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) / 1024
    except (OSError, IndexError, ValueError):
        scale = 2**20 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale


def main() -> None:
    """Run the lap that the arguments name."""
    lap, *arguments, out = sys.argv[1:]
    figures = train(*arguments) if lap == "train" else judge(*arguments)
    Path(out).write_text(json.dumps({**figures, "peak_mb": peak_megabytes()}), encoding="utf8")


if __name__ == "__main__":
    main()
