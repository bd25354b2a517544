"""Load before each rollout stage: capacity, pacing, Locust as a process, gates, and a verdict on the stage."""
