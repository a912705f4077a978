"""What is kept up to a bound: what counts, what makes room, and that threads agree on the sum."""

from __future__ import annotations

import threading

from gis_service.cache import Cache


def test_those_kept_longest_make_room():
    cache: Cache[bytes] = Cache(10, len)
    for key, value in (("a", b"1234"), ("b", b"1234"), ("c", b"1234")):
        cache.put(key, value)
    assert [cache.get(key) for key in "abc"] == [None, b"1234", b"1234"]
    cache.put("b", b"123456")  # in the place of the former, and now the newest
    cache.put("d", b"1")
    assert [cache.get(key) for key in "bcd"] == [b"123456", None, b"1"]
    cache.put("e", b"x" * 11)
    assert [cache.get(key) for key in "bde"] == [None, None, None], "what is larger than the whole is not kept"
    cache.put("f", b"1234567890")
    assert cache.get("f") == b"1234567890"


def test_threads_agree_on_the_sum():
    cache: Cache[int] = Cache(50)

    def fill(first: int) -> None:
        for key in range(first, first + 2_000):
            cache.put(key % 300, key)

    threads = [threading.Thread(target=fill, args=(k * 7,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(cache.get(key) is not None for key in range(300)) == 50
