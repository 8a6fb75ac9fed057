#!/usr/bin/env bash
# An OpenClaw image out of npm packages, for machines where ghcr.io does not answer.
#
#   deploy/images/openclaw/build.sh <version> [--force]      e.g. build.sh 2026.9.6
#
# Makes agentpod/openclaw:<version>. Safe to repeat: does nothing when the image is there.
#   AGENTPOD_CACHE_DIR          kept between runs (default /var/cache/agentpod; ~/.cache/agentpod when not root)
#   AGENTPOD_OPENCLAW_NODE      Node.js inside the image (default 24.21.0)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=deploy/images/lib.sh
. "$here/../lib.sh"

version=${1:-}
[[ $version =~ ^[0-9]{4}\.[0-9]{1,2}\.[0-9]{1,3}(-[0-9a-z.]+)?$ ]] ||
  fail "no version given" "Say which one: $0 2026.9.6"
node_version=${AGENTPOD_OPENCLAW_NODE:-24.21.0}
tag=agentpod/openclaw:$version

need_docker
skip_when_present "$tag" "${2:-}"
need_npm
"$here/../debian/build.sh"

context=$work/image
cold=agentpod/openclaw-cold:$version
clean_up() { docker rmi "$cold" >/dev/null 2>&1 || true; }
mkdir -p "$context/app"
node_binary "$node_version" "$context/node"

step "openclaw $version from npm (1 to 3 minutes)"
# Scripts of packages are not run: what they compile or download, a server without a screen does not need.
printf '{ "private": true }\n' >"$context/app/package.json"
PATH=$context:$PATH quietly npm install --prefix "$context/app" --omit=dev --omit=peer --ignore-scripts --no-audit --no-fund \
  --cache "$cache/npm" "openclaw@$version" ||
  fail "npm could not install openclaw@$version" "Does this version exist? npm view openclaw versions"
# The one script that matters is OpenClaw's own: it sorts out which of its bundled plugins fit this platform.
own_script=$context/app/node_modules/openclaw/scripts/postinstall-bundled-plugins.mjs
if [ -f "$own_script" ]; then
  quietly "$context/node" "$own_script" || fail "OpenClaw's own install script failed" "Try another version."
fi

step "image $tag (about a minute)"
quietly docker build --network host --tag "$cold" --file "$here/Dockerfile" "$context" ||
  fail "the engine could not build the image" "If apt failed inside: can containers reach the Debian mirror?"

step "first boot, to warm its caches (about a minute)"
"$here/warm.sh" "$cold" "$tag"
step "$tag is ready"
