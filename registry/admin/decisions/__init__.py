"""Pages of the decisions: requests and all that a reviewer weighs, signs, waives or takes back."""
