"""TensorFlow Serving's API: requests, answers, and whether a target can be used.

In the order of the data's way:

- `payload`: from what a scenario says to the bytes of each request, made before any load begins;
  of pictures (`images`), of any inputs by name (`given`, whose files are read by `arrays`), of
  inputs made up by the model's signature (`generated`), of requests as they are (`recorded`)
- `protos` (the messages, without TensorFlow's runtime), `tensors` (arrays to messages and back) and
  `tfserving` (requests out of arrays, arrays and facts out of answers)
- `bodies`: the same requests and answers over HTTP, as JSON, .npy, csv or a file's bytes
- `sagemaker`: InvokeEndpoint's names and errors, and who may call it (signatures by `botocore`)
- `endpoint`: a scenario's target, as the sender calls it; `answered`: which version gave an answer
  (`varint`: numbers as protobuf writes them)
- `preflight`: can the target be used? It asks; `explain` says what the answers mean, and `diagnose`
  why there are none; `trial`, the first Predict, decides
- `detections`: what a detector has answered, and whether that is an answer at all; `agree`: whether
  two answers say the same

What it must not know: when requests are due, who sends them, what is counted. Calls are made by
whoever is handed in (`preflight.Caller`); nothing here but `diagnose` opens a connection.
"""
