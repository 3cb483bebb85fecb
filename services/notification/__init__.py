"""notification writes to clients and branches, and says what it sent.

Owns: messages, preferences. Hears: appointment confirmed, cancelled, displaced; session at-risk, overran;
inspections due and expired; client registered, changed, erased. Announces: message sent, failed.

It keeps no name, address or wording of a person: right before it sends it asks scheduling for the contact and for the
appointment's present state, and drops what is no longer true. To SMTP it delivers at least once: a crash between the
mail server's yes and our mark sends the mail again, with the same Message-ID, by which a receiver can tell.
"""
