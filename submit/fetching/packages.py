"""Packages of registries, unpacked into temporary folders."""

import contextlib
import hashlib
import json
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
# SHA-256 of each package's file, by NAME==VERSION of PyPI or NAME@VERSION of npm.
HASHES = json.loads(pathlib.Path(__file__).with_name("hashes.json").read_text(encoding="utf-8"))


class Failure(Exception):
    """An error in one line: what is wrong, and what to do."""


def run(command, doing):
    try:
        subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError) as error:
        raise Failure(f"could not {doing}: {error}") from error


@contextlib.contextmanager
def folder():
    with tempfile.TemporaryDirectory(prefix="finetune.") as name:
        yield pathlib.Path(name)


def check(package, file):
    """Rejects a file whose hash is not the expected one."""
    with open(file, "rb") as content:
        found = hashlib.sha256()
        for part in iter(lambda: content.read(1 << 20), b""):
            found.update(part)
    if found.hexdigest() != HASHES[package]:
        raise Failure(
            f"{package}: the registry sent {file.name} with SHA-256 {found.hexdigest()}, not {HASHES[package]}: "
            "it is not used"
        )


def pip_download(package, kind, into):
    print(f"fetching {package}", flush=True)
    pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", kind]
    run([*pip, "-d", into, package], f"download {package} by pip")


@contextlib.contextmanager
def wheel(package):
    """Unpacks a wheel, NAME==VERSION of PyPI."""
    with folder() as download:
        pip_download(package, "--only-binary=:all:", download)
        (file,) = download.glob("*.whl")
        check(package, file)
        zipfile.ZipFile(file).extractall(download / "files")
        yield download / "files"


def unpack(file, into):
    """Unpacks the plain files of an archive, but no file outside the folder."""
    with tarfile.open(file) as archive:
        members = [member for member in archive if member.isfile()]
        for member in members:
            parts = pathlib.PurePosixPath(member.name).parts
            if member.name.startswith("/") or ".." in parts:
                raise Failure(f"{file.name} holds {member.name!r}, which leads out of its folder: it is not unpacked")
        # Python before 3.11.4, such as Debian 12's, has no extraction filters.
        filtered = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        archive.extractall(into, members, **filtered)


@contextlib.contextmanager
def sdist(package):
    """Unpacks a source distribution, NAME==VERSION of PyPI."""
    name, _, version = package.partition("==")
    with folder() as download:
        pip_download(package, f"--no-binary={name}", download)
        (file,) = download.glob("*.tar.gz")
        check(package, file)
        unpack(file, download)
        yield download / f"{name}-{version}"


@contextlib.contextmanager
def npm(package):
    """Unpacks a package, NAME@VERSION of npm."""
    print(f"fetching {package}", flush=True)
    with folder() as download:
        run(["npm", "pack", "--silent", "--pack-destination", download, package], f"download {package} by npm")
        (file,) = download.glob("*.tgz")
        check(package, file)
        unpack(file, download)
        yield download / "package"


def maven_jar(artifact, into):
    """Unpacks the jar of an artifact, GROUP:NAME:VERSION of Maven."""
    _, name, version = artifact.split(":")
    print(f"fetching {name}", flush=True)
    copy = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
    where = [f"-Dartifact={artifact}", f"-DoutputDirectory={into}", "-f", ROOT / "pom.xml"]
    run([ROOT / "mvnw", "-q", "-B", "-ntp", copy, *where], f"download {name} by Maven")
    zipfile.ZipFile(into / f"{name}-{version}.jar").extractall(into / "jar")
    return into / "jar"


def convert(script, needed, *files):
    """Runs a script of submit/models in an environment of its own; its last file is a new folder, its result."""
    with folder() as work:
        run([sys.executable, "-m", "venv", work / "venv"], "make a virtual environment (on Debian: python3-venv)")
        install = [work / "venv/bin/pip", "install", "-q", "--only-binary=:all:", *needed]
        run(install, "install the converter's packages")
        files[-1].mkdir()
        run([work / "venv/bin/python", ROOT / "submit/models" / script, *files], "convert the model")


def put(made, target):
    """Moves a complete folder to its place."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    shutil.move(made, part)
    part.rename(target)
