"""A chain as files: reading YAML or CSV, checking every row, and loading it through the services' public commands.

    reading → nouns → checks → against (the services) → loading

Nothing here has a way of its own into a database: what a page or a partner may not do, an import may not do either.
"""
