"""Room-equipment owns rooms, bars, inspections, lock-outs, load profiles, assignments and the last gate of a session.

The rule "a back-stepping session needs cleared bars to its very end, turnover included" is a constraint of its
PostgreSQL (migrations/versions/20261124_safety_core.py), not an `if`.

Hears: appointments requested, rejected, cancelled, not shown up; branches, treatments and therapists as they change.
Announces: rooms assigned, unavailable, reassigned, revoked, released; clearances of rooms; inspections and lock-outs of
bars; sessions started, finished, at risk.
"""
