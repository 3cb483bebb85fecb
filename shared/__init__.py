"""What the services share: errors, events and the technical kit. Never imports a service."""
