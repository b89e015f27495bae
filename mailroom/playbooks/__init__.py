"""The playbooks without Prefect: the same steps that the flows run, callable from a plain command."""
