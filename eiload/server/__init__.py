"""The stand-in: TensorFlow Serving on the wire, a real or an emulated model behind it."""
