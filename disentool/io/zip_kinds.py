"""Whether a file is a zip, without a failure of any kind."""

import zipfile
from pathlib import Path


def is_zip(path: Path) -> bool:
    """Whether a file ends as a zip does, in one part."""
    try:
        return zipfile.is_zipfile(path)
    except zipfile.BadZipFile:  # one of several disks, it says
        return False
