"""What people who run the suite look at: health, metrics, logs and traces. Any room may use it; it asks none back."""
