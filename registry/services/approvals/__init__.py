"""What an approval rests on and whether it still stands: gates' facts, signatures, findings, reviews, staleness."""
