"""Objectives, and the alarms and dashboards made from them.

`python -m tools.operations monitoring` writes them into `infra/monitoring.yaml`; `…
dashboard-images` draws the dashboards. The service itself runs no code of this package.
"""
