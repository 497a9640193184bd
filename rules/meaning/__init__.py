"""What rules mean, asked of Z3 and shown by facts that CLIPS was seen to fire on."""
