"""Names of files that break no header and no file system."""

import pytest

from shared.kit.downloads import disposition, file_name


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("certificate BB-0417", "certificate-BB-0417.pdf"),
        ('x"; filename="evil.exe', "x-filename-evil.exe.pdf"),
        ("../../etc/passwd", "etc-passwd.pdf"),
        ("a\r\nSet-Cookie: x", "a-Set-Cookie-x.pdf"),
        ("\u202efdp.exe", "fdp.exe.pdf"),
        ("Prüfung 踩背", "Prüfung-踩背.pdf"),
        ("🙂///", "file.pdf"),
        ("x" * 500, "x" * 120 + ".pdf"),
    ],
)
def test_a_file_name_has_letters_digits_and_dashes_only(stem: str, name: str) -> None:
    assert file_name(stem, "pdf") == name


def test_a_name_is_said_in_full_and_in_ascii() -> None:
    assert disposition("Prüfung.pdf") == (
        "attachment; filename=\"Pr_fung.pdf\"; filename*=UTF-8''Pr%C3%BCfung.pdf"
    )  # fmt: skip
    assert disposition("a.pdf", inline=True).startswith("inline;")
