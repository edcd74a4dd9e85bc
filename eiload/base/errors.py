"""What can go wrong on our side of the wire, by whose turn it is to act.

A slow or failing *server* is never an exception: it is a `Result` with a status. These are for
what stops a run from starting or makes it worthless. ``str(error)`` is always the complete message,
one line per problem, fit to be printed without a traceback.
"""

__all__ = ["EiloadError", "EngineError", "OutputError", "ScenarioError", "TargetError"]


class EiloadError(Exception):
    """The root of eiload's errors; never raised itself."""

    exit_status = 5


class ScenarioError(EiloadError):
    """The scenario, the command line or an input file is wrong: the user mends it."""

    exit_status = 2


class TargetError(EiloadError):
    """A target cannot be used: unreachable, or it refuses the model or its inputs."""

    exit_status = 4


class EngineError(EiloadError):
    """The load generator or its machine failed: a process died, a limit was hit."""

    exit_status = 5


class OutputError(EngineError):
    """A result could not be written: the disk is full, the path is not writable."""

    exit_status = 6
