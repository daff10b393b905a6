"""Does the deployed model still do what was approved? Measures before deployment and monitors after it."""
