"""Protocols: what is done to a packing, as generators that know neither engine nor files.

A protocol yields `dem.protocol.request.Advance` and is sent what is seen then. Protocols are made of
protocols, by ``yield from``.
"""
