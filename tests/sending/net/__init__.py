"""Tests of what both of our own wires stand on."""
