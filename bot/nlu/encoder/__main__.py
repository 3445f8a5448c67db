"""`python -m bot.nlu.encoder`: build the encoder and print where it is."""

import argparse
import sys

from bot.nlu.encoder import DEFAULT_SOURCE, EncoderError, build


def main(arguments: list[str] | None = None) -> int:
    """Build by the command line's arguments; 1 when it cannot be done."""
    parser = argparse.ArgumentParser(prog="python -m bot.nlu.encoder", description="生成文本编码器（ONNX）")
    parser.add_argument(
        "--source", default=DEFAULT_SOURCE, help="自带权重、Hugging Face 模型名或文件夹，默认 %(default)s"
    )
    parser.add_argument("--quantize", choices=["int8", "float32"], default="int8", help="精度，默认 %(default)s")
    parser.add_argument("--depth", type=int, help="只保留前几层，默认全部")
    options = parser.parse_args(arguments)
    try:
        steps = lambda line: print(line, file=sys.stderr, flush=True)  # noqa: E731
        print(build(options.source, options.quantize, options.depth, progress=steps))
    except EncoderError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
