"""Screening: who may have which session, and what that rests on.

Owns: protocols (questions and rules as versioned data, reviewed and activated), answers, reasons, limits and letters
(encrypted with a key per client), and each client's standing.
Hears: branches (their time zones), clients, and appointment requests, which it answers.
Announces: appointment cleared / blocked, standing changed / ending / expired, answers erased. Outcomes only, never an
answer.
"""
