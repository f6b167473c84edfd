# SPDX-License-Identifier: GPL-3.0-or-later
"""The one place that imports pydantic.

Ansible reads every file below ``plugins/`` without third-party packages, so the import is
guarded: without pydantic the class bodies of the contracts stay readable, ``MISSING`` holds the
import error, and the plugin that needs a contract turns it into one sentence (``require()``).
"""

from __future__ import annotations

import typing as t

MISSING: str | None = None

try:
    from pydantic import (
        BaseModel,
        ConfigDict,
        Field,
        TypeAdapter,
        ValidationError,
        computed_field,
        field_validator,
        model_validator,
    )
except ImportError as error:
    MISSING = str(error)

    class BaseModel:  # type: ignore[no-redef]
        """Stands in for pydantic.BaseModel so that the modules can be imported."""

    class TypeAdapter:  # type: ignore[no-redef]
        """Stands in for pydantic.TypeAdapter."""

    class ValidationError(ValueError):  # type: ignore[no-redef]
        """Stands in for pydantic.ValidationError."""

    def Field(*args: t.Any, **kwargs: t.Any) -> t.Any:  # type: ignore[no-redef]
        """Stand in for pydantic.Field."""

    def ConfigDict(**kwargs: t.Any) -> t.Any:  # type: ignore[no-redef]
        """Stand in for pydantic.ConfigDict."""

    def computed_field(function: t.Any) -> t.Any:  # type: ignore[no-redef]
        """Stand in for pydantic.computed_field."""
        return function

    def field_validator(*args: t.Any, **kwargs: t.Any) -> t.Any:  # type: ignore[no-redef]
        """Stand in for pydantic.field_validator."""
        return lambda function: function

    def model_validator(*args: t.Any, **kwargs: t.Any) -> t.Any:  # type: ignore[no-redef]
        """Stand in for pydantic.model_validator."""
        return lambda function: function


class Model(BaseModel):
    """Base of all contracts: unknown keys are errors, instances never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def require() -> None:
    """Raise ``RuntimeError`` with what to install when pydantic is missing."""
    if MISSING is not None:
        raise RuntimeError(
            "The Python package pydantic is missing on the controller"
            f" ({MISSING}); install it with"
            " pip install pydantic."
        )


__all__ = [
    "MISSING",
    "BaseModel",
    "ConfigDict",
    "Field",
    "Model",
    "TypeAdapter",
    "ValidationError",
    "computed_field",
    "field_validator",
    "model_validator",
    "require",
]
