"""What may leave the room."""
