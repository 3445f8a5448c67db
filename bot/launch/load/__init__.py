"""`make bench-load`: the highest rate of turns that this machine answers in time, beside Rasa's own template."""
