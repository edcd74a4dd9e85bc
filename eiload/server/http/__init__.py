"""HTTP/1.1 in front of the stand-in.

In the order of a request's way:

- `listener` opens a port, `connection` speaks HTTP/1.1 on it (h11, on the gRPC service's loop),
  `exchange`: a question and its answer, and what a handler of them is
- `predict`: JSON to the service and back, for `server.rest` and for the TensorFlow container
- `tf_container` and `torch_container`: SageMaker's containers, what they take and how they say no;
  `codecs`: what the inference toolkit reads and writes, `classifier`: an emulated model behind it
- `torchscript`: a real model there, by the user's functions (`toolkit`) on `workers`
- `endpoint`: InvokeEndpoint in front of containers, its variants; `sigv4`: whose request it is
- `faces` puts containers and endpoints together

What it must not know: gRPC, and how an answer's time is made. Everything here is on one event loop;
only large JSON is read and written on a thread beside it.
"""
