"""Fine-tuning the shared encoder on the shop's own corpus: `training.finetune(out, source, corpus)`."""

from bot.nlu.finetune._options import Options
from bot.nlu.finetune._problem import FinetuneError

__all__ = ["FinetuneError", "Options"]
