"""Ground: the language of rule files. Knows YAML with line numbers, lists, three-valued tests and conditions, no mail.

A vocabulary (`fields.field_table`) and a JSON schema make a kind of rules; `triage` and `cases` each have their own.
"""
