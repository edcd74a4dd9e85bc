"""Tests of the ways to ask a model."""
