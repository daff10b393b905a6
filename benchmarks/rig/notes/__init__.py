"""One model in every variant that is compared."""
