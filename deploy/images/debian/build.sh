#!/usr/bin/env bash
# The base of every image built here: agentpod/debian:bookworm.
#
#   deploy/images/debian/build.sh [--force]
#
# Taken from a container registry where one answers, made with debootstrap where none does.
#   AGENTPOD_DEBIAN_MIRROR    package mirror (default http://deb.debian.org/debian)
#   AGENTPOD_IMAGE_SOURCE     "auto" (default), "registry" or "packages"
#   AGENTPOD_CACHE_DIR        kept between runs (default /var/cache/agentpod; ~/.cache/agentpod when not root)
set -euo pipefail
# shellcheck source=deploy/images/lib.sh
. "$(dirname "$0")/../lib.sh"

tag=agentpod/debian:bookworm
mirror=${AGENTPOD_DEBIAN_MIRROR:-http://deb.debian.org/debian}
source=${AGENTPOD_IMAGE_SOURCE:-auto}

need_docker
skip_when_present "$tag" "${1:-}"

if [ "$source" != packages ]; then
  step "debian:bookworm-slim from the registry (given up after 2 minutes)"
  if quietly timeout 120 docker pull debian:bookworm-slim; then
    docker tag debian:bookworm-slim "$tag"
    exit 0
  fi
  [ "$source" = auto ] || fail "the registry did not answer" "Set AGENTPOD_IMAGE_SOURCE=packages to build from Debian packages."
  say "    no registry answers: building from Debian packages"
fi

[ "$(id -u)" = 0 ] || fail "debootstrap needs root" "Run this again with sudo."
command -v debootstrap >/dev/null || install_packages debootstrap

debs=$cache/debs
mkdir -p "$debs"

step "Debian bookworm from $mirror (about a minute)"
quietly debootstrap --variant=minbase --cache-dir="$debs" bookworm "$work/root" "$mirror" ||
  fail "debootstrap could not fetch Debian from $mirror" "Set AGENTPOD_DEBIAN_MIRROR to a mirror that this machine reaches."
rm -rf "$work"/root/var/cache/apt/archives/*.deb "$work"/root/var/lib/apt/lists/* "$work"/root/usr/share/{doc,man,locale}/*

step "import as $tag"
tar -C "$work/root" -c . | quietly docker import - "$tag" || fail "the engine refused the image" "Is there disk space left?"
