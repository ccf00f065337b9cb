#!/bin/sh
# Puts the static busybox of another architecture than this machine's into .bases/foreign, for the tests that run one
# by an emulator. apt-get asks for it with lists of its own: the system learns of no other architecture.
set -eu
cd -- "$(dirname -- "$0")/.."
architecture=arm64
[ "$(dpkg --print-architecture)" != arm64 ] || architecture=amd64
made=.bases/foreign/busybox-$architecture
[ ! -e "$made" ] || exit 0
echo "setup: fetching busybox for $architecture" >&2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$scratch/lists/partial" "$scratch/cache/archives/partial" .bases/foreign
: >"$scratch/status"
apt() {
  apt-get -qq -o APT::Architecture=$architecture -o APT::Architectures=$architecture -o APT::Sandbox::User=root \
    -o Dir::State::Lists="$scratch/lists" -o Dir::State::status="$scratch/status" -o Dir::Cache="$scratch/cache" \
    -o Acquire::Languages=none "$@" >&2
}
apt update
(cd "$scratch" && apt download busybox-static)
dpkg-deb --extract "$scratch"/busybox-static_*.deb "$scratch/files"
for file in "$scratch/files/bin/busybox" "$scratch/files/usr/bin/busybox"; do
  [ ! -e "$file" ] || mv "$file" "$made"
done
[ -e "$made" ] || { echo "setup: busybox-static for $architecture has no busybox" >&2; exit 1; }
