"""What is promised, what watches it, and how it is seen: objectives, and the alarms and dashboards made of them.

`python -m tools.operations monitoring` writes them into `infra/monitoring.yaml`; `… pictures` draws the dashboards.
None of it runs in the service.
"""
