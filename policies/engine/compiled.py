"""The functions of `chain.py`, translated by Numba on first use; nothing is imported before that."""

from collections.abc import Callable
from functools import lru_cache
from types import FunctionType
from typing import Any

from . import chain


@lru_cache(maxsize=1)
def compiled_run() -> Callable[..., int]:
    """`chain.run` over int64/int32/int8 arrays. The translation is kept on disk beside the source.

    Each function is rebuilt over a namespace in which the ones it calls are already translated, so that the source
    itself stays plain Python.
    """
    from numba import njit

    def translate(function: FunctionType) -> Any:
        options: dict[str, Any] = {"error_model": "numpy", "nogil": True}
        if function.__name__ in chain.INLINED:
            options["inline"] = "always"
        try:
            return njit(cache=True, **options)(function)
        except RuntimeError:  # no folder that can be written: translated again in every process
            return njit(**options)(function)

    namespace: dict[str, Any] = dict(vars(chain))
    for function in chain.KERNEL:
        plain = FunctionType(function.__code__, namespace, function.__name__)
        plain.__module__ = chain.__name__
        namespace[function.__name__] = translate(plain)
    run: Callable[..., int] = namespace["run"]
    return run
