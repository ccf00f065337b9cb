#!/bin/sh
# Installs what this machine lacks, with the system's package manager, and says what it does.
#   scripts/setup.sh          to build images (runc, overlay tools) and run the examples
#   scripts/setup.sh test     also what the tests compare against (registry, skopeo, umoci, docker, …)
# When it may not install, it prints the exact command and fails.
set -eu

need() { # need PROGRAM PACKAGE: remembers the package if the program is missing
  PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin" command -v "$1" >/dev/null 2>&1 || packages="$packages $2"
}

packages=
need runc runc
need busybox busybox-static
need unshare util-linux
need git git
need xz xz-utils
need bzip2 bzip2
need tar tar
[ -e /etc/ssl/certs/ca-certificates.crt ] || packages="$packages ca-certificates"
if [ "${1:-}" = test ]; then
  need docker-registry docker-registry
  need skopeo skopeo
  need umoci umoci
  need dockerd docker.io
  need python3 python3-minimal
  need zstd zstd
  need gzip gzip
  need ip iproute2
  need iptables iptables
  need ssh-agent openssh-client
  need setfattr attr
fi
[ -z "$packages" ] && exit 0

if ! command -v apt-get >/dev/null 2>&1; then
  echo "This machine lacks:$packages" >&2
  echo "Install them with its package manager (the names are Debian's) and run this again." >&2
  exit 1
fi
as_root=
if [ "$(id -u)" != 0 ]; then
  if command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as_root=sudo
  else
    echo "This machine lacks:$packages. Install them with:" >&2
    echo "  sudo apt-get update && sudo apt-get install -y --no-install-recommends$packages" >&2
    exit 1
  fi
fi
echo "setup: installing$packages" >&2
export DEBIAN_FRONTEND=noninteractive
# Services that packages bring are not started here: the tests start their own.
policy=
if [ ! -e /usr/sbin/policy-rc.d ] && [ -z "$as_root" ]; then
  printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
  chmod +x /usr/sbin/policy-rc.d
  policy=made
fi
trap '[ -z "$policy" ] || rm -f /usr/sbin/policy-rc.d' EXIT
$as_root apt-get update -qq
# shellcheck disable=SC2086 # the packages are words
$as_root apt-get install -y -qq --no-install-recommends $packages >/dev/null
