"""From a request to signatures: its rounds, people's decisions, waivers and conditions."""
