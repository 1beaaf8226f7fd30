"""Tables as Parquet, written group by group, so that nothing is held.

PyArrow takes 50 MB, so only whoever writes such a file loads this.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from app.exports.base import Cell, Table
from app.exports.columns import Kind, kind_of

GROUP_ROWS = 50_000
TYPES: dict[Kind, pa.DataType] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "boolean": pa.bool_(),
    "time": pa.timestamp("ms", tz="UTC"),
}


def write_parquet(path: Path, content: Table) -> int:
    """Write a table with typed columns; what was not given is null. The number of rows."""
    schema = pa.schema([(name, TYPES[kind_of(name, content.ratings)]) for name in content.columns])
    rows = 0
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for group in groups(content.rows):
            writer.write_batch(batch(group, schema))
            rows += len(group)
    return rows


def groups(rows: Iterable[tuple[Cell, ...]]) -> Iterator[list[tuple[Cell, ...]]]:
    ahead = iter(rows)
    while group := list(islice(ahead, GROUP_ROWS)):
        yield group


def batch(group: Sequence[tuple[Cell, ...]], schema: pa.Schema) -> pa.RecordBatch:
    columns = zip(*group, strict=True)
    arrays = [
        pa.array([None if cell == "" else cell for cell in column], type=field.type)
        for column, field in zip(columns, schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
