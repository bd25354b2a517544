"""What nobody wrote down: sequences of writes found by Hypothesis, requests made from the contract by schemathesis."""
