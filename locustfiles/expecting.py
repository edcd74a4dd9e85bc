"""Worked example: an answer that is wrong is a failure, however quickly it came.

    locust -f locustfiles/expecting.py --headless --host localhost:8500 -u 5 -t 1m --expect dog

A server can answer OK and see nothing: a broken accelerator, the wrong weights, a picture of the
wrong size. The task looks at the detections before the request is counted.
"""

from typing import Any

from locust import between, events, task

from eiload import SSDUser


def add_options(parser: Any) -> None:
    """Add this locustfile's own option beside eiload's."""
    parser.add_argument("--expect", default="dog", help="COCO label that each answer must show")


events.init_command_line_parser.add_listener(add_options)


class Watcher(SSDUser):
    """Looks at a picture, waits a moment, looks again."""

    wait_time = between(0.1, 0.5)

    @task
    def look(self) -> None:
        """Send a picture and judge the answer by what is in it."""
        expected = self.environment.parsed_options.expect
        with self.client.predict(catch_response=True) as answer:
            found = {detection.label for detection in answer.detections(min_score=0.5)}
            if answer.ok and expected not in found:
                answer.failure(f"no {expected} found")
