"""Packages of registries, unpacked into folders that go when they were used."""

import contextlib
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile


class Failure(Exception):
    """What is wrong, and what to do, in one line."""


def run(command, doing):
    try:
        subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError) as error:
        raise Failure(f"could not {doing}: {error}") from error


@contextlib.contextmanager
def folder():
    with tempfile.TemporaryDirectory(prefix="finetune.") as name:
        yield pathlib.Path(name)


def pip_download(package, kind, into):
    print(f"fetching {package}", flush=True)
    pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", kind]
    run([*pip, "-d", into, package], f"download {package} by pip")


@contextlib.contextmanager
def wheel(package):
    """The files of a wheel, NAME==VERSION of PyPI."""
    with folder() as download:
        pip_download(package, "--only-binary=:all:", download)
        (file,) = download.glob("*.whl")
        zipfile.ZipFile(file).extractall(download / "files")
        yield download / "files"


def unpack(file, into):
    # Python before 3.11.4, such as that of Debian 12, has no filters.
    filtered = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
    with tarfile.open(file) as archive:
        archive.extractall(into, **filtered)


@contextlib.contextmanager
def sdist(package):
    """The files of a source distribution, NAME==VERSION of PyPI."""
    name, _, version = package.partition("==")
    with folder() as download:
        pip_download(package, f"--no-binary={name}", download)
        (file,) = download.glob("*.tar.gz")
        unpack(file, download)
        yield download / f"{name}-{version}"


@contextlib.contextmanager
def npm(package):
    """The files of a package, NAME@VERSION of npm."""
    print(f"fetching {package}", flush=True)
    with folder() as download:
        run(["npm", "pack", "--silent", "--pack-destination", download, package], f"download {package} by npm")
        (file,) = download.glob("*.tgz")
        unpack(file, download)
        yield download / "package"


def put(made, target):
    """Moves a folder that is whole to its place."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    shutil.move(made, part)
    part.rename(target)
