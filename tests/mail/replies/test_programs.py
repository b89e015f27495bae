"""How particular mail programs begin the mail that is answered."""

from __future__ import annotations

import pytest

from mailroom.mail.replies import answer_from_text

NOTES = "From:\tSOC\nTo:\tKim\nDate:\t03/04/2024 10:12 AM\nSubject:\tMail"
SEPARATED = {
    "Notes": f"SOC Team ---03/04/2024 10:12:33 AM---Is it yours?\n\n{NOTES}",
    "Notes in German": '"SOC Team" ---04.03.2024 10:12:33---Is it yours?\n\n' + NOTES,
    "Notes with its image": "[image: Inactive hide details for SOC ---03/04/2024 10:12:33 AM---Is]SOC\n---03/04/2024",
    "Verse": f"SOC Team --- [EXTERNAL] Mail --- \n\n{NOTES}",
    "NetEase": "---- 回复的原邮件 ----\n| 发件人 | SOC<soc@x.io> |\n| 发送日期 | 2024年03月04日 |\n| 主题 | Mail |",
    "NetEase without a separator": "| From | SOC<soc@x.example> |\n| Date | 03/04/2024 10:12 |\n| Subject | Mail |",
    "Mail Master": "---- Replied Message ----\n| From | SOC<soc@x.example> |\n| Subject | Mail |",
    "BlackBerry": f"  Original Message  \n{NOTES}",
    "BlackBerry in German": "  Originalnachricht  \nVon: SOC\nGesendet: 4. März 2024 10:12\nAn: Kim\nBetreff: Mail",
    "Centrum": f"{'_' * 62}\n> Od: SOC <soc@x.example>\n> Komu: Kim\n> Datum: 04.03.2024 10:12\n> Předmět: Mail\n>",
    "Yandex": '-------\nКому: kim@x.example;\nТема: Mail;\n04.03.2024, 10:12, "SOC" <soc@x.example>:',
    "no line breaks": "From: SOC <soc@x.example>Sent: Monday, March 4, 2024 10:12 AMTo: KimSubject: Mail",
}


@pytest.mark.parametrize("head", SEPARATED.values(), ids=SEPARATED)
def test_what_programs_put_above_the_mail_that_is_answered_goes_with_it(head: str) -> None:
    mark = "> " if "\n> " in head else ""
    assert answer_from_text(f"Yes.\n\n{head}\n\n{mark}Is it yours?\n").text == "Yes."
