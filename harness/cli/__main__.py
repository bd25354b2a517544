"""`python -m harness.cli`, the same as the console script."""

from harness.cli.boundary import main

if __name__ == "__main__":
    main()
