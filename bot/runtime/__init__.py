"""What Rasa runs on: its lock store and tracker store, named as dotted paths in endpoints.yml."""
