"""`python -m tests.container [PART …]`: the image, really built and driven.

All parts but `wheels` need root and, of Debian, what `apt install buildah crun debootstrap iproute2` brings.
Nothing of it runs with the other tests: ffmpeg alone takes minutes to compile.
"""

import argparse
import subprocess
import sys
import time

from tests.container import egress, image, journey, wheels
from tests.media.site import MediaSite

PARTS = ("build", "sizes", "journey", "egress", "wheels")
INSIDE = "egress-in-its-network"
MB = 10**6
MOST_MB = {"yes": 450, "no": 300}


def build() -> None:
    for deno in image.NAMES:
        began = time.monotonic()
        print(f"== building {image.NAMES[deno]}", flush=True)
        image.build(deno)
        print(f"== built in {time.monotonic() - began:.0f} s", flush=True)
    image.build_egress()


def sizes() -> bool:
    met = True
    for deno, name in image.NAMES.items():
        with image.mounted(name) as root:
            found, total = image.parts(root), image.size_bytes(root)
        print(f"\n{name}")
        for part, size in sorted(found.items(), key=lambda one: -one[1]):
            print(f"  {part:<40}{size / MB:>8.1f} MB")
        met &= total <= MOST_MB[deno] * MB
        verdict = "met" if total <= MOST_MB[deno] * MB else "MISSED"
        print(f"  {'all, uncompressed':<40}{total / MB:>8.1f} MB   aim ≤ {MOST_MB[deno]} MB  {verdict}")
    return met


def drive() -> None:
    for name in image.NAMES.values():
        config = image.config(name)
        print(f"\n{name}", flush=True)
        with image.mounted(name) as root, MediaSite() as site:
            for line in journey.whole(root, config, site):
                print(f"  ✓ {line}", flush=True)
            for line in journey.others(root, config, site) if name == image.NAMES["yes"] else ():
                print(f"  ✓ {line}", flush=True)


def drive_egress() -> None:
    print(f"\n{image.EGRESS}", flush=True)
    with image.mounted(image.EGRESS) as root:
        for line in egress.refuses(root, image.config(image.EGRESS)):
            print(f"  ✓ {line}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.container", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; all when none is named"
    )
    parts = parser.parse_args().parts or PARTS
    if parts == [INSIDE]:
        return drive_egress()
    if unknown := set(parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    if set(parts) - {"wheels"} and (missing := image.missing()):
        sys.exit(f"Missing: {', '.join(missing)}. On Debian: apt install buildah crun debootstrap iproute2")
    if "build" in parts:
        build()
    met = sizes() if "sizes" in parts else True
    if "journey" in parts:
        drive()
    if "egress" in parts:
        sys.stdout.flush()
        subprocess.run(egress.with_network(sys.executable, "-m", "tests.container", INSIDE), check=True)
    if "wheels" in parts:
        print("\n".join(wheels.table()))
    sys.exit(0 if met else 1)


if __name__ == "__main__":
    main()
