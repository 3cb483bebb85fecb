"""Databases and roles: one database a service, owned by a role that only migrates; the service's role owns nothing."""

import asyncpg

SERVICES_WITH_DATABASE = ("identity", "scheduling", "screening", "room_equipment", "notification")


def runtime_role(service: str) -> str:
    """The role a service works as. It owns no table, so it cannot drop a constraint."""
    return f"caibei_{service}"


def owner_role(service: str) -> str:
    """The role that migrates a service's database."""
    return f"caibei_{service}_owner"


def database_name(service: str) -> str:
    return f"caibei_{service}"


def with_login(admin_url: str, role: str, password: str, database: str) -> str:
    """The address of `database` on the same server, as `role`."""
    address = admin_url.rsplit("@", 1)[1].split("/", 1)[0]
    return f"postgresql://{role}:{password}@{address}/{database}"


async def ensure_role(admin: "asyncpg.Connection", role: str, password: str) -> None:
    """Create the role, or set its password to this one (the file in the data folder is what counts)."""
    exists = await admin.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role)
    verb = "ALTER" if exists else "CREATE"
    statement = await admin.fetchval(
        "SELECT format($1 || ' ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD %L', $2::text, $3::text)",
        verb,
        role,
        password,
    )
    await admin.execute(statement)


async def ensure_database(admin: "asyncpg.Connection", service: str, name: str, template: str = "template0") -> bool:
    """Create the database for `service` if it is not there; answers whether it was created now.

    Only its two roles may connect: a service cannot even open another service's database.
    """
    if await admin.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
        return False
    await admin.execute(f'CREATE DATABASE "{name}" OWNER {owner_role(service)} TEMPLATE "{template}"')
    await admin.execute(f'REVOKE ALL ON DATABASE "{name}" FROM PUBLIC')
    await admin.execute(f'GRANT CONNECT ON DATABASE "{name}" TO {runtime_role(service)}')
    return True


async def ensure_service(admin: "asyncpg.Connection", service: str, owner_password: str, runtime_password: str) -> None:
    """Both roles and the database of one service, idempotently."""
    await ensure_role(admin, owner_role(service), owner_password)
    await ensure_role(admin, runtime_role(service), runtime_password)
    await ensure_database(admin, service, database_name(service))
