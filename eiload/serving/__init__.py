"""TensorFlow Serving's API: requests, answers, and whether a target can be used."""
