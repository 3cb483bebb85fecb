"""identity issues access tokens (RFC 9068) to API clients and publishes the keys that verify them.

Owns: API clients, their secrets' hashes, the signing keys' file. Hears nothing and announces nothing: every other
service checks a token by its signature alone, so that identity being away stops new tokens only.
"""
