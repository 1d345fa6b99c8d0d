"""Steps of a release: version, build, checksums. All of them work in a clone, never in the checkout itself."""

import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import zipfile
from dataclasses import dataclass, field

from cluster import Failure

VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)(-rc\d+)?")
BUILD_SECONDS = 1800


def run(command, folder, environment=None, log=None, seconds=BUILD_SECONDS):
    """Runs a command to its end, with its output in a log, and raises a Failure with the last lines if it fails."""
    line = " ".join(map(str, command))
    try:
        done = subprocess.run(
            [str(part) for part in command],
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=seconds,
        )
    except subprocess.TimeoutExpired as slow:
        raise Failure(f"{line} has not ended after {seconds} s") from slow
    if log:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(done.stdout)
    if done.returncode:
        tail = "\n".join(done.stdout.strip().splitlines()[-15:])
        raise Failure(f"{line} ended with exit code {done.returncode}:\n{tail}")
    return done.stdout


def check(root, version):
    """Refuses what cannot be released, before any work."""
    if not VERSION.fullmatch(version):
        raise Failure(f"{version} is no version: use one such as 0.2.0 or 0.2.0-rc1")
    changed = run(["git", "status", "--porcelain"], root).strip()
    if changed:
        raise Failure(f"the checkout has changes that are not committed, such as {changed.splitlines()[0].strip()}")
    if run(["git", "tag", "--list", f"v{version}"], root).strip():
        raise Failure(f"the tag v{version} exists: name another version")
    if not re.search(r"^## Unreleased\n+(?!## )\S", (root / "CHANGELOG.md").read_text(), re.MULTILINE):
        raise Failure("CHANGELOG.md has nothing below '## Unreleased': write what changed for users")


@dataclass(frozen=True)
class Key:
    """A key that signs: its environment for the build, its keyring, and whether it is a throw-away one."""

    environment: dict[str, str]
    keyring: pathlib.Path
    throwaway: bool


def signing_key(work):
    """Returns the key of MAVEN_GPG_KEY, or a new one that is good for a trial."""
    keyring = work / "keyring"
    keyring.mkdir(parents=True)
    keyring.chmod(0o700)
    home = {"GNUPGHOME": str(keyring)}
    armoured = os.environ.get("MAVEN_GPG_KEY")
    try:
        if armoured:
            subprocess.run(
                ["gpg", "--batch", "--quiet", "--import"],
                input=armoured,
                text=True,
                check=True,
                capture_output=True,
                env={**os.environ, **home},
            )
            return Key({"MAVEN_GPG_KEY": armoured}, keyring, False)
        user = "spark-finetune trial <trial@example.org>"
        run(["gpg", "--batch", "--quiet", "--passphrase", "", "--quick-gen-key", user, "rsa3072", "sign"], work, home)
        secret = run(["gpg", "--batch", "--quiet", "--armor", "--export-secret-keys"], work, home)
    finally:
        subprocess.run(["gpgconf", "--kill", "gpg-agent"], env={**os.environ, **home}, check=False)
    return Key({"MAVEN_GPG_KEY": secret, "MAVEN_GPG_PASSPHRASE": ""}, keyring, True)


@dataclass
class Release:
    """A release in the making."""

    root: pathlib.Path
    work: pathlib.Path
    version: str
    signing: dict[str, str]
    clone: pathlib.Path = field(init=False)
    dist: pathlib.Path = field(init=False)

    def __post_init__(self):
        self.clone = self.work / "spark-finetune"
        self.dist = self.work / "dist"
        self.dist.mkdir(parents=True)

    @property
    def bundle(self):
        return self.dist / f"central-bundle-{self.version}.zip"

    @property
    def jar(self):
        return self.dist / f"spark-finetune-{self.version}.jar"

    def maven(self, log, *arguments):
        return run(["./mvnw", "-B", "-ntp", *arguments], self.clone, self.signing, self.work / f"{log}.log")

    def set_version(self):
        """Clones the checkout and commits the version there."""
        run(["git", "clone", "-q", self.root, self.clone], self.work)
        date = run(["git", "log", "-1", "--format=%cI"], self.clone).strip()
        self._write_version("version", self.version, self.version.replace("-rc", "rc"))
        self._edit("pom.xml", r"(<project\.build\.outputTimestamp>)[^<]*", rf"\g<1>{date}")
        self._edit("CHANGELOG.md", r"^## Unreleased$", f"## {self.version} ({date[:10]})")
        run(["git", "commit", "-q", "-a", "-m", f"Version {self.version}"], self.clone)
        run(["git", "tag", "-a", f"v{self.version}", "-m", f"Version {self.version}"], self.clone)
        return f"tag v{self.version} of {run(['git', 'rev-parse', '--short', 'HEAD'], self.clone).strip()}"

    def set_next_version(self):
        """Commits the next development version."""
        major, minor, patch, candidate = VERSION.fullmatch(self.version).groups()
        number = f"{major}.{minor}.{patch}" if candidate else f"{major}.{int(minor) + 1}.0"
        self._write_version("next", f"{number}-SNAPSHOT", f"{number}.dev0")
        self._edit("CHANGELOG.md", rf"^## {re.escape(self.version)} ", f"## Unreleased\n\n## {self.version} ")
        run(["git", "commit", "-q", "-a", "-m", f"Version {number}-SNAPSHOT"], self.clone)
        return f"{number}-SNAPSHOT"

    def _write_version(self, log, maven, python):
        versions = ["-DgenerateBackupPoms=false", "-DprocessAllModules", "-DupdateBuildOutputTimestamp=false"]
        # With the profile: its module has the version too.
        self.maven(log, "-q", "-Pyarn", "versions:set", f"-DnewVersion={maven}", *versions)
        self._edit("submit/python/pyproject.toml", r'^version = "[^"]*"(.*)$', f'version = "{python}"')

    def _edit(self, name, pattern, replacement):
        file = self.clone / name
        text, count = re.subn(pattern, replacement, file.read_text(), count=1, flags=re.MULTILINE)
        if count != 1:
            raise Failure(f"{name} has nothing that {pattern} fits")
        file.write_text(text)

    def build(self):
        """Builds the tag: the bundle for Maven Central, the distribution, the wheel, and their checksums."""
        repository = self.work / "repository"
        target = f"-DaltDeploymentRepository=release::{repository.as_uri()}"
        self.maven("artifacts", "-Prelease", "-DskipTests", target, "deploy")
        with zipfile.ZipFile(self.bundle, "w", zipfile.ZIP_STORED) as bundle:
            for file in sorted(repository.rglob("*")):
                # Metadata lists versions: a repository keeps its own.
                if file.is_file() and not file.name.startswith("maven-metadata"):
                    bundle.write(file, file.relative_to(repository))
        for ending in ("jar", "tgz"):
            shutil.copy(self.clone / f"submit/target/spark-finetune-{self.version}.{ending}", self.dist)
        shutil.copy(self.clone / "submit/target/licenses/bom.json", self.dist / f"bom-{self.version}.json")
        self._build_wheel(self.dist)
        files = sorted(path for path in self.dist.iterdir() if path.name != "SHA256SUMS")
        (self.dist / "SHA256SUMS").write_text("".join(f"{sha256(path)}  {path.name}\n" for path in files))
        return ", ".join(f"{path.name} {path.stat().st_size / 1e6:.0f} MB" for path in files)

    def _build_wheel(self, folder):
        seconds = run(["git", "log", "-1", "--format=%ct"], self.clone).strip()
        run([self.clone / "submit/python/wheel", folder], self.clone, {"SOURCE_DATE_EPOCH": seconds})

    def build_again(self):
        """Builds the tag a second time and compares the bytes."""
        self.maven("again", "-q", "-DskipTests", "clean", "package")
        again = self.work / "again"
        again.mkdir()
        for ending in ("jar", "tgz"):
            shutil.copy(self.clone / f"submit/target/spark-finetune-{self.version}.{ending}", again)
        self._build_wheel(again)
        other = [path.name for path in sorted(again.iterdir()) if sha256(path) != sha256(self.dist / path.name)]
        if other:
            raise Failure(f"a second build gives other bytes: {', '.join(other)} in {again} and {self.dist}")
        return "the same bytes of jar, distribution and wheel"

    def remaining(self, key):
        """Returns what a person does to make the release public."""
        if key.throwaway:
            return f"a trial, signed with a throw-away key; the files are in {self.dist}"
        return "\n".join(
            [
                "to publish:",
                f"  git pull --tags {self.clone} && git push --follow-tags",
                f"  upload {self.bundle} to https://central.sonatype.com/publishing, look at it there, publish it",
                f"  twine upload {self.dist}/*.whl",
                f"  gh release create v{self.version} {self.dist}/*.tgz {self.dist}/*.jar {self.dist}/SHA256SUMS",
            ]
        )


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
