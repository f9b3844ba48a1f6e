"""Give every sentence of the English catalogue itself as its translation: the source is English.

Called by `make messages`. Plural forms are the source's two.
"""

import sys
from pathlib import Path

from babel.messages.pofile import read_po, write_po


def main(path):
    """Fill in what is empty in the catalogue at `path`."""
    with path.open("rb") as file:
        catalogue = read_po(file, locale="en")
    for message in catalogue:
        if message.id:
            message.string = message.id
    with path.open("wb") as file:
        write_po(file, catalogue, width=100, sort_output=True, ignore_obsolete=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
