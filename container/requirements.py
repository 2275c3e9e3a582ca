"""`python requirements.py yes|no`: what the image installs beside our own wheel, with or without deno."""

import sys
import tomllib


def wanted(with_deno: bool) -> list[str]:
    """Requirements from pyproject.toml, the notifications' included."""
    with open("pyproject.toml", "rb") as file:
        project = tomllib.load(file)["project"]
    every = [*project["dependencies"], *project["optional-dependencies"]["notify"]]
    return [one for one in every if with_deno or not one.startswith("deno")]


if __name__ == "__main__":
    if sys.argv[1:] not in (["yes"], ["no"]):
        sys.exit("DENO is yes or no.")
    print("\n".join(wanted(sys.argv[1] == "yes")))
