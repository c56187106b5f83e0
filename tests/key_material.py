"""RSA keys for the simulators of the tests: a handful is generated in each process and then used again and again.

Generating one is half of what it takes to start a simulator. No test depends on the numbers in a key; where two keys or two
versions are compared, they are generated shortly after each other, and differ.
"""

from collections import deque
from collections.abc import Callable
from threading import Lock

from cryptography.hazmat.primitives.asymmetric import rsa

KEPT = 8
"""Keys of each size. A simulator in which more are generated has some of them twice."""

GENERATE = rsa.generate_private_key
"""For a test in which two keys must differ."""
Generate = Callable[[int, int], rsa.RSAPrivateKey]


def recycled(generate: Generate = GENERATE, kept: int = KEPT) -> Generate:
    """Return what takes the place of `generate`: it generates the first keys of a size, and then returns the oldest again."""
    rings: dict[tuple[int, int], deque[rsa.RSAPrivateKey]] = {}
    lock = Lock()

    def next_key(public_exponent: int, key_size: int) -> rsa.RSAPrivateKey:
        with lock:
            ring = rings.setdefault((public_exponent, key_size), deque())
            key = generate(public_exponent, key_size) if len(ring) < kept else ring.popleft()
            ring.append(key)
            return key

    return next_key
