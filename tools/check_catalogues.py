"""Fail when a translation catalogue lacks a sentence of the source, or leaves one empty or fuzzy.

A percent sign alone fails too: templates fill every sentence in, and the page would break.
Called with the freshly extracted messages.pot. Only sentences are compared,
so moving code is no fault.
"""

import re
import sys
from pathlib import Path

from babel.messages.pofile import read_po

TRANSLATIONS = Path("groupbuy/translations")
LONE_PERCENT = re.compile(r"%(?!%|\(\w+\)[sd])")


def read(path):
    """The messages of a .pot or .po file by their id; a plural's id is a pair."""
    with path.open("rb") as file:
        return {message.id: message for message in read_po(file) if message.id}


def faults(path, wanted):
    """Yield a line for every sentence that the catalogue at `path` and `wanted` do not agree on."""
    messages = read(path)
    for sentence in sorted(wanted, key=str):
        message = messages.get(sentence)
        if message is None:
            yield f"{path}: missing: {sentence!r}"
        elif message.fuzzy:
            yield f"{path}: fuzzy: {sentence!r}"
        elif not (all(message.string) if message.pluralizable else message.string):
            yield f"{path}: not translated: {sentence!r}"
        elif LONE_PERCENT.search("".join(message.string).replace("%%", "")):
            yield f"{path}: a percent sign alone: {sentence!r}"
    for sentence in sorted(messages.keys() - wanted, key=str):
        yield f"{path}: no longer in the source: {sentence!r}"


if __name__ == "__main__":
    wanted = read(Path(sys.argv[1])).keys()
    catalogues = sorted(TRANSLATIONS.glob("*/LC_MESSAGES/*.po"))
    found = [fault for path in catalogues for fault in faults(path, wanted)]
    for fault in found:
        print(fault)
    sys.exit(f"{len(found)} faults: run `make messages`, then translate" if found else 0)
