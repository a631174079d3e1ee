"""Reading a CSV file of the commands: UTF-8, header by name, every row with its line in the file."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class FileError(Exception):
    """A whole file cannot be used; the message names file, line, column and remedy."""


def read_rows(path: Path, columns: tuple[str, ...], what: str) -> Iterator[tuple[int, list[str]]]:
    """Yield (line, cells in the order of `columns`, stripped); blank lines are skipped, extra columns ignored.

    A row of another width comes with no cells, for the caller to refuse. Raises FileError for what makes the file as a
    whole unreadable.
    """
    with opened(path, what) as handle:
        reader = csv.reader(handle, strict=True)
        line = 0
        try:
            places, width = _header(reader, columns, path, what)
            line = reader.line_num
            for cells in reader:
                if not is_blank(cells):
                    yield line + 1, picked(cells, places, width)
                line = reader.line_num
        except csv.Error as error:
            raise FileError(f"{what} {path.name} 第{line + 1}行起引号不成对或者过长，请核对后重新保存") from error
        except UnicodeDecodeError as error:
            raise FileError(f"{what} {path.name} 不是 UTF-8 编码，请另存为 UTF-8（CSV）") from error


def is_blank(cells: list[str]) -> bool:
    return not any(cell.strip() for cell in cells)


def picked(cells: list[str], places: list[int], width: int) -> list[str]:
    """The needed cells, stripped; none for a row of another width."""
    return [cells[k].strip() for k in places] if len(cells) == width else []


def _header(reader: Iterator[list[str]], columns: tuple[str, ...], path: Path, what: str) -> tuple[list[int], int]:
    for cells in reader:
        header = [cell.strip() for cell in cells]
        if any(header):
            return header_places(header, columns, path, what), len(header)
    raise FileError(f"{what} {path.name} 是空的，首行应为：{','.join(columns)}")


@contextmanager
def opened(path: Path, what: str) -> Iterator[Iterator[str]]:
    """The file as text; raises FileError when it cannot be opened."""
    try:
        handle = path.open(encoding="utf-8-sig", newline="")
    except OSError as error:
        raise unopened(path, what, error) from error
    with handle:
        yield handle


def unopened(path: Path, what: str, error: OSError) -> FileError:
    return FileError(f"{what} {path} 打不开，请核对路径和权限：{error.strerror}")


def header_places(header: list[str], columns: tuple[str, ...], path: Path, what: str) -> list[int]:
    """Position of every needed column; raises FileError for missing or repeated ones."""
    missing = [name for name in columns if name not in header]
    if missing:
        raise FileError(f"{what} {path.name} 缺少列：{'、'.join(missing)}；首行应包含：{','.join(columns)}")
    repeated = [name for name in columns if header.count(name) > 1]
    if repeated:
        raise FileError(f"{what} {path.name} 的列重复：{'、'.join(repeated)}，请只保留一列")
    return [header.index(name) for name in columns]
