"""`make finetune`: tune the encoder, train the model with it, hand it to the running server."""

import os
from pathlib import Path
from typing import Any

from bot.launch.steps import newest_model, prepare, say
from bot.launch.swap import swap_model
from bot.nlu.encoder import AUTO
from bot.nlu.encoder._sources import tuned_folder
from bot.nlu.finetune import Options
from bot.settings import ROOT, get_settings, read_yaml

_POLITE = 5  # niceness: a server on the same machine answers customers first


def tune(out: Path | None, source: str, corpus: Path, epochs: int, *, restart: bool = False) -> None:
    """Tune `source` on `corpus` into `out`; the default `out`, var/finetuned, is also put to use.

    Raises:
        FinetuneError: tuning cannot begin or go on.
        LaunchError: the model cannot be trained or the running server does not take it.
    """
    featurizer = _featurizer(ROOT / "config.yml")
    # Tuned as it is used: without the prefix or with another pooling the vectors would be others.
    options = Options(epochs=epochs, prefix=featurizer.get("prefix"), pooling=featurizer.get("pooling", "mean"))
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from bot.nlu.finetune.training import finetune  # TensorFlow takes seconds to import

    os.nice(_POLITE)
    folder = (out or tuned_folder()).resolve()
    folder.parent.mkdir(parents=True, exist_ok=True)
    result = finetune(folder, source, corpus, options, restart=restart, progress=say)
    say(_summary(result.report, folder))
    if folder != tuned_folder().resolve():
        say(f"要使用它，请在 config.yml 里写 source: {folder}，再运行 make train")
        return
    if featurizer.get("source") != AUTO:
        say("config.yml 里的 source 不是 auto，新编码器还不会被用上。请改成 source: auto，再运行 make train")
        return
    prepare(["encoder", "shop", "model"])
    model = newest_model()
    if model and swap_model(model, get_settings()):
        say(f"✓ 正在运行的服务已换上 {model.name}，没有中断")
    else:
        say("✓ 服务没有在运行，下次 make run 就用新模型")


def _featurizer(config: Path) -> dict[str, Any]:
    """What the pipeline in `config` says of our featurizer; nothing when it has another one."""
    pipeline = (read_yaml(config) or {}).get("pipeline") or []
    entries = (entry for entry in pipeline if isinstance(entry, dict))
    return next((e for e in entries if str(e.get("name")).endswith("ChineseBertFeaturizer")), {})


def _summary(report: dict[str, object], folder: Path) -> str:
    seconds = report.get("seconds")
    minutes = round(seconds / 60) if isinstance(seconds, int | float) else "?"
    return (
        f"✓ 微调好的编码器在 {folder}（{report.get('lines')} 行，最后一次连续练了 {minutes} 分钟）。"
        f"留出的 {report.get('held_out')} 行上：业务意图 {report.get('intent_accuracy')}，"
        f"情感 {report.get('emotion_accuracy')}"
    )
