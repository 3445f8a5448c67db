"""店小二: a customer-service suite for Chinese online shops, built on Rasa Open Source 3.6."""

__version__ = "0.1.0"
