"""The matcher of the catalogue as it is now, made anew when the catalogue changes."""

import logging
import threading

from sqlalchemy.exc import SQLAlchemyError

from bot.nlu.catalogue._terms import TermMatcher
from bot.shop import ShopError, current_catalogue

logger = logging.getLogger(__name__)


class CurrentMatcher:
    """For the shop's database at `url`."""

    def __init__(self, url: str) -> None:
        """Nothing is opened before the first message."""
        self._url = url
        self._matcher: TermMatcher | None = None
        self._lock = threading.Lock()
        self._complained = False

    def get(self) -> TermMatcher | None:
        """The matcher; the last one, or None, while the catalogue cannot be read."""
        try:
            catalogue = current_catalogue(self._url)
        except (ShopError, SQLAlchemyError) as error:
            # A conversation goes on without names of products rather than not at all.
            if not self._complained:
                logger.warning("读不到店铺目录，暂时认不出商品名（%s）。请先运行 make run 建好店铺数据库", error)
            self._complained = True
            return self._matcher
        self._complained = False
        with self._lock:
            if self._matcher is None or self._matcher.version != catalogue.version:
                self._matcher = TermMatcher(catalogue)
            return self._matcher
