"""The stand-in: TensorFlow Serving on the wire, a real or an emulated model behind it.

In the order of a request's way:

- `transport` (gRPC) and `http` (a folder of its own) take it; `rest`: TensorFlow Serving's, JSON by
  `json_tensors`; `extras`: gRPC's health and reflection
- `service` says what TensorFlow Serving says: `checks` before a model sees the request, `metrics`
- `model`: what the service asks of a model, whatever computes behind it
- `emulated`: `ssd_input` checks, `accelerator` (with `laws`, and `batches` in front) says when,
  `answers` makes up what, `release` hands it over at that instant; `gpu`: how the GPU is meanwhile
- `savedmodel`: a real one, by `graph` and TensorFlow's `runtime`; `watcher` and `versions`: which
  version is served; `batching`: the queue of both kinds; `signatures` of an SSD
- `backend` puts together what is behind a face, `app` a server; `cli` is ``eiload serve``, and
  `cli_endpoint` what of it is an endpoint's
- `make_model` writes a model to serve, `make_torch` one of `torch_nets` as TorchScript
  (`torch_runtime` is PyTorch); `make_model_cli` is their command
- `launch`: the stand-in as a child process, for whoever needs one; the only file here that the
  Locust process imports

What it must not know: load, runs, Locust. Settings are `scenario.standin`'s.
"""
