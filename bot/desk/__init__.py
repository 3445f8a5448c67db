"""The web server: the customer's page today, the agents' desk on the same address."""
