"""The front door: a voice plans messages and says them, with the clips of a folder or of an S3 bucket.

Nothing is decided here. `plan` and `say` call what the API's functions call.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from stitcher import limits
from stitcher.api.requests import StitchRequest
from stitcher.clip import Clip
from stitcher.errors import InvalidRequest, MissingWords, StitchError
from stitcher.formats.platforms import warnings
from stitcher.formats.profiles import PROFILES, ending_of
from stitcher.planning.catalogue import Catalogue, clip_of, read_voice, voice_prefix
from stitcher.planning.inventory import unread
from stitcher.storage import BucketRepo, LocalRepo, Repo, Stored

if TYPE_CHECKING:
    from stitcher.api.answers import PlanAnswer
    from stitcher.api.preview import Shapes
    from stitcher.clips.memory import PreparedHere
    from stitcher.planning.settings import VoiceSettings

BUCKET = "s3://"
FILE_NAME_BYTES = 255
"""What file systems allow."""


@dataclass(frozen=True, slots=True, repr=False)
class Spoken:
    """A message as audio.

    Attributes
    ----------
    audio
        The file's content.
    duration_ms
        Its duration in milliseconds.
    format
        The name of its format, a key of `stitcher.formats.profiles.PROFILES`.
    path
        How it was made: `spliced` or `rendered`.
    why
        Why it was not spliced; empty if it was.
    clips
        The clips that it says, in order.
    missing
        The words that it leaves out, because the caller allowed it.
    substituted
        The words that the fallback voice says.
    warnings
        What is poor about the file for its platform, in sentences.

    Examples
    --------
    >>> from stitcher import Voice
    >>> spoken = Voice.open("samples/clips").say("hello, shreeshail", format="wav")
    >>> spoken.audio[:4], spoken.duration_ms, spoken.path
    (b'RIFF', 1254, 'spliced')
    """

    audio: bytes
    duration_ms: int
    format: str
    path: str
    why: str
    clips: tuple[Clip, ...]
    missing: tuple[str, ...]
    substituted: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    folders: frozenset[Path] = frozenset()
    """The folders on this machine that its clips lie in."""

    @property
    def name(self) -> str:
        """A file name made of the phrases, `hello__shreeshail.mp3`; at most 255 bytes long."""
        suffix = PROFILES[self.format].suffix
        stem = "__".join(clip.phrase.replace(" ", "_") for clip in self.clips).encode()
        return stem[: FILE_NAME_BYTES - len(suffix)].decode(errors="ignore") + suffix

    def save(self, file: str | Path | None = None) -> Path:
        """Write the audio to a file, whole or not at all. An earlier file of that name is replaced.

        Parameters
        ----------
        file
            A file, or a folder that is there. The format's ending is appended where the name has none. None writes the
            file `name` into the current folder.

        Returns
        -------
        Path
            The file that was written.

        Raises
        ------
        InvalidRequest
            The ending is none of the format's, or the file would be a recording beside the clips.
        OSError
            The file cannot be written.

        Examples
        --------
        >>> import tempfile
        >>> from stitcher import Voice
        >>> spoken = Voice.open("samples/clips").say("hello")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     spoken.save(f"{folder}/greeting").name
        'greeting.mp3'
        >>> spoken.save("greeting.wav")
        Traceback (most recent call last):
            ...
        stitcher.errors.InvalidRequest: greeting.wav would hold mp3: name it greeting.mp3, or choose another format
        """
        wanted = Path(self.name if file is None else file)
        if wanted.is_dir():
            wanted /= self.name
        written = wanted.with_name(self._named(wanted.name))
        if written.parent.resolve() in self.folders and clip_of(Stored(written.name, "", 1)):
            # It would be said instead of the clips from then on.
            raise InvalidRequest(f"{written} would be a recording of the voice: write it into another folder")
        LocalRepo(written.parent).save(written.name, self.audio)
        return written

    def _named(self, name: str) -> str:
        profile, given = PROFILES[self.format], ending_of(name)
        if given in profile.endings:
            return name
        if given:
            better = f"{name[: -len(given)]}{profile.suffix}"
            raise InvalidRequest(f"{name} would hold {self.format}: name it {better}, or choose another format")
        return name + profile.suffix

    def __repr__(self) -> str:
        return f"Spoken('{self.name}', {self.duration_ms} ms)"

    def _repr_html_(self) -> str:
        """A player, in a notebook."""
        from base64 import b64encode
        from html import escape

        source = f"data:{PROFILES[self.format].content_type.replace(' ', '')};base64,{b64encode(self.audio).decode()}"
        unsaid = f" · missing: {', '.join(self.missing)}" if self.missing else ""
        said = escape(f"{self.name} · {self.duration_ms / 1000:.1f} s{unsaid}")
        return f'<figure><audio controls src="{source}"></audio><figcaption>{said}</figcaption></figure>'


class Voice:
    """The clips and settings of one speaker and language, and the messages that they can say.

    Clips are read anew for every message, so that new recordings are used at once. A clip that has not changed
    is prepared once, in this process's memory: nothing is written beside the recordings, in a bucket neither.

    Parameters
    ----------
    name
        The voice's folder; empty for the default voice.
    recordings
        Where the clips are.
    shapes
        What is known of clips that are prepared elsewhere, for plans; by default clips are prepared here for them.

    Examples
    --------
    >>> from stitcher import Voice
    >>> hindi = Voice.open("samples/clips", "hindi")
    >>> hindi.say("नमस्ते किसान")
    Spoken('नमस्ते__किसान.mp3', 1089 ms)
    """

    def __init__(self, name: str, recordings: Repo, shapes: "Shapes | None" = None) -> None:
        voice_prefix(name)  # refuses an invalid name
        self.name, self.recordings, self._shapes = name, recordings, shapes

    @classmethod
    def open(cls, place: str | Path, name: str = "") -> "Voice":
        """The voice `name` of a folder or a bucket.

        Parameters
        ----------
        place
            A folder of clips (`samples/clips`), or a bucket of them (`s3://my-bucket`), which is read with the
            credentials of this machine.
        name
            A folder in it; empty for the clips at its top.

        Raises
        ------
        InvalidRequest
            The name is no voice's, or the place is a folder of a bucket.
        NotADirectoryError
            There is no such folder.

        Examples
        --------
        >>> from stitcher import Voice
        >>> len(Voice.open("samples/clips").clips) > 10
        True
        >>> Voice.open("samples/clips", "hindi").settings.language
        'hi'
        """
        return cls(name, _opened(place))

    @property
    def clips(self) -> list[Clip]:
        """The clips as they are now, one for each file, sorted by key."""
        return [clip for clip in map(clip_of, self.recordings.list(voice_prefix(self.name))) if clip]

    @property
    def settings(self) -> "VoiceSettings":
        """The settings as they are now. Raises UnusableClip if `voice.toml` cannot be read."""
        return self._catalogue(self.name).settings

    def plan(
        self,
        message: str | Sequence[str],
        *,
        format: str = "mp3",
        gap_ms: int | None = None,
        missing: str = "error",
        read_numbers: str | None = None,
    ) -> "PlanAnswer":
        """How the message would be said: what `POST /plans` answers.

        Parameters
        ----------
        message, format, gap_ms, missing, read_numbers
            As for `say`.

        Returns
        -------
        PlanAnswer
            Segments, durations in milliseconds, and the words without a clip; `model_dump()` is the answer's JSON.

        Raises
        ------
        StitchError
            As `say`, but words without a clip are listed, unless a fallback voice lacks them, too.

        Examples
        --------
        >>> from stitcher import Voice
        >>> plan = Voice.open("samples/clips").plan("hello, shreshail")
        >>> plan.missing, plan.suggestions
        (['shreshail'], {'shreshail': ['shreeshail']})
        """
        return self.answer(self._request(message, format, gap_ms, missing, read_numbers))

    def say(
        self,
        message: str | Sequence[str],
        *,
        format: str = "mp3",
        gap_ms: int | None = None,
        missing: str = "error",
        read_numbers: str | None = None,
    ) -> Spoken:
        """Make the message.

        Parameters
        ----------
        message
            A text, or a list of clips by file name or phrase.
        format
            How the audio is encoded (`mp3`, `wav-8k`), or the platform that plays it (`asterisk`, `whatsapp`), whose
            limits are then kept: one of `stitcher.formats.platforms.FORMATS`.
        gap_ms
            Milliseconds of silence between words, -500 to 5,000; less than 0 overlaps them. None takes the voice's.
            Pauses at punctuation become longer or shorter by as much as it differs from the voice's, but never overlap.
        missing
            What becomes of words without a clip: `error`, `skip`, `silence` (each makes the pause between two clips
            400 ms longer), or `fallback:VOICE`.
        read_numbers
            `strict` refuses a number that can be read in two ways, `likely` says the likelier; None takes the voice's.

        Returns
        -------
        Spoken
            The audio and how it was made.

        Raises
        ------
        MissingWords
            Words have no clip; all of them are listed.
        UnusableClip
            Recordings cannot be used; all of them are listed.
        StitchError
            Any other refusal.

        Examples
        --------
        >>> from stitcher import Voice
        >>> english = Voice.open("samples/clips")
        >>> english.say("hello zebra", missing="skip").missing
        ('zebra',)
        >>> english.say("hello zebra")
        Traceback (most recent call last):
            ...
        stitcher.errors.MissingWords: no clip says 'zebra': record a clip for it in the default voice
        """
        from stitcher.joining.stitch import stitch

        request = self._request(message, format, gap_ms, missing, read_numbers)
        try:
            plan = request.plan(self._catalogue)
        except MissingWords as lack:
            lack.unusable = self._unusable(request)
            lack.name_ignored(unread(self.recordings, self.name, lack.missing))
            raise
        made = stitch(plan, self._prepared.load)
        return Spoken(
            made.audio, made.duration_ms, plan.profile, made.path, made.why, tuple(plan.clips), plan.missing,
            plan.substituted, tuple(warnings(plan.profile, plan.platform, len(made.audio))), self._folders(plan.clips),
        )  # fmt: skip

    def _folders(self, clips: Iterable[Clip]) -> frozenset[Path]:
        """The voice's folder and those of the clips; none where they lie in a bucket."""
        if not isinstance(self.recordings, LocalRepo):
            return frozenset()
        root = self.recordings.folder
        inside = {voice_prefix(self.name), *(clip.key.rpartition("/")[0] for clip in clips)}
        return frozenset((root / folder).resolve() for folder in inside)

    def _unusable(self, request: StitchRequest) -> list[tuple[str, str]]:
        """The recordings of a message with missing words that cannot be used: all that is wrong is said at once."""
        with suppress(StitchError):
            return [(clip.key, clip.reason) for clip in self.answer(request).unusable]
        return []

    def missing(self, messages: str | Iterable[str]) -> list[str]:
        """What has to be recorded before every message can be said, most needed first.

        Raises
        ------
        InvalidRequest
            A message cannot be said whatever is recorded; the sentence names it by its number.

        Examples
        --------
        >>> from stitcher import Voice
        >>> Voice.open("samples/clips").missing(["hello zebra", "zebra, heavy hail"])
        ['zebra', 'hail', 'heavy']
        """
        from stitcher.campaigns.campaign import Campaign
        from stitcher.campaigns.table import Row
        from stitcher.campaigns.template import Template

        campaign = Campaign(self.recordings, Template.of_column("message", ["message"]), voice=self.name)
        for number, message in enumerate([messages] if isinstance(messages, str) else messages, 1):
            campaign.add(Row(number, {"message": message}))
        for number, reason in campaign.refusals:
            raise InvalidRequest(f"message {number}: {reason}")
        return [needed.words for needed in campaign.to_record]

    def answer(self, request: StitchRequest) -> "PlanAnswer":
        """The plan for a request as the API's callers send it."""
        from stitcher.api.preview import preview

        return preview(request, cache(self._catalogue), self._shapes or self._prepared)

    def _catalogue(self, voice: str) -> Catalogue:
        return read_voice(self.recordings, voice)

    @cached_property
    def _prepared(self) -> "PreparedHere":
        from stitcher.clips.memory import PreparedHere

        return PreparedHere(self.recordings)

    def _request(
        self,
        message: str | Sequence[str],
        profile: str,
        gap_ms: int | None,
        missing: str,
        read_numbers: str | None,
    ) -> StitchRequest:
        if gap_ms is not None and not -limits.CROSSFADE_MS <= gap_ms <= limits.GAP_MS:
            raise InvalidRequest(f"gap_ms {gap_ms} is not between {-limits.CROSSFADE_MS} and {limits.GAP_MS}")
        said = {"message": message} if isinstance(message, str) else {"message_parts": list(message)}
        asked = {"gap_ms": gap_ms, "read_numbers": read_numbers}
        given = {name: value for name, value in asked.items() if value is not None}
        return StitchRequest.of({**said, **given, "voice": self.name, "format": profile, "missing": missing})

    def __repr__(self) -> str:
        return f"Voice('{self.name}')"


def _opened(place: str | Path) -> Repo:
    if place == "":
        raise InvalidRequest("the folder of clips is an empty text: name it, or s3://bucket")
    if isinstance(place, str) and place.startswith(BUCKET):
        bucket, _, folder = place.removeprefix(BUCKET).partition("/")
        if folder or not bucket:
            raise InvalidRequest(f"{place} is not a bucket: write s3://bucket, and name the voice apart from it")
        return BucketRepo(bucket)
    if not Path(place).is_dir():
        raise NotADirectoryError(f"{place} is not a folder")
    return LocalRepo(place)
