"""What `docker compose up` runs before the services: fresh secrets, then roles, databases, migrations and topics."""
