"""console is the web page. It has no database and no rules: what it shows it asks the services for.

Yet a shell: the health of all services, the page that a bar's QR code opens, and on a developer's machine the mailbox
of the local mail catcher.
"""
