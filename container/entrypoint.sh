#!/bin/sh
# Ends up as the person who owns the music: as `--user` or compose's `user:` says, or, when the container was
# started as root, as PUID and PGID say. Changes no owner of anything in /data or /music.
set -eu

me=$(id -u)
wanted=${PUID:-1000}:${PGID:-1000}
case $wanted in
*[!0-9:]*) echo "inlay: PUID and PGID are numbers, as \`id\` prints them; these are $wanted." >&2; exit 64 ;;
esac

if [ "$me" = 0 ] && [ "${wanted%%:*}" != 0 ]; then
    # A volume that was never used belongs to the image's own user; nothing is in it that could be taken.
    if [ -z "$(ls -A /data)" ]; then chown "$wanted" /data 2> /dev/null || true; fi
    exec setpriv --reuid "${wanted%%:*}" --regid "${wanted##*:}" --clear-groups --bounding-set -all \
        --no-new-privs tini -- "$@"
fi
if [ -n "${PUID:-}" ] && [ "$me" != "$PUID" ]; then
    echo "inlay: PUID is $PUID, but this container runs as $me. Start it with --user $wanted" >&2
    echo "       (compose: user: \"$wanted\"), or as root (--user 0) so that it can change." >&2
    exit 64
fi
exec tini -- "$@"
