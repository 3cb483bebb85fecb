"""A real PostgreSQL 18 and a real Apache Kafka 4.3 as child processes, and what runs the system on them."""
