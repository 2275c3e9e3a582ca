"""Streaming manifests with one address in them that leads inside. `good` is a public segment."""

HLS = "application/vnd.apple.mpegurl"
DASH = "application/dash+xml"
XML = "text/xml"

Manifest = tuple[bytes, str]


def hls_media(*lines: str, end: bool = True) -> bytes:
    """A media playlist; each line that is no tag is a segment of three seconds."""
    body = ["#EXTM3U", "#EXT-X-VERSION:6", "#EXT-X-TARGETDURATION:3"]
    for line in lines:
        body += [line] if line.startswith("#") else ["#EXTINF:3,", line]
    return "\n".join([*body, *(["#EXT-X-ENDLIST"] if end else []), ""]).encode()


def _master(*lines: str) -> Manifest:
    return "\n".join(["#EXTM3U", *lines, ""]).encode(), HLS


def master(good: str, bad: str) -> Manifest:
    return _master('#EXT-X-STREAM-INF:BANDWIDTH=128000,CODECS="mp4a.40.2"', f"{bad}.m3u8")


def nested_master(good: str, bad: str) -> Manifest:
    """The same list once more, on the wrong machine."""
    inner = '#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI="' + bad + '"'
    return _master(inner, "#EXT-X-STREAM-INF:BANDWIDTH=2", f"{bad}/master.m3u8")


def segment(good: str, bad: str) -> Manifest:
    return hls_media(good, bad), HLS


def key(good: str, bad: str) -> Manifest:
    return hls_media(f'#EXT-X-KEY:METHOD=AES-128,URI="{bad}"', good), HLS


def sample_aes(good: str, bad: str) -> Manifest:
    """What yt-dlp cannot do itself and would give to ffmpeg."""
    return hls_media(f'#EXT-X-KEY:METHOD=SAMPLE-AES,URI="{bad}"', good, bad), HLS


def session_key(good: str, bad: str) -> Manifest:
    return _master(
        f'#EXT-X-SESSION-KEY:METHOD=AES-128,URI="{bad}"', "#EXT-X-STREAM-INF:BANDWIDTH=1", f"{bad}.m3u8"
    )


def init(good: str, bad: str) -> Manifest:
    return hls_media(f'#EXT-X-MAP:URI="{bad}"', good), HLS


def subtitles(good: str, bad: str) -> Manifest:
    group = f'#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="s",NAME="en",LANGUAGE="en",DEFAULT=YES,URI="{bad}"'
    return _master(group, '#EXT-X-STREAM-INF:BANDWIDTH=1,SUBTITLES="s"', "list.m3u8")


def audio_group(good: str, bad: str) -> Manifest:
    group = f'#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="en",DEFAULT=YES,URI="{bad}.m3u8"'
    return _master(group, '#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO="a",CODECS="mp4a.40.2"', "list.m3u8")


def live(good: str, bad: str) -> Manifest:
    return hls_media(bad, bad, end=False), HLS


def late_sequence(good: str, bad: str) -> Manifest:
    return hls_media("#EXT-X-MEDIA-SEQUENCE:7", bad), HLS


def plain_m3u(good: str, bad: str) -> Manifest:
    return f"#EXTM3U\n#EXTINF:9,Song\n{bad}.mp3\n".encode(), "audio/x-mpegurl"


def _dash(period: str, *, kind: str = "static", base: str = "") -> Manifest:
    start = f'<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="{kind}" mediaPresentationDuration="PT20S">'
    sound = (
        '<AdaptationSet mimeType="audio/mp4"><Representation id="1" bandwidth="128000" codecs="mp4a.40.2">'
    )
    return (
        f"{start}{base}<Period>{sound}{period}</Representation></AdaptationSet></Period></MPD>".encode(),
        DASH,
    )


def dash_base(good: str, bad: str) -> Manifest:
    return _dash(f"<BaseURL>{bad}</BaseURL>")


def dash_template(good: str, bad: str) -> Manifest:
    return _dash(f'<SegmentTemplate media="{bad}/$Number$" duration="10" timescale="1"/>')


def dash_init(good: str, bad: str) -> Manifest:
    return _dash(f'<SegmentTemplate initialization="{bad}" media="{good}?$Number$" duration="10"/>')


def dash_list(good: str, bad: str) -> Manifest:
    urls = "".join(f'<SegmentURL media="{url}"/>' for url in (bad, bad))
    return _dash(f'<SegmentList duration="10"><Initialization sourceURL="{good}"/>{urls}</SegmentList>')


def dash_live(good: str, bad: str) -> Manifest:
    """A live stream is what yt-dlp would give to ffmpeg."""
    return _dash(f'<SegmentTemplate media="{bad}/$Number$" duration="10"/>', kind="dynamic")


def dash_of_millions(good: str, bad: str) -> Manifest:
    """One line that says how often to repeat itself."""
    line = '<SegmentTimeline><S t="0" d="1" r="3000000"/></SegmentTimeline>'
    return _dash(f'<SegmentTemplate media="{good}?$Time$">{line}</SegmentTemplate>')


def ism(good: str, bad: str) -> Manifest:
    level = '<QualityLevel Bitrate="128000" FourCC="AACL" SamplingRate="44100" CodecPrivateData="1210"/>'
    start = f'<StreamIndex Type="audio" Name="a" Url="{bad}/{{start time}}">'
    stream = f'{start}{level}<c t="0" d="90"/></StreamIndex>'
    return f'<SmoothStreamingMedia Duration="90">{stream}</SmoothStreamingMedia>'.encode(), XML


def f4m(good: str, bad: str) -> Manifest:
    media = f'<bootstrapInfo url="{bad}"/><media url="{bad}/x" bitrate="128"/>'
    return f'<manifest xmlns="http://ns.adobe.com/f4m/1.0">{media}</manifest>'.encode(), XML


def smil(good: str, bad: str) -> Manifest:
    return (
        f'<smil xmlns="http://www.w3.org/ns/SMIL"><body><video src="{bad}.mp4"/></body></smil>'.encode(),
        XML,
    )


def xspf(good: str, bad: str) -> Manifest:
    track = f"<track><location>{bad}.mp3</location><image>{bad}.jpg</image></track>"
    lists = f'<playlist version="1" xmlns="http://xspf.org/ns/0/"><trackList>{track}</trackList></playlist>'
    return f'<?xml version="1.0"?>{lists}'.encode(), XML


def rss(good: str, bad: str) -> Manifest:
    item = f'<item><title>x</title><enclosure url="{bad}.mp3" type="audio/mpeg"/></item>'
    return f'<?xml version="1.0"?><rss version="2.0"><channel>{item}</channel></rss>'.encode(), XML


def entity(good: str, bad: str) -> Manifest:
    kinds = f'<!DOCTYPE rss [<!ENTITY x SYSTEM "{bad}"><!ENTITY y SYSTEM "file:///etc/passwd">]>'
    item = f"<item><title>&x;&y;</title><link>{good}</link></item>"
    return f'<?xml version="1.0"?>{kinds}<rss version="2.0"><channel>{item}</channel></rss>'.encode(), XML
