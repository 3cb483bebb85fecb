"""Scheduling owns branches, treatments, therapists, shifts, clients and appointments, and runs the booking saga.

Hears: screening's and room-equipment's answers to a requested appointment, what happens to its room and its session,
and the facts of rooms (clearance, load profiles) from which availability is advised.
Announces: the chain's people and places, and every step of an appointment.
"""
