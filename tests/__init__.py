"""The tests. None of them depends on how fast the machine is at the moment."""

from hypothesis import settings

settings.register_profile("any speed", deadline=None)
settings.load_profile("any speed")
