"""`caibei demo`: a day at the chain, told from what the services answer.

    cast → booking → refusals → failure → aftermath

Every line comes from an API; nothing is made up but the names of three clients and an inspector's findings.
"""
