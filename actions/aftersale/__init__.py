"""After-sale: orders, parcels, changes, returns, refunds, invoices, tickets; every flow is an `OrderFlow`."""
