"""Pairs of tracks: the same recording, another one, or the same song on another release.

Each line is `artist | title | album | length | isrc` twice. What a line leaves out is not known.
"""

SAME = """
Ida Holm | Harbour Lights | Estuary | 3:42          = Ida Holm | Harbour Lights | Estuary | 3:42
Ida Holm | Harbour Lights | Estuary | 3:42          = IDA HOLM | harbour lights | ESTUARY | 3:43
Ida Holm | Harbour Lights | Estuary | 3:42          = Ida Holm | Harbour Lights | | 3:44
Ida Holm | Harbour Lights | | 3:42                  = Ida Holm | Harbour Lights | | 3:40
Ida Holm | Harbour (feat. Jane Roe) | Estuary | 3:42 = Ida Holm feat. Jane Roe | Harbour | Estuary | 3:42
Ida Holm | Harbour ft. Jane Roe | Estuary | 3:42    = Ida Holm | Harbour [feat. Jane Roe] | Estuary | 3:42
The Tides | Harbour | Estuary | 3:42                = Tides | Harbour | Estuary | 3:42
The Tides | Harbour | Estuary | 3:42                = Tides, The | Harbour | Estuary | 3:42
Sigrún Þórs | Höfnin | Ljós | 4:10                  = Sigrun Thors | Hofnin | Ljos | 4:10
Łukasz Ø | Łódź | Wisła | 2:58                      = Lukasz O | Lodz | Wisla | 2:58
Кино-Ёлка | Ёлка | Зима | 3:01                      = Кино-Елка | Елка | Зима | 3:01
北の灯 | 港 | 海 | 5:00                              = 北の灯 | 港 | 海 | 5:02
Ida Holm | Don't Wait | Estuary | 3:42              = Ida Holm | Don’t Wait | Estuary | 3:42
Salt & Iron | Rust & Rain | Estuary | 3:42          = Salt and Iron | Rust and Rain | Estuary | 3:42
Ida Holm | Harbour (2011 Remaster) | Estuary | 3:42 = Ida Holm | Harbour | Estuary | 3:43
Ida Holm | Harbour - Remastered 2009 | Estuary | 3:42 = Ida Holm | Harbour | Estuary (Deluxe Edition) | 3:42
Ida Holm | Harbour (Official Video) | | 3:42        = Ida Holm | Harbour | Estuary | 3:42
Ida Holm | Harbour [Official Audio] [HD] | | 3:42   = Ida Holm | Harbour (Lyrics) | | 3:42
Ida Holm | Harbour (Explicit) | Estuary | 3:42      = Ida Holm | Harbour | Estuary (Explicit) | 3:42
Ida Holm | Harbour (Album Version) | Estuary | 3:42 = Ida Holm | Harbour (Original Version) | Estuary | 3:42
Ida Holm | Harbour (Bonus Track) | Estuary | 3:42   = Ida Holm | Harbour | Estuary (Expanded Edition) | 3:42
Ida Holm | Harbour | Harbour - Single | 3:42        = Ida Holm | Harbour | Harbour | 3:42
Ida Holm | Harbour | Harbour (EP) | 3:42            = Ida Holm | Harbour | Harbour | 3:42
Ida Holm | Harbour, Pt. II | Estuary | 3:42         = Ida Holm | Harbour (Part 2) | Estuary | 3:42
Ida Holm | Harbour (Rmx) | Estuary | 3:42           = Ida Holm | Harbour - Remix | Estuary | 3:42
Ida Holm | Harbour (Live / 2011 Remaster) | Estuary | 3:42 = Ida Holm | Harbour (Live) | Estuary | 3:42
Ida Holm | Harbour (Live Version) | Estuary | 3:42  = Ida Holm | Harbour - Live | Estuary | 3:42
Ida Holm | The Long Tide | Estuary | 60:00          = Ida Holm | The Long Tide | Estuary | 61:10
!!! | ÷ | ??? | 3:42                                = !!! | ÷ | ??? | 3:42
Ida Holm | Harbour | Estuary | 3:42 | GBAAA9900001  = I. Holm | Hafen | Mündung | 3:42 | GBAAA9900001
Ida Holm | Harbour | Estuary | 3:42 | GBAAA9900001  = Ida Holm | Harbour | Estuary | 4:42 | GBAAA9900001
"""

APART = """
Ida Holm | Harbour | Estuary | 3:42                 = Ida Holm | Harbour (Live) | Estuary | 3:42
Ida Holm | Harbour (Live 1999) | Estuary | 3:42     = Ida Holm | Harbour (Live 2004) | Estuary | 3:42
Ida Holm | Harbour | Estuary | 3:42                 = Ida Holm | Harbour - Live at the Pier | Estuary | 3:42
Ida Holm | Harbour | Estuary | 3:42                 = Ida Holm | Harbour (Acoustic) | Estuary | 3:42
Ida Holm | Harbour (Fog Remix) | Estuary | 3:42     = Ida Holm | Harbour (Rain Remix) | Estuary | 3:42
Ida Holm | Harbour | Estuary | 3:42                 = Ida Holm | Harbour - Remix | Estuary | 3:42
Ida Holm | Harbour | Estuary | 3:42                 = Ida Holm | Harbour (Radio Edit) | Estuary | 3:42
Ida Holm | Harbour | Estuary | 3:42                 = Ida Holm | Harbour (Instrumental) | Estuary | 3:42
Ida Holm | Harbour | Estuary | 3:42                 = Ida Holm | Harbour (Demo) | Estuary | 3:42
Ida Holm | Harbour | Estuary | 3:42                 = Ida Holm | Harbour (Mono) | Estuary | 3:42
Ida Holm | Harbour | Estuary | 3:42                 = Ida Holm | Harbour (Sped Up) | Estuary | 3:42
Ida Holm | Harbour | Estuary | 3:42                 = Ida Holm | Harbour (Reprise) | Estuary | 3:42
Ida Holm | Harbour | Estuary | 3:42                 = Ida Holm | Harbour (Ida's Version) | Estuary | 3:42
Ida Holm | Harbour (Taylor's Version) | | 3:42      = Ida Holm | Harbour | | 3:42
Ida Holm | Harbour, Pt. 1 | Estuary | 3:42          = Ida Holm | Harbour, Pt. 2 | Estuary | 3:42
Ida Holm | Suite No. 5 | Estuary | 3:42             = Ida Holm | Suite No. 6 | Estuary | 3:42
Ida Holm | 1989 | Years | 3:42                      = Ida Holm | 1999 | Years | 3:42
Ida Holm | (I Can't Find) Sleep | | 3:42            = Ida Holm | Sleep | | 3:42
Ida Holm | Harbour | Estuary | 3:42                 = Ida Holm | Harbour II | Estuary | 3:42
Ida Holm | Harbour | Estuary | 3:42                 = Jane Roe | Harbour | Estuary | 3:42
Earth, Wind & Foam | Tide | | 3:42                  = Earth | Tide | | 3:42
!!! | Tide | | 3:42                                 = ??? | Tide | | 3:42
Ida Holm | 上海 | | 3:42                             = Ida Holm | 東京 | | 3:42
 | Harbour | Estuary | 3:42                         = | Harbour | Estuary | 3:42
Ida Holm | | Estuary | 3:42                         = Ida Holm | | Estuary | 3:42
Ida Holm | Harbour | | 3:42 | GBAAA9900001          = Jane Roe | Sleep | | 3:42 | GBAAA9900002
"""

ALSO_ON = """
Ida Holm | Harbour | Estuary | 3:42                 = Ida Holm | Harbour | Best of the Coast | 3:42
Ida Holm | Harbour | Estuary | 3:42                 = Ida Holm | Harbour | Harbour - Single | 3:42
Ida Holm | Harbour | Estuary | 3:42                 = Ida Holm | Harbour | Estuary (Live) | 3:42
Ida Holm | Harbour | Tides (Blue Album) | 3:42      = Ida Holm | Harbour | Tides (Green Album) | 3:42
Ida Holm | Harbour (2011 Remaster) | Estuary | 3:42 = Ida Holm | Harbour | Collected | 3:41
Ida Holm | Harbour | Estuary, Vol. 1 | 3:42         = Ida Holm | Harbour | Estuary, Vol. 2 | 3:42
"""

SIMILAR = """
Ida Holm | Harbour | Estuary | 3:42                 = Ida Holm | Harbour | Estuary | 3:47
Ida Holm | Harbour | Estuary | 3:42                 = Ida Holm | Harbour | Estuary | 7:30
Ida Holm | Harbour | | 3:42                         = Ida Holm | Harbour | Estuary | 3:36
Ida Holm | The Long Tide | Estuary | 60:00          = Ida Holm | The Long Tide | Estuary | 61:20
Ida Holm | Harbour | Estuary                        = Ida Holm | Harbour | Estuary | 3:42
Ida Holm | Harbour | Estuary                        = Ida Holm | Harbour | Estuary
"""
