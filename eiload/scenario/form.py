"""What all parts of a scenario have in common: frozen, strict, and every mistake found at once.

`Form` is the base of the models. pydantic finds what is wrong with single fields; what is wrong
between fields (`Form.conflicts`) it would only look at once all fields are right. Here both are
found in the same pass, so a user mends a file once.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    model_validator,
)
from pydantic_core import InitErrorDetails

from eiload.scenario.problem import Problem

__all__ = ["Form"]


class Form(BaseModel):
    """The base of a scenario's parts."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        revalidate_instances="never",
    )

    @classmethod
    def conflicts(cls, given: Mapping[str, Any]) -> Iterator[Problem]:
        """Yield what is wrong between the fields, as they were given and however wrong they are."""
        del given
        yield from ()

    @classmethod
    def read(cls, value: object, info: ValidationInfo) -> Self:
        """Validate `value` by the rules of the validation that `info` is from."""
        return cls.model_validate(
            value, context=info.context, by_alias=True, by_name=info.context is None
        )

    @model_validator(mode="wrap")
    @classmethod
    def _all_at_once(cls, given: Any, handler: ValidatorFunctionWrapHandler) -> Self:
        details: list[InitErrorDetails] = []
        if isinstance(given, Mapping):
            details = [
                InitErrorDetails(
                    type="value_error",
                    loc=problem.path,
                    input=None,
                    ctx={"error": ValueError(problem.text)},
                )
                for problem in cls.conflicts(given)
            ]
        try:
            form: Self = handler(given)
        except ValidationError as error:
            if not details:
                raise
            details += [
                InitErrorDetails(
                    type=each["type"],
                    loc=each["loc"],
                    input=each["input"],
                    ctx=each.get("ctx", {}),
                )
                for each in error.errors(include_url=False)
            ]
        if details:
            raise ValidationError.from_exception_data(cls.__name__, details)
        return form
