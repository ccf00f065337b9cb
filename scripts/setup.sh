#!/bin/sh
# Brings what this machine lacks, and says what it does. Quick when nothing is lacking.
#   sh scripts/setup.sh          to build images (npm packages, runc, base images for the examples)
#   sh scripts/setup.sh test     also what the tests compare with (registry, skopeo, umoci, docker, …)
# System packages come by apt-get. Where it may not install, it prints the exact command and fails.
set -eu
cd -- "$(dirname -- "$0")/.."

say() { echo "setup: $*" >&2; }
has() { PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin" command -v "$1" >/dev/null 2>&1; }
need() { has "$1" || packages="$packages $2"; } # need PROGRAM PACKAGE

packages=
need runc runc
need busybox busybox-static
need unshare util-linux
need git git
need tar tar
need xz xz-utils
need bzip2 bzip2
# The base images of the examples are made of packages too, which apt-get must have heard of.
[ -e .bases ] || ! has apt-get || apt-cache show libc6 >/dev/null 2>&1 || packages="$packages libc6"
[ -e /etc/ssl/certs/ca-certificates.crt ] || packages="$packages ca-certificates"
if [ "${1:-}" = test ]; then
  need docker-registry docker-registry
  need skopeo skopeo
  need faketime faketime
  need openssl openssl
  need umoci umoci
  need dockerd docker.io
  need podman podman
  python3 -c "import tarfile" 2>/dev/null || packages="$packages python3"
  need zstd zstd
  need gzip gzip
  need ip iproute2
  need iptables iptables
  need ssh-agent openssh-client
  need setfattr attr
  need qemu-aarch64-static qemu-user-static
  need chromium chromium
  need zsh zsh
  need fish fish
  [ -e /usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf ] || packages="$packages fonts-dejavu-core"
fi

install_packages() {
  if ! has apt-get; then
    say "this machine lacks$packages (Debian's names). Install them with its package manager and run this again."
    return 1
  fi
  as_root=
  if [ "$(id -u)" != 0 ]; then
    if ! has sudo || ! sudo -n true 2>/dev/null; then
      say "this machine lacks$packages. Install them and run this again:"
      echo "  sudo apt-get update && sudo apt-get install -y --no-install-recommends$packages" >&2
      return 1
    fi
    as_root='sudo DEBIAN_FRONTEND=noninteractive'
  fi
  export DEBIAN_FRONTEND=noninteractive
  say "apt-get install$packages"
  # Services that packages bring are not started here: the tests start their own.
  policy=
  if [ ! -e /usr/sbin/policy-rc.d ] && [ "$(id -u)" = 0 ]; then
    policy=/usr/sbin/policy-rc.d
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
  fi
  log=$(mktemp)
  status=0
  # A list that can't be had matters only if a package can't be had then.
  $as_root apt-get update -qq >"$log" 2>&1 || echo 'apt-get update failed' >>"$log"
  # shellcheck disable=SC2086 # packages are words
  $as_root apt-get install -y -qq --no-install-recommends $packages >>"$log" 2>&1 || status=$?
  [ "$status" = 0 ] || cat "$log" >&2
  rm -f "$log" ${policy:+"$policy"}
  return "$status"
}

# npm, apt-get and what it fetches aside at the same time: all mostly wait for the network.
npm=
if [ ! -x node_modules/node/bin/node ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  has npm || { say 'this needs Node 20 or later and npm'; exit 1; }
  say 'npm ci'
  npm ci --no-progress &
  npm=$!
fi
foreign=
if [ "${1:-}" = test ] && has apt-get; then
  sh scripts/foreign-busybox.sh &
  foreign=$!
fi
installed=0
[ -z "$packages" ] || install_packages || installed=$?
[ -z "$npm" ] || wait "$npm"
[ -z "$foreign" ] || wait "$foreign"
[ "$installed" = 0 ] || exit "$installed"
exec node_modules/node/bin/node scripts/bases.ts
