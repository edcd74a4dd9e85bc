"""Amazon SageMaker's InvokeEndpoint: where it is, who may call it, what it says when it refuses.

In the order of the data's way:

- `service`: names, limits and errors of the API, as data and small functions
- `credentials`: whose calls they are, by botocore's own search; the only file that asks for them
- `signing`: the header fields that prove it (Signature Version 4), by botocore's signer
- `refusals`: what an error means, in a sentence with a remedy

What it must not know: channels, when a signature is renewed (`control.signatures`), the model's
tensors. A secret is never in the text of an error, nor in the repr of anything.
"""
