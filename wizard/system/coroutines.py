"""Coroutines that are arguments of another one, and end with it even if it never begins.

A task that is cancelled before its first step never runs its coroutine, and what that was going to await is left over: Python
then warns that a coroutine was never awaited.
"""

import functools
from collections.abc import Callable, Coroutine, Generator
from typing import Any, ParamSpec, TypeVar

Given = ParamSpec("Given")
Found = TypeVar("Found")


def closing_arguments(
    function: Callable[Given, Coroutine[Any, Any, Found]],
) -> Callable[Given, Coroutine[Any, Any, Found]]:
    """Decorate an async function that awaits its arguments: they are closed if it is ended before it begins."""

    @functools.wraps(function)
    def called(*args: Given.args, **kwargs: Given.kwargs) -> Coroutine[Any, Any, Found]:
        given = [each for each in (*args, *kwargs.values()) if isinstance(each, Coroutine)]
        return _Closing(function(*args, **kwargs), given)

    return called


class _Closing(Coroutine[Any, Any, Found]):
    """A coroutine that closes its arguments, and itself, if it is ended or dropped before it has begun."""

    def __init__(self, inner: Coroutine[Any, Any, Found], given: list[Coroutine[Any, Any, Any]]) -> None:
        self._inner, self._unbegun = inner, [inner, *given]

    def send(self, value: Any) -> Any:
        self._unbegun = []
        return self._inner.send(value)

    def throw(self, *error: Any) -> Any:
        for each in self._unbegun[1:]:
            each.close()
        self._unbegun = []
        return self._inner.throw(*error)

    def close(self) -> None:
        for each in self._unbegun:
            each.close()
        self._unbegun = []
        self._inner.close()

    def __await__(self) -> Generator[Any, Any, Found]:
        self._unbegun = []
        return self._inner.__await__()

    def __del__(self) -> None:
        for each in self._unbegun:  # a worker that is cancelled before it starts drops it
            each.close()
