"""What Maven Central asks of a bundle: https://central.sonatype.org/publish/requirements/"""

import hashlib
import os
import subprocess
import xml.etree.ElementTree as ElementTree
import zipfile

from cluster import Failure

GROUP = "io/github/sparkfinetune"
ARTIFACTS = {
    "spark-finetune-parent": "pom",
    "spark-finetune-conf": "jar",
    "spark-finetune-dataset-prep": "jar",
    "spark-finetune-core": "jar",
    "spark-finetune-jobs": "jar",
    "spark-finetune": "jar",
}
MOST_BYTES = 1 << 30
POM = {"m": "http://maven.apache.org/POM/4.0.0"}


def check(archive, version, key):
    """Checks a bundle and returns what it holds; raises a Failure with everything that is wrong."""
    wrong = []
    with zipfile.ZipFile(archive) as bundle:
        names = {name for name in bundle.namelist() if not name.endswith("/")}
        if archive.stat().st_size > MOST_BYTES:
            wrong.append(f"the bundle has {archive.stat().st_size} bytes, more than {MOST_BYTES}")
        expected = set()
        parent = pom(bundle, f"{GROUP}/spark-finetune-parent/{version}/spark-finetune-parent-{version}.pom")
        for artifact, packaging in ARTIFACTS.items():
            base = f"{GROUP}/{artifact}/{version}/{artifact}-{version}"
            endings = [".pom", *([".jar", "-sources.jar", "-javadoc.jar"] if packaging == "jar" else [])]
            # Classes that the tests of other modules use.
            if packaging == "jar" and artifact != "spark-finetune":
                endings.append("-tests.jar")
            for ending in endings:
                expected.add(base + ending)
                if base + ending not in names:
                    wrong.append(f"{base}{ending} is missing")
                    continue
                wrong += signature(bundle, base + ending, key)
                wrong += checksums(bundle, base + ending)
            if f"{base}.pom" in names:
                wrong += metadata(pom(bundle, f"{base}.pom"), parent, artifact, version)
            if packaging == "jar" and not wrong:
                wrong += content(bundle, base)
        own = {name for name in names if name.endswith((".jar", ".pom"))}
        wrong += [f"{name} is not meant to be published" for name in sorted(own - expected)]
    if wrong:
        raise Failure("Maven Central would refuse the bundle:\n" + "\n".join(wrong))
    return f"{len(expected)} files of {len(ARTIFACTS)} artifacts with signatures and checksums"


def pom(bundle, name):
    return ElementTree.fromstring(bundle.read(name))


def text(project, path):
    found = project.find("/".join(f"m:{part}" for part in path.split("/")), POM)
    return found.text.strip() if found is not None and found.text else None


def metadata(project, parent, artifact, version):
    """Returns what a pom lacks; what it inherits counts, except name and description."""
    wrong = []
    for path in ("name", "description"):
        if not text(project, path):
            wrong.append(f"{artifact}: the pom has no {path}")
    for path in ("url", "licenses/license/name", "licenses/license/url", "scm/url", "scm/connection"):
        if not (text(project, path) or text(parent, path)):
            wrong.append(f"{artifact}: neither the pom nor its parent has {path}")
    for path in ("developers/developer/name", "scm/developerConnection"):
        if not (text(project, path) or text(parent, path)):
            wrong.append(f"{artifact}: neither the pom nor its parent has {path}")
    for path in ("groupId", "version"):
        if not (text(project, path) or text(project, f"parent/{path}")):
            wrong.append(f"{artifact}: the pom has no {path}")
    if version not in (text(project, "version"), text(project, "parent/version")):
        wrong.append(f"{artifact}: the pom is not of version {version}")
    for element in project.iter():
        kind = element.tag.rpartition("}")[2]
        if kind == "version" and element.text and element.text.strip().endswith("-SNAPSHOT"):
            wrong.append(f"{artifact}: the pom names the snapshot {element.text.strip()}")
        if kind in ("repositories", "pluginRepositories", "systemPath"):
            wrong.append(f"{artifact}: the pom has {kind}")
    if artifact == "spark-finetune":
        named = [
            text(dependency, "artifactId")
            for dependency in project.findall("m:dependencies/m:dependency", POM)
            if (text(dependency, "scope") or "compile") in ("compile", "runtime")
        ]
        wrong += [f"{artifact}: the pom names {name}, which the jar holds" for name in named]
    return wrong


def signature(bundle, name, key):
    if f"{name}.asc" not in bundle.namelist():
        return [f"{name} has no signature"]
    folder = key.keyring / "checked"
    folder.mkdir(exist_ok=True)
    files = [folder / "file.asc", folder / "file"]
    for file, part in zip(files, (f"{name}.asc", name), strict=True):
        file.write_bytes(bundle.read(part))
    verified = subprocess.run(
        ["gpg", "--batch", "--quiet", "--verify", *files],
        env={**os.environ, "GNUPGHOME": str(key.keyring)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    return [] if verified.returncode == 0 else [f"{name}: {verified.stderr.strip().splitlines()[-1]}"]


def checksums(bundle, name):
    wrong = []
    data = bundle.read(name)
    for kind in ("md5", "sha1"):
        try:
            stated = bundle.read(f"{name}.{kind}").decode().split()[0]
        except KeyError:
            wrong.append(f"{name} has no {kind}")
            continue
        if stated != hashlib.new(kind, data).hexdigest():
            wrong.append(f"{name}: another {kind} than stated")
    return wrong


def content(bundle, base):
    """Returns which of an artifact's jars is empty of what its name says."""
    wrong = []
    for ending, part in ((".jar", ".class"), ("-sources.jar", ".java"), ("-javadoc.jar", ".html")):
        with bundle.open(base + ending) as file, zipfile.ZipFile(file) as jar:
            if not any(name.endswith(part) for name in jar.namelist()):
                wrong.append(f"{base}{ending} has no {part}")
    return wrong
