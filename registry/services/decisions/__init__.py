"""From a request to signatures: policies, gates, evidence, people's decisions, and what a decision still holds on."""
