"""What entries only commit to, and the keys under which it stands beside them."""
