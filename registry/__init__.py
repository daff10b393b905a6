"""What is governed: systems, data, runs, models, evidence, policies, promotions, deployments."""
