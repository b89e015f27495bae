"""Approvals: a person's yes to exactly one set of actions, given in a form, by mail or on the command line, used once.

Import the modules: `requesting` opens them, `deciding` takes a yes or a no, `by_mail` asks by mail, `doing` carries out
what was approved, `bulk` makes one of many messages chosen by a query.
"""
