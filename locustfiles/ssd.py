"""Load an SSD object detector behind TensorFlow Serving, or behind Amazon Elastic Inference.

With a scenario (targets, traffic, objectives from YAML):

    locust -f locustfiles/ssd.py --headless --scenario scenarios/demo.yaml

or as plain Locust, users in a closed loop:

    locust -f locustfiles/ssd.py --headless --host localhost:8500 -u 10 -r 2 -t 1m --image dogs.jpg

or in the web UI, with both:

    locust -f locustfiles/ssd.py
"""

from eiload import SSDUser


class SSD(SSDUser):
    """Sends one image after the other."""
