"""Worked example: another model behind the same API, with inputs of its own.

    locust -f locustfiles/other_model.py --headless --host localhost:8500 -u 20 -t 1m

`half_plus_two` is the example model of TensorFlow Serving's repository: ``y = x / 2 + 2``. Its
input is called `x`; any other model works the same way. What else a class may say of its target
(version, metadata, tls, outputs ...) is in docs/locust.md, "What a user class says".
"""

import random

import numpy as np
from locust import constant_throughput, task

from eiload import PredictUser


class HalfPlusTwo(PredictUser):
    """Asks for the halves of some numbers, and checks the sums."""

    model = "half_plus_two"
    input = "x"
    deadline = "2 s"
    wait_time = constant_throughput(10)

    @classmethod
    def sample_inputs(cls) -> dict[str, np.ndarray]:
        """Return what preflight holds against the model, and `predict()` sends by default."""
        return {"x": np.array([1.0, 2.0, 5.0], np.float32)}

    @task(9)
    def same_again(self) -> None:
        """Send the prepared request: serialised once, before the load."""
        self.client.predict()

    @task(1)
    def something_else(self) -> None:
        """Send other numbers each time, and fail on a wrong answer."""
        x = np.array([random.random() * 100], np.float32)  # noqa: S311  # no secret
        with self.client.predict({"x": x}, name="random x", catch_response=True) as answer:
            y = answer.outputs.get("y")
            if answer.ok and (y is None or not np.allclose(y, x / 2 + 2)):
                answer.failure(f"{x[0]} / 2 + 2 is not {y}")
