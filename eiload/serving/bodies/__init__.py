"""Requests and answers over HTTP: arrays to bodies, bodies to arrays. Pure.

In the order of the data's way:

- `media`: which content types there are, and what is in each
- `values`: arrays as nested values of JSON and back, ``{"b64": ...}`` included
- `requests`: inputs by name to the body of a request
- `answers`: the body of an answer to outputs by name

What it must not know: channels, headers but the content type, who is asked. What is in a body is
the containers' and TensorFlow Serving's affair: tensorflow/serving, g3doc/api_rest.md;
aws/sagemaker-tensorflow-serving-container, tensorflowServing.js; aws/sagemaker-inference-toolkit,
encoder.py and decoder.py.
"""
