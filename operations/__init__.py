"""What is promised, what watches it, and how it is seen: objectives, and the alarms and dashboards made of them.

`python -m operations template` writes them into `template.yaml`, `… pictures` draws the dashboards. Nothing of it runs
in the service.
"""
