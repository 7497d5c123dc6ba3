"""Two files that should hold the same bytes: the first byte that differs is said, not a comparison of them whole."""

from pathlib import Path

_AROUND = 40  # bytes that are shown around it


def assert_same_bytes(one: Path, other: Path) -> None:
    """Fail unless both files hold the same bytes, and some; pytest's own comparison of large files takes minutes."""
    a, b = one.read_bytes(), other.read_bytes()
    assert a, f"{one.name} is empty"
    if a == b:
        return
    at = next((place for place, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    some = slice(max(0, at - _AROUND), at + _AROUND)
    raise AssertionError(
        f"{one.name} ({len(a):,} bytes) and {other.name} ({len(b):,} bytes) differ from byte {at:,} on:"
        f" {a[some]!r} and {b[some]!r}"
    )
