"""golive: the go-live test and load-testing harness for integrations with the Rutter unified API."""
