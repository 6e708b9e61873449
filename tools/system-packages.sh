#!/bin/sh
# Install the Debian or Ubuntu packages that the app (and, with "test", the tests) need.
# As root it installs what is missing; otherwise it prints the exact line to run.
set -eu
purpose=${1:-app}

command -v dpkg-query >/dev/null 2>&1 || exit 0 # another system: `tracker3d check` says what is missing

. /etc/os-release
glib=libglib2.0-0
case "${ID:-}:${VERSION_ID:-0}" in
    debian:1[3-9]* | ubuntu:2[4-9]* | ubuntu:3*) glib=libglib2.0-0t64 ;;
esac

wanted="python3-venv $glib libegl1 libgl1 libgl1-mesa-dri libfontconfig1 libdbus-1-3 libxcb-cursor0
libxcb-icccm4 libxcb-keysyms1 libxcb-shape0 libxkbcommon-x11-0 libxcursor1"
optional=
if [ "$purpose" = test ]; then
    wanted="$wanted xvfb xauth git"
    # chromium opens exported files in a browser, mosquitto is a real MQTT broker; without them tests are skipped
    optional="chromium mosquitto"
fi

missing_of() {
    for package in "$@"; do
        status=$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null || true)
        [ "$status" = "install ok installed" ] || printf ' %s' "$package"
    done
}

# shellcheck disable=SC2086
missing=$(missing_of $wanted)
# shellcheck disable=SC2086
extra=$(missing_of $optional)
[ -z "$missing$extra" ] && exit 0

if [ "$(id -u)" -eq 0 ]; then
    echo "Installing:$missing$extra"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -q
    # shellcheck disable=SC2086
    [ -z "$missing" ] || apt-get install -q -y --no-install-recommends $missing
    # One by one: Ubuntu has no chromium package; the tests say what they skip
    for package in $extra; do
        apt-get install -q -y --no-install-recommends "$package" || true
    done
    exit 0
fi
[ -n "$extra" ] && echo "Some tests are skipped without: sudo apt-get install$extra" >&2
if [ -n "$missing" ]; then
    echo "These system packages are missing; run this once, then try again:" >&2
    echo "    sudo apt-get install$missing" >&2
    exit 1
fi
