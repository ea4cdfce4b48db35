#!/usr/bin/python3
"""Every link of the documentation that stays in the project leads to a file, and to a heading of it."""
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
LINK = re.compile(r"\]\(([^)\s]+)\)")


def pages():
    return [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md")),
            *sorted((ROOT / "src").rglob("*.md"))]


def text_outside_code(page):
    return re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)


def anchor(heading):
    """As GitHub makes it: lower case, spaces to dashes, other punctuation gone."""
    kept = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return kept.replace(" ", "-")


def anchors(page):
    return {anchor(line.lstrip("#")) for line in text_outside_code(page).splitlines()
            if line.startswith("#")}


def broken(page, target):
    """What is wrong with a link, or nothing."""
    if re.match(r"[a-z]+:", target):
        return None
    path, _, heading = target.partition("#")
    file = (page.parent / path).resolve() if path else page
    if ROOT not in file.parents or not file.exists():
        return "no such file"
    if heading and heading not in anchors(file):
        return "no such heading"
    return None


class Links(unittest.TestCase):
    def test_lead_somewhere(self):
        n_links = 0
        for page in pages():
            for target in LINK.findall(text_outside_code(page)):
                n_links += 1
                self.assertIsNone(broken(page, target), f"{page.relative_to(ROOT)}: {target}")
        self.assertGreater(n_links, 50)

    def test_a_broken_one_is_seen(self):
        readme = ROOT / "README.md"
        self.assertEqual(broken(readme, "docs/nowhere.md"), "no such file")
        self.assertEqual(broken(readme, "docs/methods.md#nowhere"), "no such heading")
        self.assertIsNone(broken(readme, "docs/methods.md#rate-coding"))


if __name__ == "__main__":
    unittest.main()
