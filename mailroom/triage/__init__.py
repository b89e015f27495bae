"""Triage: signals, rules, verdicts and rails. Pure functions; knows neither Mimecast nor SQL.

ruleset = load_ruleset()  # mailroom.triage.ruleset
decision = triage_event(ruleset, event, history=History(benign=3))  # mailroom.triage.decide
"""
