"""The baseline measurement (2026): coverage, participants, levels by tier, and its freezing."""
