"""Numbers for people."""


def spelled(value: int, unit: str) -> str:
    """1234567, "nanoseconds" → "1.23 ms"; 2048, "bytes" → "2.0 KiB"; anything else as it is."""
    if unit == "nanoseconds":
        return f"{value / 1e9:.2f} s" if value >= 1e9 else f"{value / 1e6:.2f} ms"
    if unit == "bytes":
        size = float(value)
        for name in ("B", "KiB", "MiB"):
            if size < 1024:
                return f"{size:.1f} {name}"
            size /= 1024
        return f"{size:.1f} GiB"
    return str(value)
