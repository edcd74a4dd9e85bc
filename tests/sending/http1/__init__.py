"""Tests of the wire for HTTP/1.1."""
