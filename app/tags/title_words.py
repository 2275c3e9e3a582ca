"""Words that titles use in a dozen languages: what kind of upload this is, which recording, who publishes."""

from collections.abc import Iterable

from app.tags.text import words


def _words(listed: str) -> frozenset[str]:
    """Folded as titles are when they are compared."""
    return frozenset(words(listed))


def _phrases(listed: Iterable[str]) -> frozenset[str]:
    return frozenset(" ".join(words(phrase)) for phrase in listed)


# --- What kind of upload it is: never part of a title ------------------------------------------------

# "Official" in titles; alone enough to throw a bracket away: "(Official)", "[OFFICIAL SHORT FILM VIDEO]".
OFFICIAL = _words(
    "official officiel officielle oficial oficiel oficiala offiziell offizielle offizielles offizieller "
    "ufficiale officieel officiele oficjalny oficjalne oficjalna oficialni resmi hivatalos virallinen "
    "официальный официальное официальная офіційне офіційний официален 공식 公式 官方"
)

# The thing that was uploaded; throws a bracket away as its first or last word: "(Street Video)", "(MV ver)".
KIND = _words(
    "video videos videoclip videoclipe vid clip clipe klip klipp clipvideo musicvideo lyricvideo "
    "videolyric videolirik audio mv pv amv omv visual visuals visualizer visualiser visualizador "
    "lyric lyrics lirik letra letras paroles testo tekst songtext "
    "teaser trailer hd hq uhd 4k 8k 1080p 720p 480p 2160p 60fps stream release premiere exclusive премьера "
    "видео аудио клип клипа текст відео кліп аудіо видеоклип spot muzikvideo musikvideo "
    "뮤비 뮤직비디오 가사 歌詞 歌词 動態歌詞 動態歌詞版 explicit uncensored"
)

# Unmistakable wherever it stands in a bracket: "[Color Coded_Han_Rom_Eng]", "(with lyrics on screen)".
UNMISTAKABLE = OFFICIAL | _words(
    "lyric lyrics letra letras paroles lyricvideo videoclip videoclipe musicvideo visualizer visualiser "
    "coded subtitles subtitled subs legendado subtitulado subtitulada tradução traducao sottotitoli "
    "подписи премьера 1080p 720p 2160p 60fps 가사 歌詞 歌词 explicit"
)

# Any word of an upload.
UPLOAD = OFFICIAL | KIND | {"360"}

# Japanese and Chinese have no spaces, so these are looked for inside words: 【オリジナルMV】.
INSIDE_WORDS = ("オリジナル", "東方", "公式", "官方", "歌詞", "歌词", "完整版", "高音質", "高清")

# Whole brackets and whole `- tails` that only say what was uploaded.
WHOLE = _phrases(
    {
        *("full album", "album", "full ep", "ep", "full version", "full song", "full performance"),
        *("full set", "good quality", "high quality", "best quality", "dance performance", "special clip"),
        *("full track", "full audio", "full video", "album track", "full length", "static", "new"),
        *("new song", "new single", "new music", "single", "dance practice", "out now", "free download"),
        *("color coded", "con letra", "avec paroles", "mit text", "sub espanol", "sub español"),
        *("eng sub", "legendado", "vevo", "audio only", "360", "upscaled", "remastered video"),
        *("not the video", "with lyrics", "video song", "full video song", "lyrical", "album complet"),
        *("album completo", "полный альбом", "весь альбом", "disco completo", "music audio"),
    }
)

# A whole album in one upload.
FULL_ALBUM = _phrases(
    {
        *("full album", "full ep", "official album", "full official album", "full album official"),
        *("album complet", "album completo", "disco completo", "полный альбом", "весь альбом"),
    }
)

# Who else is on the track. Such a bracket is never noise, whatever words the guests' names have.
FEATURE = frozenset({"feat", "ft", "featuring"})

# Who made the film or the beat: "(prod. by X)", "[Dir. Y]", "(Shot by Z)".
CREDITS = _words(
    "prod produced produziert prodby directed director dir dirigido réalisé shot filmed codirected "
    "choreography choreographed mixed videography realizado regie regia"
)

# --- Tails without brackets: "Song Official Video HD" -------------------------------------------------

_THING = (
    *("video", "music video", "musik video", "video clip", "videoclip", "video clipe", "clip", "clip video"),
    *("lyric video", "lyrics video", "lyrical video", "lyrics", "lyric", "audio", "audio video", "mv", "pv"),
    *("visualizer", "visualiser", "visual", "hd video", "4k video", "hd music video", "live video"),
    *("song", "video song", "performance video", "trailer", "teaser", "letra", "klip", "clipe", "soundtrack"),
    *("видео", "аудио", "клип", "відео", "кліп"),
)
_PLAIN_TAILS = _phrases(
    {
        *(thing for thing in _THING if " " in thing and thing not in {"live video", "clip video"}),
        *("mv", "pv", "hd", "hq", "4k", "uhd", "1080p", "720p", "lyrics", "letra", "paroles", "clip"),
        *("videoclip", "visualizer", "visualiser", "video hd", "audio hd", "video hq", "audio hq"),
        *("4k upscaled", "hd upscaled", "full album", "full song", "full video", "full video song", "lirik"),
        *("full audio", "full ep", "with lyrics", "and lyrics", "con letra", "y letra", "e letra", "lyrical"),
        *("sub espanol", "subtitulada", "subtitulado", "legendado", "tradução", "traducao", "sottotitoli"),
        *(
            "dance performance",
            "dance practice",
            "dance practice 1",
            "dance practice 2",
            "dance practice 3",
            "клип",
            "кліп",
        ),
        *("remastered 4k", "remastered in 4k", "remastered in hd", "4k remaster", "4k remastered"),
        *(
            "testo",
            "tekst",
            "songtext",
            "sözleri",
            "текст",
            "뮤직비디오",
            "가사",
            "歌詞",
            "歌词",
            "official",
            "officiel",
            "oficial",
            "ufficiale",
        ),
        *("премьера клипа", "премьера", "премьера трека", "vevo", "audio only", "color coded"),
    }
)
_THINGS = _phrases(_THING)
_QUALITIES = ("hd", "hq", "4k")
# A thing with a word for "official" before it and a quality behind it: "official music video hd".
LONGEST_TAIL = max(tail.count(" ") + 2 for tail in (*_PLAIN_TAILS, *(f"official {one}" for one in _THINGS)))


def is_tail(said: list[str]) -> bool:
    """Whether these words at the end of a title only say what was uploaded: `official video`, `lyrics hd`.

    One of the words for "official" before or after one of the things; asked instead of a list of all pairs,
    of which there are thousands.
    """
    without = said[:-1] if said[-1:] and said[-1] in _QUALITIES else said
    return _is_plain_tail(said) or _is_plain_tail(without)


def is_official_tail(said: list[str]) -> bool:
    """A part that starts so is noise to its end: "A - T - Video Oficial do DVD"."""
    return len(said) > 1 and not OFFICIAL.isdisjoint(said) and is_tail(said)


def _is_plain_tail(said: list[str]) -> bool:
    if not said:
        return False
    return (
        " ".join(said) in _PLAIN_TAILS
        or (said[0] in OFFICIAL and " ".join(said[1:]) in _THINGS)
        or (said[-1] in OFFICIAL and " ".join(said[:-1]) in _THINGS)
    )


FILE_ENDINGS = _words(
    "mp3 m4a mp4 m4v flac ogg oga opus wav aac wma aiff avi wmv mov mpg mpeg flv mkv webm 3gp"
)

# --- Which recording it is: never stripped --------------------------------------------------------------

RECORDING = _words(
    "remix rmx mix remixed live acoustic akustik acustico acustica acoustique unplugged instrumental edit "
    "demo cover covers covered sped slowed reverb nightcore speed hardstyle karaoke acapella cappella "
    "session sessions stripped reprise extended dub bootleg mashup vip rework flip refix cut take "
    "vivo directo concert concierto concerto konzert lounge unreleased orchestral symphonic "
    "piano guitar 8d lofi phonk cypher medley ремикс живой живьем акустика кавер ライブ "
    "カバー 歌ってみた リミックス 라이브 커버 現場 현장"
)
COVERS = _words("cover covers covered кавер カバー 歌ってみた 커버")
UPSCALED = frozenset({"hd", "4k", "uhd", "8k", "1080p"})
REMASTER = _words("remaster remastered remasterizado remasterizada remasterisé")
# These name a recording only with another word: "(Japanese Ver.)"; not "(MV ver.)".
VERSION = frozenset({"version", "ver"})
LANGUAGE = _words(
    "english japanese korean chinese mandarin spanish french german italian portuguese russian thai "
    "español espanol français deutsche italiana eng jp kor"
)

PARTS = frozenset("part pt vol volume chapter act ep no i ii iii iv v".split())

# A side with such a bracket is a title, and so the other side is the artist: `T (from the film) - A`.
OF_A_WORK = frozenset({"from", "remix", "edit", "acoustic", "instrumental", "soundtrack"})

# What stands before "cover" without naming whose song it is: "(Acoustic Cover)", "(Metal Cover)".
COVER_STYLES = _words(
    "cover a an my our live studio acoustic piano guitar ukulele violin cello bass drum drums vocal vocals "
    "metal rock punk jazz country pop orchestral instrumental female male duet band full harp sax "
    "saxophone flute fingerstyle cappella acapella lofi swing ska bossa nova kid kids one man"
)

# --- Channels -----------------------------------------------------------------------------------------------

# A channel with one of these words publishes other people's music.
PUBLISHER = _words(
    "record records recordings entertainment label labels lyrics lyric letras letra paroles lirik radio fm "
    "vibes vibez nation series film films movie movies studio studios productions production media casual "
    "network library archive archives vault compilation compilations hits classics playlist playlists promo "
    "promotion karaoke television festival magazine news fans fanpage bollywood musikverlag distribution "
    "vault remixes uploads sessions greatest tracks premieres songs sets audios mixes loops"
)
# Stands where an artist should: "Various Artists", "Release - Topic".
NOBODY_IN_PARTICULAR = frozenset({"variousartists", "various", "va", "release", "unknownartist", "unknown"})

# Single names of publishers that no word gives away.
PUBLISHER_KEYS = _words(
    "tseries yrf npr nprmusic boilerroom ncs nocopyrightsounds kondzilla cercle smtown hybelabels 1thek "
    "1thek원더케이 ultramusic spinninrecords monstercat proximity trapnation majesticcasual 4ad kexp "
    "bbcradio1 audiotree speedrecords zeemusiccompany sonymusicindia tipsofficial sarega saregamamusic "
    "mixmag tomorrowland ukf ukfdrumbass colors cokestudio linkuptv "
    "deutschegrammophon deutschegrammophondg decca stonemusicentertainment blackstar gaana"
)
# Labels that write `Song - Film | Actors | Singer`.
FILM_LABELS = _words(
    "tseries tseriesbhaktisagar sonymusicindia sonymusicsouth yrf yrfmusic zeemusiccompany tipsofficial "
    "saregamamusic saregamahindi saregamasouth laharimusictseries laharimusic adityamusic erosnowmusic "
    "thinkmusicindia venus shemaroofilmigaane muzik247 wunderbarstudios"
)
# Words at the end of an artist's own channel: "X Official", "XOfficialVEVO", "X TV".
CHANNEL_TAILS = (
    *("vevo", "official youtube channel", "official youtube", "official artist channel", "official channel"),
    *("official", "oficial", "officiel", "ufficiale", "channel", "music", "musik", "musique", "tv"),
    *("hq", "公式チャンネル", "公式", "канал", "official music", "offiziell", "resmi"),
)
# These are also glued to a name: "JaneRoeOfficialVEVO".
GLUED = frozenset({"vevo", "official", "oficial", "officiel"})

# Classical composers whose name before a colon is the artist: "Chopin: Nocturne No. 2".
COMPOSERS = _words(
    "bach mozart beethoven chopin liszt brahms schubert schumann mendelssohn haydn handel haendel händel "
    "vivaldi tchaikovsky tschaikowsky rachmaninoff rachmaninov dvorak mahler bruckner wagner verdi puccini "
    "debussy ravel satie faure berlioz bizet grieg sibelius prokofiev shostakovich stravinsky bartok "
    "mussorgsky rimskykorsakov saintsaens elgar holst purcell scarlatti telemann paganini rossini "
    "monteverdi pachelbel albinoni strauss janacek smetana gluck couperin rameau"
)
