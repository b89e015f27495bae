import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

import mailroom.store.migrations as migrations
from mailroom.errors import SchemaError
from mailroom.store import Store
from mailroom.store.schema import metadata


def test_the_migrations_make_exactly_the_tables_the_code_uses(store):
    def differences(tx):
        return compare_metadata(MigrationContext.configure(tx), metadata)

    assert store.db.read(differences) == []


def test_the_list_of_revisions_is_what_the_files_say():
    scripts = ScriptDirectory(migrations.__path__[0])
    assert tuple(script.revision for script in reversed(list(scripts.walk_revisions()))) == migrations.REVISIONS


def test_a_schema_newer_than_the_code_is_refused_with_advice(store, store_url):
    store.run(lambda tx: tx.execute(text("UPDATE alembic_version SET version_num = '9999'")))

    with pytest.raises(SchemaError, match=r"9999.*Upgrade this installation"):
        Store.open(store_url)


def test_an_older_schema_is_refused_when_migration_is_off(store, store_url):
    store.run(lambda tx: tx.execute(text("UPDATE alembic_version SET version_num = '0001'")))

    with pytest.raises(SchemaError, match=r"has schema 0001.*take a backup"):
        Store.open(store_url, migrate=False)


def test_someone_elses_database_is_left_alone(store, store_url):
    store.run(lambda tx: tx.execute(text("DROP TABLE alembic_version")))

    with pytest.raises(SchemaError, match="belongs to something else"):
        Store.open(store_url)


def test_an_ordinary_start_does_not_load_alembic(store_url):
    import subprocess
    import sys

    code = f"import sys, mailroom.store as s; s.Store.open({store_url!r}).close(); print('alembic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
