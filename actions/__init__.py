"""Rasa actions: each reads slots, asks the shop and names a response of domain.yml; no words of its own."""
