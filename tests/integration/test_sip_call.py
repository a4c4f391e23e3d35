"""A telephone call on this machine: sipp places it over SIP and plays a message over RTP, and the test picks it up."""

import re
import shutil
import socket
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from stitcher import Voice
from tests.paths import SAMPLES

SIPP = shutil.which("sipp")
pytestmark = pytest.mark.skipif(SIPP is None, reason="sipp is not on PATH (Debian: sip-tester): no call is placed")
# The payload types of RFC 3551, table 4, by format; soundfile's name of each law.
LAWS = {"ulaw-raw": (0, "PCMU", "ULAW"), "alaw-raw": (8, "PCMA", "ALAW")}
STEP = 160
"""Samples of a packet of 20 ms."""

CALL = """<?xml version="1.0" encoding="UTF-8"?>
<scenario name="play a message">
  <send retrans="500"><![CDATA[
INVITE sip:farmer@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:stitcher@[local_ip]:[local_port]>;tag=[call_number]
To: <sip:farmer@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:stitcher@[local_ip]:[local_port]>
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: [len]

v=0
o=- 1 1 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [rtpstream_audio_port] RTP/AVP {number}
a=rtpmap:{number} {codec}/8000
]]></send>
  <recv response="200"/>
  <send><![CDATA[
ACK sip:farmer@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:stitcher@[local_ip]:[local_port]>;tag=[call_number]
To: <sip:farmer@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0
]]></send>
  <nop><action><exec rtp_stream="{file},1,{number},{codec}/8000"/></action></nop>
  <recv request="BYE"/>
  <send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0
]]></send>
</scenario>
"""


def udp() -> socket.socket:
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.bind(("127.0.0.1", 0))
    opened.settimeout(30)
    return opened


def picked_up(folder: Path, message: bytes, number: int, codec: str) -> list[bytes]:
    """The RTP packets of a call that plays the message, in the order of their numbers; then the callee hangs up."""
    (folder / "message").write_bytes(message)
    (folder / "call.xml").write_text(CALL.format(number=number, codec=codec, file=folder / "message"))
    with udp() as line, udp() as ear:
        here, heard = line.getsockname()[1], ear.getsockname()[1]
        command = [str(SIPP), "-sf", "call.xml", "-m", "1", "-i", "127.0.0.1", "-nostdin", f"127.0.0.1:{here}"]
        with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as caller:
            try:
                invite, address = line.recvfrom(65_536)
                asked = invite.decode()
                assert asked.startswith("INVITE ")
                assert f"m=audio {asked.partition('m=audio ')[2].split()[0]} RTP/AVP {number}" in asked
                told = {name: re.search(rf"(?m)^{name}: (.*?)\r?$", asked) for name in ("Via", "From", "To", "Call-ID")}
                via, by, to, call = (found[1] for found in told.values() if found)
                sdp = [
                    *("v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0"),
                    *(f"m=audio {heard} RTP/AVP {number}", f"a=rtpmap:{number} {codec}/8000", ""),
                ]
                body = "\r\n".join(sdp)
                answer = [
                    *("SIP/2.0 200 OK", f"Via: {via}", f"From: {by}", f"To: {to};tag=farmer", f"Call-ID: {call}"),
                    *("CSeq: 1 INVITE", f"Contact: <sip:farmer@127.0.0.1:{here}>", "Content-Type: application/sdp"),
                    *(f"Content-Length: {len(body)}", "", body),
                ]
                line.sendto("\r\n".join(answer).encode(), address)
                while not line.recv(65_536).startswith(b"ACK "):
                    pass
                packets = [ear.recv(2048) for _ in range(-(-len(message) // STEP))]
                bye = [
                    *(f"BYE sip:stitcher@127.0.0.1:{address[1]} SIP/2.0", f"To: {by}", f"From: {to};tag=farmer"),
                    *(f"Via: SIP/2.0/UDP 127.0.0.1:{here};branch=z9hG4bKend", f"Call-ID: {call}", "CSeq: 1 BYE"),
                    *("Max-Forwards: 70", "Content-Length: 0", "", ""),
                ]
                line.sendto("\r\n".join(bye).encode(), address)
                while not (said := line.recv(65_536)).startswith(b"SIP/2.0 200"):
                    pass
                assert b"BYE" in said
                assert caller.wait(30) == 0
            finally:
                caller.kill()
    return sorted(packets, key=lambda packet: packet[2:4])


@pytest.mark.parametrize("format", LAWS)
def test_a_call_carries_the_message(tmp_path: Path, format: str) -> None:
    """What arrives is the file, code by code, and sounds as the same message in PCM, but for what G.711 rounds."""
    voice = Voice.open(SAMPLES)
    message = voice.say("hello", format=format).audio
    number, codec, law = LAWS[format]
    packets = picked_up(tmp_path, message, number, codec)
    assert {(packet[0] >> 6, packet[1] & 0x7F, len(packet)) for packet in packets} == {(2, number, 12 + STEP)}
    starts = [int.from_bytes(packet[4:8], "big") for packet in packets]
    assert [start - starts[0] for start in starts] == list(range(0, STEP * len(packets), STEP))
    arrived = b"".join(packet[12:] for packet in packets)[: len(message)]
    assert arrived == message
    (tmp_path / "arrived").write_bytes(arrived)
    heard, _ = soundfile.read(tmp_path / "arrived", format="RAW", subtype=law, samplerate=8000, channels=1)
    plain = np.frombuffer(voice.say("hello", format="sln").audio, "<i2") / 32768
    assert 10 * np.log10(np.sum(plain**2) / np.sum((heard - plain) ** 2)) > 30
