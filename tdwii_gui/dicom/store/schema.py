"""Making the tables of a database, and adding to older ones what they lack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import inspect, text
from sqlalchemy.schema import CreateColumn, CreateIndex

if TYPE_CHECKING:
    from sqlalchemy import Connection, MetaData, Table

# SQLAlchemy does not read indices of expressions back. Those of primary keys are not among these.
_INDEX_NAMES: Final = {
    "sqlite": "SELECT name FROM sqlite_master"
    " WHERE type = 'index' AND tbl_name = :table AND sql IS NOT NULL",
    "postgresql": "SELECT indexname FROM pg_indexes WHERE schemaname = current_schema()"
    " AND tablename = :table AND indexname NOT LIKE '%_pkey'",
}


def bring_up_to_date(connection: Connection, metadata: MetaData) -> None:
    """Make the tables that are not there; add the columns and indices that later versions have.

    A column that is added later must allow NULL or have a default of the server. Indices that are
    not in use any more are dropped, as each of them slows every change down.
    """
    present = set(inspect(connection).get_table_names())
    metadata.create_all(connection)
    for table in metadata.sorted_tables:
        if table.name in present:
            _complete(connection, table)


def _complete(connection: Connection, table: Table) -> None:
    columns = {column["name"] for column in inspect(connection).get_columns(table.name)}
    for column in table.columns:
        if column.name not in columns:
            definition = CreateColumn(column).compile(dialect=connection.dialect)
            connection.exec_driver_sql(f"ALTER TABLE {table.name} ADD COLUMN {definition}")
    wanted = {index.name for index in table.indexes}
    query = text(_INDEX_NAMES[connection.dialect.name])
    for name in connection.scalars(query, {"table": table.name}).all():
        if name not in wanted:
            connection.exec_driver_sql(f'DROP INDEX "{name}"')
    for index in table.indexes:
        connection.execute(CreateIndex(index, if_not_exists=True))
