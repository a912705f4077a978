"""What can be known of a photograph's bytes, and the picture that others see. No database, no files."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from gis_service.errors import InputError, TooLargeError

BYTES_MAX = 20_000_000
"""Largest photograph taken; a phone's own are below 12 MB, and the visit's page makes them smaller."""
PIXELS_MAX = 64_000_000
"""Most pixels taken: 64 MP, more than phones take; a drawing of more would need 200 MB of memory."""
_MEDIA = {"JPEG": "image/jpeg", "MPO": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}


def glance(content: bytes) -> tuple[str, int, int]:
    """Return media type, width and height of a photograph by its first bytes and its header; nothing is decoded.

    Raises
    ------
    InputError
        It is no JPEG, PNG or WebP.
    TooLargeError
        It has more bytes or pixels than is taken.

    """
    with _opened(content) as image:
        return _MEDIA[str(image.format)], *image.size


def look(content: bytes) -> tuple[str, int, int]:
    """Return media type, width and height of a photograph, after decoding it whole.

    Raises
    ------
    InputError
        It cannot be read as JPEG, PNG or WebP.
    TooLargeError
        It has more bytes or pixels than is taken.

    """
    with _opened(content) as image:
        media, (width, height) = _MEDIA[str(image.format)], image.size
        # A quarter of the picture's size is decoded: enough to meet every broken part of a JPEG.
        image.draft("RGB", (max(width // 4, 1), max(height // 4, 1)))
        image.load()
        return media, width, height


def draw(content: bytes, longest: int) -> bytes:
    """Return a photograph as others see it: a JPEG drawn anew, upright, of at most ``longest`` pixels a side.

    The file's own words (EXIF with the position and the device, XMP, comments, a hidden thumbnail) are not in it, and
    that is looked at before it is given out.

    Raises
    ------
    InputError
        It cannot be read.

    """
    with _opened(content) as image:
        image.draft("RGB", (longest, longest))
        upright = ImageOps.exif_transpose(image).convert("RGB")
        upright.thumbnail((longest, longest))
        upright.info.clear()  # Pillow would write a comment of the file again
        made = io.BytesIO()
        upright.save(made, "JPEG", quality=85)
    with Image.open(made) as drawn:
        if dict(drawn.getexif()) or set(drawn.info) - _PLAIN:
            raise RuntimeError("a drawn photograph has words of its own")
    return made.getvalue()


_PLAIN = {"jfif", "jfif_version", "jfif_unit", "jfif_density", "dpi"}


@contextmanager
def _opened(content: bytes) -> Iterator[Image.Image]:
    if len(content) > BYTES_MAX:
        raise too_large()
    # WeasyPrint, once imported, lets the whole process take half a file for a picture.
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=("JPEG", "PNG", "WEBP")) as image:
                width, height = image.size
                if width * height > PIXELS_MAX:
                    raise _too_many(width, height)
                yield image
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise _too_many(0, 0) from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise InputError(
            "这不是可用的照片：请用 JPEG、PNG 或 WebP，文件须完整。",
            "This is no photograph that can be used: send JPEG, PNG or WebP, whole.",
        ) from error


def too_large() -> TooLargeError:
    """Return the refusal of a file of too many bytes."""
    return TooLargeError(
        f"照片超过 {BYTES_MAX // 1_000_000} MB；请缩小后再上传。", f"The photograph is over {BYTES_MAX // 1_000_000} MB; make it smaller.",
        max_bytes=BYTES_MAX,
    )  # fmt: skip


def _too_many(width: int, height: int) -> TooLargeError:
    size = f" {width:,} × {height:,} " if width else ""
    return TooLargeError(
        f"照片{size}像素过多（最多 {PIXELS_MAX // 1_000_000} 百万像素）；请缩小后再上传。",
        f"The photograph{size or ' '}has too many pixels (at most {PIXELS_MAX // 1_000_000} million); make it smaller.",
        max_pixels=PIXELS_MAX,
    )
