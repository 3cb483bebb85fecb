"""How guards are written: a trigger that refuses what a condition finds."""


def refuses(name: str, table: str, when: str, condition: str, text: str) -> tuple[str, str]:
    """A row trigger that refuses what `condition` finds, named as a constraint is."""
    return (
        f"""
        CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF {condition} THEN
                RAISE EXCEPTION '{text}' USING ERRCODE = '23514', CONSTRAINT = '{name}', TABLE = '{table}';
            END IF;
            RETURN NEW;
        END $$
        """,
        f"CREATE TRIGGER {name} {when} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()",
    )
