"""The command `eiload`."""
