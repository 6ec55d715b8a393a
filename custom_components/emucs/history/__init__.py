"""History of a meter from exports, in Home Assistant: intervals become statistics, and are taken back."""
