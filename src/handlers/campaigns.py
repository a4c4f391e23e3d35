"""What the functions of campaigns share: their buckets, and the run that a workflow's execution works on."""

from functools import cache

from handlers.buckets import output, recordings
from stitcher.campaigns.places import Campaign, Run
from stitcher.campaigns.steps import Buckets


class NoSuchRun(Exception):
    """The files of a run are gone: a fault, for its step has just written them."""


@cache
def buckets() -> Buckets:
    """The clips, and what is made of them."""
    return Buckets(recordings(), output())


def run_of(campaign: str, name: str) -> Run:
    """The run that an execution works on. Raises `NoSuchRun`."""
    run = Run.load(output(), campaign, name)
    if run is None:
        raise NoSuchRun
    return run


def campaign_of(identity: str) -> Campaign:
    """The campaign of a run. Raises `NoSuchRun`."""
    campaign = Campaign.load(output(), identity)
    if campaign is None:
        raise NoSuchRun
    return campaign
