"""The garbage collector during start-up: importing makes no garbage, and looking for it takes a tenth of the time."""

import gc


def begins() -> None:
    """Nothing is looked for until `is_over`; a command that ends before that never needed it."""
    gc.disable()


def is_over() -> None:
    """What has been imported stays for good and is looked at no more; from here on the collector does its work."""
    gc.freeze()
    gc.enable()
