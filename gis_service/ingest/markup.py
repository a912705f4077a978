"""XML that somebody sent: read without a document type, so that it can define no entity and name no other file."""

from __future__ import annotations

import re

from gis_service.errors import InputError

_DECLARATION = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
# A document type stands before the root element; what comes before that is short in any honest file.
_PROLOG = 65_536


def check_prolog(head: bytes, file: str) -> None:
    """Refuse XML that has a document type: it could expand without end, or fetch another file.

    Raises
    ------
    InputError
        There is one, in any encoding of 8 or 16 bits.

    """
    if _DECLARATION.search(head[:_PROLOG].replace(b"\0", b"")):
        raise InputError(
            f"{file} 含有文档类型声明（DOCTYPE），可能引用其他文件，拒绝读取；请重新导出。",
            f"{file} has a document type (DOCTYPE), which may name other files: it is not read; export it again.",
        )
