"""Pages of what watches the slots: monitors, their looks, and what they compare with."""
