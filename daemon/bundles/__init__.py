"""Models that are installed, tried, swapped while aed hears, and taken back."""
