"""The ways to ask a model: one object for each, so that nobody else has to know which it is.

- `api`: what every way has (`Api`): the request's bytes, the answer's outputs, the questions of
  preflight, what a refusal means
- `grpc`: TensorFlow Serving's gRPC, and Amazon EI's
- `http`: what those by HTTP/1.1 have in common; `rest`: TensorFlow Serving's REST; `container`:
  `/invocations` and `/ping`, as SageMaker's containers have them; `sagemaker`: InvokeEndpoint
- `choice`: which one a target has

What they must not know: channels, who asks, when. Bodies over HTTP are `bodies`' affair.
"""
