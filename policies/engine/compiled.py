"""Plain functions translated by Numba on first use; nothing is imported before that."""

from collections.abc import Callable
from functools import cache
from types import FunctionType, ModuleType
from typing import Any

from . import chain


def compiled_run() -> Callable[..., int]:
    """`chain.run` over int64/int32/int8 arrays."""
    run: Callable[..., int] = translated(chain)["run"]
    return run


@cache
def translated(module: ModuleType) -> dict[str, Any]:
    """The functions of `module.KERNEL` by name, those of `module.INLINED` merged into their callers.

    The translation is kept on disk beside the source. Each function is rebuilt over a namespace in which the ones it
    calls are already translated, so that the source itself stays plain Python.
    """
    from numba import njit

    def translate(function: FunctionType) -> Any:
        options: dict[str, Any] = {"error_model": "numpy", "nogil": True}
        if function.__name__ in module.INLINED:
            options["inline"] = "always"
        try:
            return njit(cache=True, **options)(function)
        except RuntimeError:  # no folder that can be written: translated again in every process
            return njit(**options)(function)

    namespace: dict[str, Any] = dict(vars(module))
    for function in module.KERNEL:
        plain = FunctionType(function.__code__, namespace, function.__name__)
        plain.__module__ = module.__name__
        namespace[function.__name__] = translate(plain)
    return namespace
