"""`python -m app` is `inlay`."""

from app.cli import main

if __name__ == "__main__":
    main()
