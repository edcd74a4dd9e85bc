"""The locustfile that comes with eiload: scenarios, or an SSD model's users.

    locust -f "$(eiload locustfile)" --headless --scenario mine.yaml
    locust -f "$(eiload locustfile)" --headless --host localhost:8500 -u 10 -t 1m

A locustfile of one's own needs no more than ``from eiload import SSDUser`` and this class, and may
have whatever Locust has.
"""

from eiload.plugin import early

early.watch()  # before the half second that all else takes

from eiload.plugin.hooks import register  # noqa: E402
from eiload.plugin.users import SSDUser  # noqa: E402

__all__ = ["SSD"]

register()


class SSD(SSDUser):
    """Sends one image after the other."""
