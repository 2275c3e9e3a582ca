#!/bin/sh
# Builds the ffmpeg that Inlay needs into $1 from Debian's source: audio only, no network, and no library but
# the C library's. (Wholly static, it crashes in trixie's getrandom.)
# The lists are those of app/audio (tests/container/test_image.py compares them).
set -eu

demuxers="mp3 mov matroska ogg flac wav aiff aac ac3 eac3 mpegts flv asf wv ape"
decoders="mp3float mp3 mp2float mp2 mp1float mp1 aac aac_latm alac opus vorbis flac speex
    ac3 eac3 wmav1 wmav2 wmapro wmalossless wavpack ape truehd
    pcm_u8 pcm_s16le pcm_s24le pcm_s32le pcm_f32le pcm_f64le
    pcm_s8 pcm_s16be pcm_s24be pcm_s32be pcm_f32be pcm_mulaw pcm_alaw
    adpcm_ms adpcm_ima_wav adpcm_swf nellymoser"
# What is kept without loss is written again only to be trimmed, in the codec that it came in.
encoders="libmp3lame aac libopus libvorbis flac alac
    pcm_u8 pcm_s8 pcm_s16le pcm_s24le pcm_s32le pcm_f32le pcm_f64le
    pcm_s16be pcm_s24be pcm_s32be pcm_f32be pcm_mulaw pcm_alaw"
muxers="mp3 ipod mov opus ogg flac wav adts aiff ac3 eac3 mpegts matroska matroska_audio asf wv null pcm_s16le"
parsers="aac aac_latm ac3 flac mlp mpegaudio opus vorbis"
filters="aformat anull aresample asetpts asplit astats atrim concat ebur128 firequalizer"

each() {
    kind=$1
    shift
    for name; do printf -- '--enable-%s=%s ' "$kind" "$name"; done
}

# Without these the linker takes the static ones.
rm /usr/lib/*/libmp3lame.so /usr/lib/*/libogg.so /usr/lib/*/libopus.so /usr/lib/*/libvorbis.so \
    /usr/lib/*/libvorbisenc.so
apt-get source --quiet ffmpeg > /dev/null
cd ffmpeg-*/
version=$(dpkg-parsechangelog --show-field Version)
flags="$(each demuxer $demuxers) $(each decoder $decoders) $(each encoder $encoders)"
flags="$flags $(each muxer $muxers) $(each filter $filters) $(each protocol file pipe)"
flags="$flags $(each parser $parsers) $(each bsf aac_adtstoasc)"
# What a failing configure has to say is in its log only.
# shellcheck disable=SC2086
./configure --disable-everything --disable-autodetect --disable-network --disable-doc --disable-debug \
    --disable-ffplay --disable-ffprobe --disable-avdevice --disable-swscale --disable-postproc \
    --enable-libmp3lame --enable-libopus --enable-libvorbis --pkg-config-flags=--static \
    --extra-cflags=-w --extra-version="$version" $flags \
    || { tail -n 20 ffbuild/config.log; exit 1; }
make -j"$(nproc)" ffmpeg > /dev/null
install -D -s ffmpeg "$1"
"$1" -hide_banner -version
if ldd "$1" | grep -vE 'linux-vdso|libc\.so|libm\.so|ld-linux'; then
    echo "These libraries are not in the image." >&2
    exit 1
fi
